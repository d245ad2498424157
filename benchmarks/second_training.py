"""How long a second training takes until its first step is done: films prepared and programs compiled by the first one.

    python benchmarks/second_training.py [--count 5] [--standby]

The first training prepares the films and compiles; then each of `count` processes of ``cxrtui --headless train`` is
ended after some steps. Printed are the parts of the start that the log has (`FirstStep`), and from the start of
the process to the line of the first step: seconds by the clock and of processors. Then the same for a later step.

With ``--standby`` they are trainings of a dashboard whose form has been open for some seconds (`process.standby`), and
the time is from the start of the training on. The seconds of processors then have those of the waiting process.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from safetensors.numpy import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cxrtui.data.phantoms import generate
from cxrtui.process import standby
from cxrtui.process.parent import TrainingProcess
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import new_run
from cxrtui.settings.config import Config, resolve
from cxrtui.workspace import Workspace


def weights_file(folder: Path) -> Path:
    """Write random weights of a ResNet-50 under torchvision's keys."""
    from tests.weights.torchvision_file import torchvision_tensors

    file = folder / "resnet50.safetensors"
    tensors = torchvision_tensors(64, (3, 4, 6, 3))
    save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, file)
    return file


def started(command: list[str], steps: int) -> dict[str, Any]:
    """Run `command` to its `steps`-th step, and return what its start took."""
    began = time.time()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    found = taken(process.stdout, process.pid, began, steps)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return found


def started_by_dashboard(run: Run, settings: Config, steps: int) -> dict[str, Any]:
    """Do the same with a process that waits for the run."""
    standby.prepare()
    waits = standby.take()
    time.sleep(5)  # as long as it takes to look through a form
    began = time.time()
    process = TrainingProcess(run, settings, standby=waits)
    found = taken(written(run.events_file), waits.pid, began, steps)
    process.kill()
    while not process.ended():
        pass
    process.close_pipes()
    return found


def written(file: Path) -> Iterator[str]:
    """Yield the lines of a log as they are written."""
    while not file.exists():
        time.sleep(0.001)
    with file.open() as log:
        rest = ""
        while True:
            rest += log.readline()
            if rest.endswith("\n"):
                yield rest
                rest = ""
            else:
                time.sleep(0.001)


def taken(lines: Iterable[str], process: int, began: float, steps: int) -> dict[str, Any]:
    """Return what a start took by the lines of its log, of which those up to the `steps`-th step are read."""
    found: dict[str, Any] = {}
    for line in lines:
        event = json.loads(line)
        if event["type"] == "Preparing" and "python" not in found:
            found["python"] = event["time"] - began
        elif event["type"] == "StepDone":
            at, used = time.time(), sum(psutil.Process(process).cpu_times()[:2])
            if event["step"] == 1:
                found |= {"clock": at - began, "processors": used}
            elif event["step"] == steps:
                found |= {"step": (at - began - found["clock"]) / (steps - 1),
                          "step processors": (used - found["processors"]) / (steps - 1)}  # fmt: skip
        elif event["type"] == "FirstStep":
            found |= event["phases"]
        elif event["type"] == "Failed":
            sys.exit(event["message"])
        if "step" in found:
            break
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5, help="starts after the first (default 5)")
    parser.add_argument("--standby", action="store_true", help="trainings of a dashboard, for which a process waits")
    parser.add_argument("--films", type=int, default=436, help="phantoms (default 436)")
    parser.add_argument("--size", type=int, default=96, help="of the network's input, pixels (default 96)")
    parser.add_argument("--batch", type=int, default=32, help="films a step (default 32)")
    parser.add_argument("--width", type=int, default=64, help="of the network (default 64: a ResNet-50)")
    parser.add_argument("--init", help="initial weights (default: a file of random ones under torchvision's keys)")
    parser.add_argument("--folder", type=Path, help="keeps films and caches for another time")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # with it each start would compile cxrtui's sources anew
    with tempfile.TemporaryDirectory() as name:
        folder = options.folder or Path(name)
        folder.mkdir(exist_ok=True)
        os.environ["CXRTUI_CACHE_DIR"] = str(folder / "cache")
        films = folder / "films"
        if not films.is_dir():
            generate(films, count=options.films, seed=0, size=2 * options.size)
        init = options.init or str(weights_file(folder))
        given = {
            "data.source": str(films), "model.init": init, "data.size": options.size, "optim.batch_size": options.batch,
            "model.width": options.width,
        }  # fmt: skip
        command = [sys.executable, "-m", "cxrtui", "--workspace", name, "--headless", "train", "--json"]
        command += [f"--set={key}={value}" for key, value in given.items()]
        first = started(command, 2)
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; the first training: {first['clock']:.1f} s")
        if options.standby:
            folder = Workspace(Path(name)).checkpoints
            found = [started_by_dashboard(new_run(folder, f"own{number}"), resolve(given), 4)
                     for number in range(options.count)]  # fmt: skip
        else:
            found = [started(command, 4) for _ in range(options.count)]
    for part in found[0]:
        values = [start[part] for start in found]
        print(f"{part:16}{statistics.median(values):7.2f} s ({min(values):.2f} to {max(values):.2f})")


if __name__ == "__main__":
    main()
