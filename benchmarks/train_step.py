"""Train step and inference of three ResNet-50s side by side: cxrtui's, Flax NNX as written, and PyTorch.

    python benchmarks/train_step.py --size 224 --batch 8 --steps 9

One process, one task: one-channel images, ResNet-50 v1.5, a Dense(256) head, two classes, cross-entropy, AdamW. Rounds
of the contestants alternate, so that a busy machine disturbs all alike. Each runs twice in a round, and the second time
counts: it finds the memory that its own kind has left, as a step of a training does. What is printed is the median of
the rounds' ratios to the last contestant. PyTorch (channels_last) takes part where it can be imported. float32
throughout on a CPU. On a machine that others use too, ``taskset -c 0`` with ``--processor`` compares seconds of one
core instead.
"""

from __future__ import annotations

import argparse
import functools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from plain_flax import PlainClassifier
from torch_resnet import torch_network

from cxrtui import memory
from cxrtui.net import backend, fastest, forms, freeze
from cxrtui.net.classifier import ClassifierSpec, create
from cxrtui.net.forms import ALL_DIRECT, Table

Step = Callable[[], Any]


def jax_steps(
    network: Any,
    images: np.ndarray,
    labels: np.ndarray,
    table: Table = ALL_DIRECT,
    options: dict[str, str | bool] | None = None,
) -> tuple[Step, Step]:
    """A train step and an inference, each jitted and run to its end.

    `table` has the forms of the convolutions, and `options` the compiler's.
    """
    graphdef, params, statistics = nnx.split(network, nnx.Param, nnx.BatchStat)
    optimizer = optax.adamw(1e-4)
    x, y = jnp.asarray(images), jnp.asarray(labels)

    @functools.partial(jax.jit, donate_argnums=(0, 1, 2), compiler_options=options)
    def train(params: Any, statistics: Any, state: Any) -> Any:
        def loss(params: Any) -> Any:
            network = nnx.merge(graphdef, params, statistics, copy=True)
            with forms.using(table):
                logits = network(x, train=True)
            loss = optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()
            return loss, freeze.running_statistics(network)

        (value, statistics_), gradients = jax.value_and_grad(loss, has_aux=True)(params)
        updates, state = optimizer.update(gradients, state, params)
        return optax.apply_updates(params, updates), statistics_, state, value

    @functools.partial(jax.jit, compiler_options=options)
    def infer(params: Any, statistics: Any) -> Any:
        with forms.using(table):
            return nnx.merge(graphdef, params, statistics)(x)

    kept = [params, statistics, optimizer.init(params)]

    def train_once() -> float:
        *kept[:], value = train(*kept)
        return float(value)

    return train_once, lambda: jax.block_until_ready(infer(kept[0], kept[1]))


def table_of(spec: ClassifierSpec, size: int) -> Table:
    """The forms of the network's convolutions, as a run would have them on this machine."""
    measuring = fastest.table_of(spec, size)
    while True:
        try:
            next(measuring)
        except StopIteration as found:
            return found.value


def torch_steps(images: np.ndarray, labels: np.ndarray) -> tuple[Step, Step]:
    """As `jax_steps`, in PyTorch with channels_last."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = torch_network().to(device, memory_format=torch.channels_last)
    x = torch.tensor(images.transpose(0, 3, 1, 2)).to(device, memory_format=torch.channels_last)
    y = torch.tensor(labels, dtype=torch.long, device=device)
    optimizer = torch.optim.AdamW(network.parameters(), 1e-4)

    def train_once() -> float:
        network.train()
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(network(x), y)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    def infer_once() -> Any:
        network.eval()
        with torch.inference_mode():
            return network(x).cpu()

    return train_once, infer_once


def main() -> None:
    """Measure and print the table."""
    memory.start_again()  # with large pages, as the commands that compute do
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=224, help="image side in pixels")
    parser.add_argument("--batch", type=int, default=8, help="images per step")
    parser.add_argument("--steps", type=int, default=5, help="rounds of each contestant")
    parser.add_argument("--processor", action="store_true", help="measure seconds of the processor, not of the clock")
    parser.add_argument("--dtype", default="float32", help="compute dtype of cxrtui's network")
    parser.add_argument(
        "--only",
        default="cxrtui,nnx,torch",
        help="of cxrtui, direct (no forms), default (nor compiler options), nnx, torch",
    )
    options = parser.parse_args()
    backend.prepare()
    random = np.random.default_rng(0)
    images = random.normal(size=(options.batch, options.size, options.size, 1)).astype(np.float32)
    labels = random.integers(0, 2, options.batch).astype(np.int32)

    spec, compiling = ClassifierSpec(dtype=options.dtype), backend.compiler_options()
    entrants: dict[str, Callable[[], tuple[Step, Step]]] = {
        "cxrtui": lambda: jax_steps(create(spec), images, labels, table_of(spec, options.size), compiling),
        "direct": lambda: jax_steps(create(spec), images, labels, options=compiling),
        "default": lambda: jax_steps(create(spec), images, labels),
        "nnx": lambda: jax_steps(PlainClassifier(nnx.Rngs(0)), images, labels),
        "torch": lambda: torch_steps(images, labels),
    }
    contestants: dict[str, tuple[Step, Step]] = {}
    for name in options.only.split(","):
        try:
            contestants[name] = entrants[name]()
        except ImportError:
            print(f"{name}: not installed, left out", file=sys.stderr)
            continue
        started = time.perf_counter()
        for step in contestants[name]:
            step()
            step()
        print(f"{name}: first two train steps and inferences {time.perf_counter() - started:.1f} s", file=sys.stderr)

    clock = time.process_time if options.processor else time.perf_counter
    taken: dict[tuple[str, int], list[float]] = {(name, index): [] for name in contestants for index in (0, 1)}
    # A run trains an epoch and then validates, so each has its rounds. The first settles the memory after the other.
    for index in (0, 1):
        for number in range(options.steps + 1):
            for name, steps in contestants.items():
                steps[index]()
                started = clock()
                steps[index]()
                if number:
                    taken[name, index].append(clock() - started)

    of = "seconds of the processor" if options.processor else "seconds"
    device, peer = backend.describe_device()["kind"], next(reversed(contestants))
    print(f"{device}, {options.size}x{options.size}, batch {options.batch}, {options.steps} rounds in turn, {of}")
    print(f"{'':20}{'median images/s':>16}{'best':>8}{'times ' + peer + ': median':>24}   quartiles")
    for index, what in enumerate(("trains", "infers")):
        for name in contestants:
            own, theirs = np.asarray(taken[name, index]), np.asarray(taken[peer, index])
            low, median, high = np.quantile(theirs / own, (0.25, 0.5, 0.75))
            rates = options.batch / np.median(own), options.batch / own.min()
            print(f"{name + ' ' + what:20}{rates[0]:16.1f}{rates[1]:8.1f}{median:24.2f}   {low:.2f} to {high:.2f}")


if __name__ == "__main__":
    main()
