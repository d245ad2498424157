"""How long a second training takes until its first step is done: films prepared and programs compiled by the first one.

    python benchmarks/second_training.py [--count 5]

The first training prepares the films and compiles; then each of `count` processes of ``cxrtui --headless train`` is
ended at its first `StepDone`. Printed are the parts of the start that the log has (`FirstStep`), and from the start of
the process to the line of the step: seconds by the clock and of processors. Then the same for a later step.
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
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from safetensors.numpy import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cxrtui.data.phantoms import generate


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
    found: dict[str, Any] = {}
    for line in process.stdout:
        event = json.loads(line)
        if event["type"] == "Preparing" and "python" not in found:
            found["python"] = event["time"] - began
        elif event["type"] == "StepDone":
            at, used = time.time(), sum(psutil.Process(process.pid).cpu_times()[:2])
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
    process.send_signal(signal.SIGKILL)
    process.wait()
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5, help="starts after the first (default 5)")
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
        command = [
            sys.executable, "-m", "cxrtui", "--workspace", name, "--headless", "train", "--json", "--data", str(films),
            "--init", init, "--set", f"data.size={options.size}", "--set", f"optim.batch_size={options.batch}",
            "--set", f"model.width={options.width}",
        ]  # fmt: skip
        first = started(command, 2)
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; the first training: {first['clock']:.1f} s")
        taken = [started(command, 4) for _ in range(options.count)]
    for part in taken[0]:
        values = [found[part] for found in taken]
        print(f"{part:16}{statistics.median(values):7.2f} s ({min(values):.2f} to {max(values):.2f})")


if __name__ == "__main__":
    main()
