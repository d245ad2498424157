"""Training steps of a ResNet-50 on one GPU: cxrtui and PyTorch, in turn, and how well a run keeps the device busy.

    python benchmarks/gpu.py                      # 224 pixels, batch 256, bfloat16
    python benchmarks/gpu.py --batch 32 --only step,run,torch
    python benchmarks/gpu.py --platform cpu --width 8 --size 64 --batch 8 --steps 3   # a trial where there is no GPU

Each part measures one way to train the same network (Dense(256) head, AdamW, usual augmentation) on the same films:

- ``step``: the compiled step of a run on one batch, again and again: what the device can do.
- ``run``: the steps as an epoch of a run does them: batches taken from the films on the device, the schedule,
  scalars read one step late.
- ``torch``, ``compiled``: PyTorch as one writes it for speed (channels_last, autocast to bfloat16, fused AdamW, images
  normalised on the GPU before), without and with ``torch.compile``; it draws no augmentation.

Parts are measured in turn, ``--rounds`` times. Printed are images a second, their ratio to the last part, the idle
time of the device between the steps of ``run`` from a trace of `jax.profiler`, the peak memory beside what
`training.estimate` says, and whether the same steps done twice end with the same bits.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

FILMS = 1024
Part = Callable[[int], float]  # trains some steps to their end and returns seconds


class Films:
    """Films as a split has them, random pixels of the stored size."""

    def __init__(self, count: int, side: int) -> None:
        random = np.random.default_rng(0)
        self.images = random.integers(0, 256, (count, side, side), np.uint8)
        self.labels = random.integers(0, 2, count).astype(np.int32)

    def __len__(self) -> int:
        return len(self.labels)

    def release(self) -> None:
        """Keep them; a real split lets its images go."""


class Ours:
    """The compiled step of a run, its state and its films."""

    def __init__(self, options: argparse.Namespace) -> None:
        import jax

        from cxrtui.data.loader import DeviceLoader
        from cxrtui.net import backend
        from cxrtui.net.layout import Layout
        from cxrtui.settings.config import resolve
        from cxrtui.training import estimate
        from cxrtui.training.hyper import hyper_of
        from cxrtui.training.initial_state import initial
        from cxrtui.training.rates import Rates
        from cxrtui.training.step import Program, compile_step

        backend.prepare()
        self.jax, self.batch = jax, options.batch
        self.config = resolve({
            "model.width": str(options.width), "model.init": "random", "model.precision": options.precision,
            "data.size": str(options.size), "optim.batch_size": str(options.batch), "optim.name": "adamw",
        })  # fmt: skip
        self.layout, self.side = Layout.over(), estimate.stored_size(options.size)
        films: Any = Films(max(FILMS, 2 * options.batch), self.side)
        self.hyper = self.layout.put_state(hyper_of(self.config, np.ones(2, np.float32)))
        self.rates = Rates(self.config.optim, 10_000)
        network = initial(self.config, self.hyper, self.layout)
        self.state = network.leaves
        program = Program.of(self.config, network.graphdef, network.spec.freeze, self.layout)
        started = time.perf_counter()
        self.step = compile_step(program, network.state, self.hyper, batch_size=options.batch, stored_size=self.side)
        print(f"the step compiles in {time.perf_counter() - started:.1f} s", file=sys.stderr, flush=True)
        self.loader = DeviceLoader(films, self.layout)
        self.first = copied(self.state)

    def steps(self, count: int, state: Any) -> Iterator[tuple[Any, Any]]:
        """The state and the scalars after each of `count` steps, as an epoch of a run does them."""
        done, epoch = 0, 0
        while done < count:
            epoch += 1
            hyper = self.hyper.at(self.layout.put_state(self.rates.window(done)))
            for batch in self.loader.epoch(0, epoch, self.batch):
                state, scalars = self.step.onward(state, batch, hyper)
                done += 1
                yield state, scalars
                if done == count:
                    return

    def run(self, count: int) -> float:
        """Seconds of `count` steps of a run."""
        started, before = time.perf_counter(), None
        for state, scalars in self.steps(count, self.state):
            self.state = state
            if before is not None:
                self.jax.device_get(before)
            before = scalars
        self.jax.device_get(before)
        return time.perf_counter() - started

    def alone(self, count: int) -> float:
        """Seconds of `count` steps on one batch, without reading anything."""
        batch = self.loader.batch(np.arange(self.batch, dtype=np.int32))
        started = time.perf_counter()
        for _ in range(count):
            self.state, scalars = self.step.onward(self.state, batch, self.hyper)
        self.jax.block_until_ready(scalars)
        return time.perf_counter() - started

    def same_bits(self, count: int) -> bool:
        """Whether `count` steps from the first state, done twice, end with the same bits."""
        ends = []
        for _ in range(2):
            state = copied(self.first)
            for after, _ in self.steps(count, state):
                state = after
            ends.append([np.asarray(leaf) for leaf in state])
        return all(np.array_equal(a, b) for a, b in zip(*ends, strict=True))

    def memory(self) -> str:
        """The peak memory of the device beside the estimate."""
        from cxrtui.training import estimate

        peak = (self.jax.local_devices()[0].memory_stats() or {}).get("peak_bytes_in_use", 0)
        said = estimate.memory(self.config, films=len(self.loader.split), half=self.config.model.precision != "float32")
        return f"peak memory {peak / 1e9:.2f} GB, estimated {said.device / 1e9:.2f} GB"

    def idle(self, count: int, keep: Path | None) -> str:
        """How much of `count` steps of a run the device computes nothing, and its dearest operations."""
        import jax

        with tempfile.TemporaryDirectory() as folder:
            quick = jax.profiler.ProfileOptions()
            quick.python_tracer_level = 0  # it would slow the host down
            with jax.profiler.trace(folder, create_perfetto_trace=True, profiler_options=quick):
                self.run(count)
            (file,) = Path(folder).rglob("perfetto_trace.json.gz")
            events = json.loads(gzip.decompress(file.read_bytes()))["traceEvents"]
            if keep is not None:
                keep.write_bytes(file.read_bytes())
        return busy(events, count)


def copied(leaves: list[Any]) -> list[Any]:
    """Copies of arrays, because a step takes its own over."""
    return [leaf.copy() for leaf in leaves]


def busy(events: list[dict[str, Any]], steps: int) -> str:
    """The idle share of a GPU in a trace, between its first and its last operation, and the dearest operations."""
    names = {event["pid"]: event["args"]["name"] for event in events if event.get("name") == "process_name"}
    rows = {
        (event["pid"], event["tid"]): event["args"]["name"] for event in events if event.get("name") == "thread_name"
    }
    kernels = [event for event in events if event.get("ph") == "X" and "GPU" in names.get(event["pid"], "")
               and "Stream" in rows.get((event["pid"], event["tid"]), "")]  # fmt: skip
    if not kernels:
        return "the trace has no row of a GPU"
    spans = sorted((event["ts"], event["ts"] + event.get("dur", 0)) for event in kernels)
    first, end, used = spans[0][0], spans[0][0], 0.0
    for start, stop in spans:
        used += max(0.0, stop - max(start, end))
        end = max(end, stop)
    by_name: dict[str, float] = {}
    for event in kernels:
        by_name[event["name"]] = by_name.get(event["name"], 0.0) + event.get("dur", 0)
    lines = [f"idle {1 - used / (end - first):.1%} of {(end - first) / 1e3:.1f} ms, {steps} steps, "
             f"{len(kernels) / steps:.0f} kernels a step"]  # fmt: skip
    for name, spent in sorted(by_name.items(), key=lambda item: -item[1])[:25]:
        lines.append(f"  {spent / steps / 1e3:8.3f} ms a step  {name[:100]}")
    return "\n".join(lines)


def theirs(options: argparse.Namespace, compiled: bool) -> Part:
    """PyTorch's step on one batch."""
    import torch
    from torch_resnet import torch_network

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.benchmark = True
    network = torch_network().to(device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(network.parameters(), 1e-4, fused=device == "cuda")
    forward = torch.compile(network, mode="max-autotune-no-cudagraphs") if compiled else network
    images = torch.randn(options.batch, 1, options.size, options.size, device=device)
    images = images.to(memory_format=torch.channels_last)
    labels = torch.randint(0, 2, (options.batch,), device=device)

    def part(count: int) -> float:
        started = time.perf_counter()
        for _ in range(count):
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(device, torch.bfloat16, enabled=options.precision != "float32"):
                loss = torch.nn.functional.cross_entropy(forward(images), labels)
            loss.backward()
            optimizer.step()
        float(loss.detach())
        return time.perf_counter() - started

    return part


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=224, help="of the network's input, pixels")
    parser.add_argument("--batch", type=int, default=256, help="films a step")
    parser.add_argument("--width", type=int, default=64, help="of cxrtui's network")
    parser.add_argument("--precision", default="bfloat16", choices=("bfloat16", "float32"))
    parser.add_argument("--steps", type=int, default=24, help="steps of each part in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="step,run,torch", help="comma-separated parts, the peer last")
    parser.add_argument("--no-trace", action="store_true", help="do not look for idle time")
    parser.add_argument("--keep", type=Path, help="keep the trace in this file")
    parser.add_argument("--platform", default="", help="JAX's platform; by default a GPU if there is one")
    options = parser.parse_args()
    chosen = options.only.split(",")
    if options.platform:
        import jax

        jax.config.update("jax_platforms", options.platform)
    parts: dict[str, Part] = {}
    ours = Ours(options) if {"step", "run"} & set(chosen) else None
    for name in chosen:
        if name in ("torch", "compiled"):
            try:
                parts[name] = theirs(options, name == "compiled")
            except ImportError:
                print("PyTorch is not installed and left out", file=sys.stderr)
                continue
        else:
            assert ours is not None
            parts[name] = {"step": ours.alone, "run": ours.run}[name]
        started = time.perf_counter()
        parts[name](8)
        print(f"{name}: first steps {time.perf_counter() - started:.1f} s", file=sys.stderr, flush=True)
    taken: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(options.rounds):
        for name, part in parts.items():
            taken[name].append(options.batch * options.steps / part(options.steps))
    peer = [*parts][-1]
    kind = ours.jax.local_devices()[0].device_kind if ours is not None else ""
    print(f"{kind}, {options.size} pixels, batch {options.batch}, {options.precision}, {options.rounds} rounds in turn")
    print(f"{'':10}{'images/s: median':>18}{'least':>9}{'greatest':>10}{'times ' + peer:>18}")
    for name, rates in taken.items():
        ratio = statistics.median(own / other for own, other in zip(rates, taken[peer], strict=True))
        print(f"{name:10}{statistics.median(rates):18.1f}{min(rates):9.1f}{max(rates):10.1f}{ratio:18.2f}")
    if ours is not None:
        print(ours.memory())
        print("the same steps twice end with", "the same" if ours.same_bits(8) else "OTHER", "bits", flush=True)
        if not options.no_trace:
            print(ours.idle(min(10, options.steps), options.keep))


if __name__ == "__main__":
    main()
