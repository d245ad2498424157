"""Whether a run trains as fast in the dashboard as without a screen: images per second of both, in turn.

    python benchmarks/dashboard_speed.py [--quick] [--repeats 3] [--steps 12]
    python benchmarks/dashboard_speed.py --platform cuda,cpu --batch 32 --data films/ --steps 60

A ResNet-50 (width 64, 224 pixels; by default batch 8 on the CPU) trains in a dashboard at a pseudo-terminal of 200×50
that shows it, and in ``cxrtui --headless train``, the one after the other and in turn, with one compilation cache, so
that only the first of all compiles. The rate of a run is the median of its steps, without the first three.
``--quick``: a small network. The bound is 2 %. On a busy machine the ratios of the pairs differ by more than that:
look at their spread.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pseudo_terminal import Dashboard

from cxrtui.data.phantoms import generate
from cxrtui.runs.folder import Run

FIRST = 3  # steps that are not counted
BOUND = 0.02


def rate(folder: Path, name: str, arguments: argparse.Namespace, *, dashboard: bool) -> float:
    """Return the median images per second of a new run."""
    shape = ["model.width=16", "data.size=96"] if arguments.quick else ["model.width=64", "data.size=224"]
    settings = [
        *shape,
        f"optim.batch_size={arguments.batch}",
        "data.duplicates=identical",
        "optim.epochs=1000",
        "stop.patience=0",
        "model.freeze=none",
    ]
    train = ["train", "--data", str(arguments.data or folder / "films"), "--init", "random", "--run", name,
             *(word for setting in settings for word in ("--set", setting))]  # fmt: skip
    environment = {
        "JAX_PLATFORMS": arguments.platform,
        "CXRTUI_CACHE_DIR": str(folder / "cache"), "XDG_CACHE_HOME": str(folder / "cache"),
        "XDG_CONFIG_HOME": str(folder / "config"), "XDG_STATE_HOME": str(folder / "state"), "HF_HUB_OFFLINE": "1",
    }  # fmt: skip
    words, run = ["--workspace", str(folder)], Run(folder / "checkpoints" / name)
    board = process = None
    if dashboard:
        board = Dashboard([*words, *train], environment, 200, 50)
    else:
        process = subprocess.Popen([sys.executable, "-m", "cxrtui", *words, "--headless", *train],
                                   env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        while len(rates := run.read().steps.column("images_per_second")) < arguments.steps + FIRST:
            if board is not None:
                board.rest(0.5)
                assert board.alive, board.text
            else:
                time.sleep(0.5)
    finally:
        if board is not None:
            board.end()
        if process is not None:
            process.terminate()
            process.wait()
    return statistics.median(list(rates)[FIRST:])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="pairs (default 3)")
    parser.add_argument("--steps", type=int, help="that are counted of each run (default 12; 150 with --quick)")
    parser.add_argument("--quick", action="store_true", help="a small network")
    parser.add_argument("--platform", default="cpu", help="JAX's: cpu (default) or cuda,cpu")
    parser.add_argument("--batch", type=int, default=8, help="films a step (default 8)")
    parser.add_argument("--data", type=Path, help="films; by default 64 phantoms")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # what was started is ended
    arguments.steps = arguments.steps or (150 if arguments.quick else 12)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before", flush=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if arguments.data is None:
            generate(folder / "films", count=64, seed=0, size=256)
        ratios = []
        for repeat in range(arguments.repeats):
            found = {}
            for dashboard in (True, False) if repeat % 2 else (False, True):
                name = f"{'dashboard' if dashboard else 'headless'}{repeat}"
                found[dashboard] = rate(folder, name, arguments, dashboard=dashboard)
            ratios.append(found[True] / found[False])
            print(f"dashboard {found[True]:.2f}, headless {found[False]:.2f} images/s: {ratios[-1]:.3f}", flush=True)
    middle = statistics.median(ratios)
    print(f"dashboard / headless: {middle:.3f} (at most {BOUND:.0%} slower: {'yes' if middle > 1 - BOUND else 'NO'})")


if __name__ == "__main__":
    main()
