"""Time and peak memory of each command as the films grow in number, and what each further film costs.

    python benchmarks/growth.py 1000 5000 25000 [--folder FOLDER] [--distinct 1000] [--size 64] [--only NAME…]
        [--trained N]

For each number of films, each command runs in a process of its own, on a manifest of the first N films. Its seconds are
of the clock and of processors, with those of the processes that decode for it; its peak memory (resident) is that of
the largest of its processes. The next columns are of each film that was added since the number before, so that a
command whose time is linear has the same milliseconds there in each row, and one whose memory is flat has 0 KiB.

``--distinct`` phantoms are drawn, and every further film is a blend of two of one class with a random pattern of light
and dark spots, so that no two films are copies. They are made in FOLDER, a temporary one by default, and those that are
there are used again. A network four features wide trains one epoch on films of 32 pixels, which are read from disk; on
the first N with ``--trained``, so that classifying many needs no training on as many.

Commands: phantoms (at most ``--drawn`` of them), listing, headers, inspect (without near-duplicates), inspect-again,
prepare, prepare-again, train, evaluate, classify, duplicates.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

# No NumPy here: a process that this one starts counts this one's memory as its own first peak.

MAKE = """
import csv, os, random, sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
import numpy as np
from PIL import Image
from cxrtui.data.phantoms import generate

folder, count, distinct, size = Path(sys.argv[1]), *map(int, sys.argv[2:])
WAVES = np.cos(np.pi * np.arange(9)[:, None] * (np.arange(size) + 0.5) / size)

def blend(place, label, one, other):
    file = folder / "blended" / label / f"{place // 1000:04d}" / f"{place}.png"
    if file.exists():
        return
    draw = np.random.default_rng(place)
    images = [np.asarray(Image.open(path), np.float64) for path in (one, other)]
    spots = WAVES.T @ draw.normal(0.0, 5.0, (9, 9)) @ WAVES
    noise = draw.normal(0.0, 1.0, (size, size))
    mixed = np.clip(0.7 * images[0] + 0.3 * images[1] + spots + noise, 0, 255).astype(np.uint8)
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mixed).save(file, compress_level=1)

