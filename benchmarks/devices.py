"""Trains the same batches on 1, 2, 4 and 8 devices of one CPU: speed, work, communication, and how far losses differ.

    python benchmarks/devices.py                         # a network of width 16 on films of 96 pixels
    python benchmarks/devices.py --width 64 --size 224 --batch 8 --steps 3

The devices of a CPU share its cores, so this shows what it costs to divide a batch, and not what more hardware would
gain. Each number of devices has a process of its own; they take turns, and the best step of each counts.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cxrtui import memory

COUNTS = (1, 2, 4, 8)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Train on all devices of this process; return the losses, and seconds of the best step."""
    import numpy as np

    from cxrtui.data.loader import Batch
    from cxrtui.net import backend
    from cxrtui.net.layout import Layout
    from cxrtui.settings.config import resolve
    from cxrtui.training import estimate
    from cxrtui.training.hyper import hyper_of
    from cxrtui.training.initial_state import initial
    from cxrtui.training.step import Program, compile_step, named

    backend.prepare()
    config = resolve({"model.init": "random", "model.width": options.width, "data.size": options.size,
                      "optim.batch_size": options.batch, "model.batch_norm": options.batch_norm})  # fmt: skip
    layout = Layout.choose(0, options.batch)
    rate = np.float32(config.optim.learning_rate)
    hyper = layout.put_state(hyper_of(config, np.ones(2, np.float32)).at(rate))
    network = initial(config, hyper, layout)
    program = Program.of(config, network.graphdef, config.model.freeze, layout)
    stored = estimate.stored_size(options.size)
    begun = time.perf_counter()
    step = compile_step(program, network.state, hyper, batch_size=options.batch, stored_size=stored)
    compiling = time.perf_counter() - begun
    rng = np.random.default_rng(0)
    leaves, losses, clock, work = network.leaves, [], [], []
    for _ in range(options.steps):
        films = rng.integers(0, 256, (options.batch, stored, stored), np.uint8)
        batch = Batch(*layout.put_batch((films, rng.integers(0, 2, options.batch).astype(np.int32))))
        started, busy = time.perf_counter(), time.process_time()
        leaves, scalars = step.onward(leaves, batch, hyper)
        losses.append(named(scalars)["loss"])
        clock.append(time.perf_counter() - started)
        work.append(time.process_time() - busy)
    found = re.findall(r" (all-reduce|all-gather|all-to-all|collective-permute|reduce-scatter)\(", step.as_text())
    return {"devices": layout.count, "losses": losses, "seconds": min(clock[1:]), "work": min(work[1:]),
            "compile": compiling, "collectives": {name: found.count(name) for name in sorted(set(found))}}  # fmt: skip


def on_devices(count: int, arguments: list[str]) -> dict[str, Any]:
    """Measure in a process with so many devices."""
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={count}"
    words = [sys.executable, __file__, "--child", *arguments]
    done = subprocess.run(words, env=os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}, check=True,
                          stdout=subprocess.PIPE, text=True)  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Print a row for each number of devices."""
    memory.start_again()  # with large pages, as the commands that compute do
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch-norm", choices=["batch", "device"], default="batch")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options)))
        return
    rounds = [[on_devices(count, sys.argv[1:]) for count in COUNTS] for _ in range(options.rounds)]
    one = rounds[0][0]["losses"]
    least = {name: [min(row[place][name] for row in rounds) for place in range(len(COUNTS))]
             for name in ("seconds", "work")}  # fmt: skip
    print(f"width {options.width}, {options.size} pixels, {options.batch} films a step, {options.steps} steps")
    print("devices  images/s  of one  work of one  loss differs by  collectives")
    for place, found in enumerate(rounds[0]):
        seconds, work = least["seconds"], least["work"]
        differs = max(abs(here - there) / abs(there) for here, there in zip(found["losses"], one, strict=True))
        print(f"{found['devices']:7} {options.batch / seconds[place]:9.1f} {seconds[0] / seconds[place]:7.2f}"
              f" {work[place] / work[0]:12.2f} {differs:16.1e}  {found['collectives']}")  # fmt: skip


if __name__ == "__main__":
    main()
