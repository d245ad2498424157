"""Trains one run on 1, 2 and 4 hosts, which are processes of this machine: speed, work, and how far losses differ.

    python benchmarks/hosts.py --films FOLDER
    python benchmarks/hosts.py --films FOLDER --epochs 10 --set model.width=16 --set data.size=96
    python benchmarks/hosts.py --films FOLDER --hosts 4

The hosts share the cores of this machine and reach each other on loopback, so this shows what several processes cost,
and not what more machines gain. The runs follow each other; the best epoch of each counts.
"""

from __future__ import annotations

import argparse
import os
import resource
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

COUNTS = (1, 2, 4)
SETTINGS = ("model.init=random", "model.width=16", "data.size=96", "optim.batch_size=32", "optim.name=sgd",
            "stop.patience=0")  # fmt: skip


def train(folder: Path, count: int, options: argparse.Namespace) -> tuple[list[float], float, float, float]:
    """Train on `count` hosts; return the losses, the images/s of the best epoch, and seconds of compiling and of work.

    Seconds of work are those of the processors, of all hosts together, from the start to the end.
    """
    from cxrtui.runs import events as ev
    from cxrtui.runs.folder import Run

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = [*SETTINGS, f"optim.epochs={options.epochs}", "run.devices=1", *options.set]
    command = [sys.executable, "-m", "cxrtui", "--workspace", str(folder), "--headless", "train",
               "--run", f"on-{count}", "--data", str(options.films),
               *(word for item in settings for word in ("--set", item)),
               "--coordinator", f"127.0.0.1:{port}", "--processes", str(count)]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = [
        subprocess.Popen([*command, "--process", str(number)], env=environment, stderr=subprocess.DEVNULL)
        for number in range(count)
    ]
    if codes := [code for process in started if (code := process.wait())]:
        raise SystemExit(f"the run on {count} hosts has failed: {codes}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    events = Run(folder / "checkpoints" / f"on-{count}").tail().poll()
    steps = [event for event in events if isinstance(event, ev.StepDone)]
    films = steps[0].steps_per_epoch * int(next(s for s in reversed(settings) if "batch_size" in s).split("=")[1])
    fastest = min(event.seconds for event in events if isinstance(event, ev.EpochDone))
    compiling = next(event.seconds for event in events if isinstance(event, ev.Compiled))
    work = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return [event.loss for event in steps], films / fastest, compiling, work


def main() -> None:
    """Print a line for each number of hosts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path, required=True, help="labelled films, as for --data of cxrtui train")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--hosts", type=int, nargs="+", default=COUNTS, help="losses are compared with the first")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE")
    options = parser.parse_args()
    print("hosts  images/s  compiling (s)  work (s)  largest difference of a loss")
    first: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for count in options.hosts:
            losses, speed, compiling, work = train(Path(folder), count, options)
            first = first or losses
            apart = max(abs(loss - other) / abs(other) for loss, other in zip(losses, first, strict=True))
            print(f"{count:5}  {speed:8.1f}  {compiling:13.1f}  {work:8.1f}  {apart:.1e}", flush=True)


if __name__ == "__main__":
    main()