def some(places):
    for place in places:
        draw = random.Random(place)
        label = ("negative", "positive")[place // 2 % 2]
        blend(place, label, *draw.sample(OF[label], 2))

if not (folder / "manifest.csv").is_file():
    generate(folder, distinct, 0, size=size)
with open(folder / "manifest.csv") as file:
    drawn = list(csv.DictReader(file))
OF = {label: [folder / row["path"] for row in drawn if row["label"] == label] for label in ("positive", "negative")}
with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
    list(pool.map(some, [range(start, min(start + 500, count)) for start in range(0, count, 500)]))
with open(folder / f"first-{count}.csv", "w") as file:
    rows = csv.writer(file)
    rows.writerow(["path", "label", "patient", "source", "view", "sex", "age"])
    for place in range(count):
        label = ("negative", "positive")[place // 2 % 2]
        path = f"blended/{label}/{place // 1000:04d}/{place}.png"
        who = place // 2
        rows.writerow([path, label, f"P{who}", f"site {place % 7}", "PA", "FM"[who % 3 % 2], 20 + who % 60])
"""
LISTING = """
import sys
from cxrtui.data.sources.corrections import read_corrected
from cxrtui.settings.config import DataConfig
read_corrected(DataConfig(), sys.argv[1])
"""
PREPARE = """
import sys
from pathlib import Path
from cxrtui.data.prepared.prepare import prepare
from cxrtui.settings.config import resolve
for _ in prepare(resolve({"data.source": sys.argv[1], "data.size": 32, "data.duplicates": "identical"}),
                 splits_out=Path(sys.argv[2])):
    pass
"""
DUPLICATES = """
import sys
from cxrtui.data.duplicates.relations import related
from cxrtui.data.pool import no_progress
from cxrtui.data.prepared.copies import digests_of
from cxrtui.data.prepared.fingerprint import hashes_of
from cxrtui.data.sources.collect import read_sources
collection = read_sources(sys.argv[1])
digests = digests_of(collection.films, hashes_of(collection), no_progress)
print(len(related(collection.films, digests, no_progress, near=True)), "pairs", file=sys.stderr)
"""
CLASSIFY = """
import csv, sys
from pathlib import Path
from cxrtui.console.images import print_classified
from cxrtui.evaluation.classify import load
from cxrtui.runs.folder import Run
table = Path(sys.argv[1])
with open(table) as file:
    paths = (table.parent / row["path"] for row in csv.DictReader(file))
    print_classified(load(Run(Path(sys.argv[2]))).classify(paths), "json")
"""
SMALL = {
    "data.size": 32, "data.feed": "stream", "data.duplicates": "identical", "model.init": "random", "model.width": 4,
    "model.stages": "1,1,1,1", "model.hidden": 8, "optim.epochs": 1, "optim.batch_size": 64,
    "optim.learning_rate": 1e-3,
}  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What a command took: seconds of the clock and of processors, and MiB at its peak."""

    clock: float
    cpu: float
    peak: float


def cost(arguments: list[str], cache: Path) -> Cost:
    """Run Python with `arguments`; end where it fails."""
    root = str(Path(__file__).resolve().parents[1])
    environment = {**os.environ, "CXRTUI_CACHE_DIR": str(cache), "PYTHONPATH": root, "JAX_PLATFORMS": "cpu"}
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        process = subprocess.Popen([sys.executable, *arguments], stdout=out, stderr=out, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        clock = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            out.seek(0)
            sys.exit(f"{' '.join(arguments)[-200:]}\n{out.read().decode()[-3000:]}")
    return Cost(clock, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def commands(
    table: Path, place: Path, count: int, drawn: int, size: int, trained: Path | None = None
) -> dict[str, list[str]]:
    """Return the arguments of Python for each command, in an order in which later ones find what they need.

    The network is trained on the films of `trained`, or of `table` without it.
    """
    csv, run = str(table), str(place / "checkpoints" / "run")
    cli, settings = ["-m", "cxrtui"], [f"--set={key}={value}" for key, value in SMALL.items()]
    inspect = [*cli, "data", "inspect", csv, "--set", "data.duplicates=identical", "--json"]
    train = [*cli, "--workspace", str(place), "--headless", "train", "--data", str(trained or table), "--run", "run"]
    evaluate = [*cli, "--workspace", str(place), "evaluate", "run", "--data", csv, "--keep-seen", "--json"]
    return {
        "phantoms": [*cli, "data", "phantoms", str(place / "drawn"), f"--count={min(count, drawn)}", f"--size={size}"],
        "listing": ["-c", LISTING, csv],
        "headers": [*cli, "data", "inspect", csv, "--headers-only", "--json"],
        "inspect": inspect,
        "inspect-again": inspect,
        "prepare": ["-c", PREPARE, csv, str(place / "splits.csv")],
        "prepare-again": ["-c", PREPARE, csv, str(place / "splits.csv")],
        "train": [*train, *settings],
        "evaluate": evaluate,
        "classify": ["-c", CLASSIFY, csv, run],
        "duplicates": ["-c", DUPLICATES, csv],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", nargs="+", type=int)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--distinct", type=int, default=1000)
    parser.add_argument("--drawn", type=int, default=1000)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--trained", type=int)
    chosen = parser.parse_args()
    chosen.distinct = min(chosen.distinct, max(chosen.counts))
    with tempfile.TemporaryDirectory() as temporary:
        folder = (chosen.folder or Path(temporary) / "films").resolve()
        folder.mkdir(parents=True, exist_ok=True)
        before: dict[str, tuple[int, Cost]] = {}
        warm = _warm(folder, Path(temporary) / "warm", chosen)
        print("| command | films | clock, s | processors, s | peak, MiB | ms a further film | KiB a further film |")
        print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
        for count in sorted(chosen.counts):
            place = Path(temporary) / str(count)
            shutil.copytree(warm, place / "cache")
            table = _films(folder, count, chosen, place / "cache")
            trained = _films(folder, chosen.trained, chosen, place / "cache") if chosen.trained else None
            for name, arguments in commands(table, place, count, chosen.drawn, chosen.size, trained).items():
                if chosen.only and name not in chosen.only:
                    continue
                found, further = cost(arguments, place / "cache"), ["", ""]
                if name in before and count > before[name][0]:
                    films, earlier = before[name]
                    milliseconds = 1e3 * (found.cpu - earlier.cpu) / (count - films)
                    further = [f"{milliseconds:.2f}", f"{1024 * (found.peak - earlier.peak) / (count - films):.2f}"]
                before[name] = count, found
                cells = name, f"{count:,}", f"{found.clock:.1f}", f"{found.cpu:.1f}", f"{found.peak:.0f}", *further
                print(f"| {' | '.join(cells)} |", flush=True)
            shutil.rmtree(place)


def _films(folder: Path, count: int, chosen: argparse.Namespace, cache: Path) -> Path:
    """Return the table of the first `count` films, which are made if they are not there."""
    table = folder / f"first-{count}.csv"
    if not table.is_file():
        cost(["-c", MAKE, *map(str, (folder, count, chosen.distinct, chosen.size))], cache)
    return table


def _warm(folder: Path, place: Path, chosen: argparse.Namespace) -> Path:
    """Return a cache folder that holds nothing but the programs of a training, compiled."""
    (place / "cache").mkdir(parents=True)
    if not chosen.only or {"train", "evaluate", "classify"}.intersection(chosen.only):
        table = _films(folder, 400, chosen, place / "cache")
        for name, arguments in commands(table, place, 2, 2, chosen.size).items():
            if name in ("train", "evaluate", "classify"):
                cost(arguments, place / "cache")
        shutil.rmtree(place / "cache" / "prepared")
    return place / "cache"


if __name__ == "__main__":
    main()
