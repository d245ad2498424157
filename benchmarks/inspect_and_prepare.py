"""Time, CPU and peak memory of inspecting and preparing films, beside a plain single-core Pillow loop on the same ones.

    python benchmarks/inspect_and_prepare.py PATH… [--size 224] [--hostile N] [--phantoms N]

Each PATH (a layout's name may stand before it) is inspected (by its headers alone, in full, and again, as remembered)
and prepared, as one split, in a process of its own into an empty cache folder; seconds and CPU are of the whole
process, its imports and the processes that decode for it included; peak memory (resident, by /proc: Linux alone) is
its own, plus that of the largest of those. Where nothing says which findings count, the first is positive and all
others negative. The loop runs in this process, before and after, over the films that could be read: it opens, converts
to grey and resizes, and keeps nothing; DICOM it cannot open, so such films are counted apart. Every ratio is the
loop's time by ours. ``--hostile N`` adds class folders of N files that mean no good, made in a temporary place;
``--phantoms N`` adds N synthetic films of 320 pixels.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hostile_folder import build
from PIL import Image

from cxrtui.data.images.decode import stored_size

PEAK = """
def peak():
    import resource
    from cxrtui.data.confounders import measuring
    from cxrtui.data.images.decoding.processes import processes
    processes.close()
    measuring.processes.close()
    with open("/proc/self/status") as file:
        own = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    return (own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024
"""
INSPECT = """
import json, sys
from cxrtui.settings.config import DataConfig
from cxrtui.data.inspect.report import inspect
report = inspect(sys.argv[1], DataConfig(), headers_only=sys.argv[2] == "headers")
print(json.dumps({"films": report.films, "unreadable": len(report.section("unreadable").files),
                  "left_out": report.section("left_out").counts, "findings": report.section("classes").counts,
                  "ruled": bool(report.positive), "peak": peak()}))
"""
PREPARE = """
import json, sys, time
from cxrtui.settings.config import DataConfig
from cxrtui.data.prepared.evaluation import load_evaluation
path, size, positive = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
sides = {"positive": tuple(positive), "negative": ("*",)} if positive else {}
began, work = time.perf_counter(), load_evaluation(DataConfig(size=size, max_bad=0.999, **sides), path)
while True:
    try:
        event = next(work)
    except StopIteration as stop:
        split = stop.value.splits["all"]
        print(json.dumps({"paths": list(split.paths), "unreadable": len(event.unreadable), "left_out": event.left_out,
                          "seconds": time.perf_counter() - began, "peak": peak()}))
        break
"""


@dataclass(frozen=True)
class Cost:
    """What a process took, and what it printed."""

    seconds: float
    cpu: float
    peak: float  # MiB
    said: dict[str, Any]


def child(code: str, *arguments: str, cache: str = "") -> Cost:
    """Run `code` in a Python of its own with the folder `cache`, else with an empty one; end where it fails."""
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryFile("w+") as out:
        root = str(Path(__file__).resolve().parents[1])
        environment = {**os.environ, "CXRTUI_CACHE_DIR": cache or empty, "PYTHONPATH": root}
        began = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-c", PEAK + code, *arguments], stdout=out, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(process.returncode)
        out.seek(0)
        said = json.loads(out.read().splitlines()[-1])
    return Cost(seconds, usage.ru_utime + usage.ru_stime, said["peak"], said)


def plain(paths: list[str], side: int) -> tuple[float, int]:
    """Seconds of the loop, and how many films it could open."""
    opened, began = 0, time.perf_counter()
    for path in paths:
        try:
            with Image.open(path) as image:
                np.asarray(image.convert("L").resize((side, side), Image.Resampling.BILINEAR))
            opened += 1
        except (OSError, ValueError, Image.DecompressionBombError):
            continue
    return time.perf_counter() - began, opened


def measure(path: str, size: int) -> None:
    headers = child(INSPECT, path, "headers")
    with tempfile.TemporaryDirectory() as cache:
        looked, again = (child(INSPECT, path, "full", cache=cache) for _ in range(2))
    findings = list(looked.said["findings"])
    wanted = [] if looked.said["ruled"] else findings[:1]
    made = child(PREPARE, path, str(size), json.dumps(wanted))
    paths, side = made.said["paths"], stored_size(size)
    plain(paths, side)  # so that both find the files in memory
    warm = child(PREPARE, path, str(size), json.dumps(wanted))
    loop, opened = plain(paths, side)
    out = sum(looked.said["left_out"].values())
    print(f"{path}: {looked.said['films']} films listed, {out} left out")
    print(f"  {headers.said['unreadable']} are unreadable by their headers, {looked.said['unreadable']} when decoded")
    print(f"  {len(paths)} prepared at {side} x {side}")
    for name, cost in (("inspect, headers only", headers), ("inspect", looked), ("inspect again", again),
                       ("prepare", made), ("prepare, files in memory", warm)):  # fmt: skip
        rate = looked.said["films"] / cost.seconds
        print(f"  {name:26s}{cost.seconds:8.2f} s {cost.cpu:8.2f} s CPU {cost.peak:7.0f} MiB {rate:8.0f} films/s")
    print(f"  plain loop                {loop:8.2f} s, {opened} of {len(paths)} films, {opened / loop:.0f} films/s")
    if opened:
        loop *= len(paths) / opened
        ratios = loop / warm.said["seconds"], loop / warm.seconds  # the loop has its imports behind it
        print("  ratio to the plain loop: prepare {:.2f}, with the start of Python {:.2f}".format(*ratios))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--hostile", type=int, metavar="N", default=0)
    parser.add_argument("--phantoms", type=int, metavar="N", default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        paths = list(options.paths)
        if options.hostile:
            build(Path(folder) / "hostile", options.hostile)
            paths.append(f"{folder}/hostile")
        if options.phantoms:
            from cxrtui.data.phantoms import generate

            generate(Path(folder) / "phantoms", options.phantoms, 0)
            paths.append(f"{folder}/phantoms")
        if not paths:
            parser.error("name a PATH, or --hostile N, or --phantoms N")
        for path in paths:
            measure(path, options.size)


if __name__ == "__main__":
    main()
