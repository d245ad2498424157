"""Compares the estimate that the form shows before a run starts with what XLA and the system say of the same step.

    python benchmarks/estimate.py          # memory of the compiled step, and of the process that compiled it
    python benchmarks/estimate.py --run    # also runs three steps, and gives the peak of the process

Each configuration is compiled in a process of its own.
"""

from __future__ import annotations

import argparse
import functools
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

CONFIGURATIONS: tuple[dict[str, Any], ...] = (
    {"model.width": 16, "model.stages": "1,1,1,1", "data.size": 96, "optim.batch_size": 32},
    {"data.size": 224, "optim.batch_size": 8},
    {"model.width": 16, "data.size": 224, "optim.batch_size": 32},
    {"model.width": 16, "data.size": 224, "optim.batch_size": 32, "model.freeze": "stage2"},
    {"model.width": 16, "data.size": 224, "optim.batch_size": 32, "model.freeze": "stage4"},
    {"data.size": 128, "optim.batch_size": 32},
    {"data.size": 224, "optim.batch_size": 32, "model.freeze": "stage3"},
    {"data.size": 128, "optim.batch_size": 16, "optim.name": "sgd"},
)


def measure(values: dict[str, Any], run: bool) -> dict[str, float]:
    """Compile the step of a configuration in this process, and perhaps run it; return bytes and seconds."""
    import jax
    import numpy as np

    from cxrtui import resources
    from cxrtui.data.loader import Batch
    from cxrtui.net import backend
    from cxrtui.net.layout import Layout
    from cxrtui.settings.config import resolve
    from cxrtui.training import estimate
    from cxrtui.training.hyper import hyper_of
    from cxrtui.training.initial_state import initial
    from cxrtui.training.step import Program, train_step

    config, layout = resolve({"model.init": "random"}, values), Layout.over()
    hyper = layout.put_state(hyper_of(config, np.ones(2, np.float32)))
    network = initial(config, hyper, layout)
    program = Program.of(config, network.graphdef, config.model.freeze, layout)
    batch, stored = config.optim.batch_size, estimate.stored_size(config.data.size)
    shapes: Any = Batch(layout.abstract_batch((batch, stored, stored), np.uint8),
                        layout.abstract_batch((batch,), np.int32))  # fmt: skip
    start = time.process_time()
    step = jax.jit(functools.partial(train_step, program), donate_argnums=0)
    compiled = step.lower(network.state, shapes, hyper).compile(backend.compiler_options())
    compiling = time.process_time() - start
    small = resources.total_memory() < resources.SMALL
    memory, expected = compiled.memory_analysis(), estimate.memory(config, small=small)
    found = {
        "step": memory.temp_size_in_bytes + memory.argument_size_in_bytes,
        "step_expected": expected.activations + expected.state,
        "compile": compiling, "compile_expected": estimate.compile_seconds(config),
    }  # fmt: skip
    if run:
        images = layout.put_batch((np.zeros((batch, stored, stored), np.uint8), np.zeros(batch, np.int32)))
        state, seconds = network.state, []
        for _ in range(3):
            start = time.process_time()
            state, scalars = compiled(state, Batch(*images), hyper)
            jax.block_until_ready(scalars)
            seconds.append(time.process_time() - start)
        found |= {"seconds": min(seconds), "gflops": estimate.flops(config) * batch / 1e9 / min(seconds),
                  "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                  "peak_expected": expected.total}  # fmt: skip
    return found


def main() -> None:
    """Print a line for each configuration."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", action="store_true", help="run three steps of each")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(json.loads(arguments.one), arguments.run)))
        return
    for values in CONFIGURATIONS:
        words = [sys.executable, __file__, "--one", json.dumps(values), *(["--run"] if arguments.run else [])]
        found = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
        parts = [
            f"{name} {found[f'{name}_expected'] / unit:.1f} for {found[name] / unit:.1f} {text} "
            f"({found[f'{name}_expected'] / found[name] - 1:+.0%})"
            for name, unit, text in (("step", 1e6, "MB"), ("peak", 1e6, "MB"), ("compile", 1, "CPU s"))
            if name in found
        ]
        parts += [f"{found['gflops']:.0f} GF a CPU second"] if "gflops" in found else []
        print(f"{' '.join(f'{key}={value}' for key, value in values.items())}: {', '.join(parts)}", flush=True)


if __name__ == "__main__":
    main()
