"""Train step and inference of three ResNet-50s side by side: cxrtui's, Flax NNX as written, and PyTorch.

    python benchmarks/train_step.py --size 224 --batch 8 --steps 9

One process, one task: one-channel images, ResNet-50 v1.5, a Dense(256) head, two classes, cross-entropy, AdamW. Rounds
of the contestants alternate, so that a busy machine disturbs all alike; what counts is the median of the rounds' ratio
to the last contestant. PyTorch (channels_last) takes part where it can be imported. float32 throughout on a CPU. On a
machine that others use too, ``taskset -c 0`` with ``--processor`` compares seconds of one core instead.
"""

from __future__ import annotations

import argparse
import functools
import sys
import tempfile
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
from cxrtui.net import backend, fastest, forms, freeze
from cxrtui.net.classifier import ClassifierSpec, create
from cxrtui.net.forms import ALL_DIRECT, Table
from cxrtui.net.resnet import normalise
from cxrtui.weights import backbone
from cxrtui.weights.formats import IMAGENET

SIZES = (3, 4, 6, 3)
Step = Callable[[], Any]


class PlainConvNorm(nnx.Module):
    """Convolution and batch normalisation out of the box."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int, rngs: nnx.Rngs) -> None:
        pad = size // 2
        self.conv = nnx.Conv(
            inputs, outputs, (size, size), stride, padding=((pad, pad),) * 2, use_bias=False, rngs=rngs
        )
        self.norm = nnx.BatchNorm(outputs, momentum=0.9, rngs=rngs)

    def __call__(self, x: jax.Array, average: bool) -> jax.Array:
        """``average``: use the running averages."""
        return self.norm(self.conv(x), use_running_average=average)


class PlainBlock(nnx.Module):
    """A bottleneck block out of the box."""

    def __init__(self, inputs: int, width: int, stride: int, rngs: nnx.Rngs) -> None:
        self.a = PlainConvNorm(inputs, width, 1, 1, rngs)
        self.b = PlainConvNorm(width, width, 3, stride, rngs)
        self.c = PlainConvNorm(width, 4 * width, 1, 1, rngs)
        projects = stride > 1 or inputs != 4 * width
        self.d = PlainConvNorm(inputs, 4 * width, 1, stride, rngs) if projects else nnx.data(None)

    def __call__(self, x: jax.Array, average: bool) -> jax.Array:
        """``average``: use the running averages."""
        shortcut = x if self.d is None else self.d(x, average)
        y = nnx.relu(self.b(nnx.relu(self.a(x, average)), average))
        return nnx.relu(self.c(y, average) + shortcut)


class PlainClassifier(nnx.Module):
    """What one writes first in Flax NNX; the same mathematics as cxrtui's `Classifier`."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.stem = PlainConvNorm(1, 64, 7, 2, rngs)
        blocks, inputs = [], 64
        for stage, count in enumerate(SIZES):
            for index in range(count):
                width = 64 * 2**stage
                blocks.append(PlainBlock(inputs, width, 2 if stage and not index else 1, rngs))
                inputs = 4 * width
        self.blocks = nnx.List(blocks)
        self.hidden, self.logits = nnx.Linear(2048, 256, rngs=rngs), nnx.Linear(256, 2, rngs=rngs)

    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Logits ``[N, 2]``."""
        x = nnx.relu(self.stem(x, not train))
        x = nnx.max_pool(x, (3, 3), (2, 2), padding=((1, 1), (1, 1)))
        for block in self.blocks:
            x = block(x, not train)
        return self.logits(nnx.relu(self.hidden(jnp.mean(x, axis=(1, 2)))))


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


def torch_network(channels: int = 1, classes: int = 2, hidden: int | None = 256) -> Any:
    """ResNet-50 v1.5 in PyTorch with torchvision's keys; without ``hidden``, one dense layer ``fc``."""
    from torch import nn

    class Block(nn.Module):
        def __init__(self, inputs: int, width: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(width)
            self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(width)
            self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
            self.bn3 = nn.BatchNorm2d(4 * width)
            self.downsample = None
            if stride > 1 or inputs != 4 * width:
                projection = nn.Conv2d(inputs, 4 * width, 1, stride, bias=False)
                self.downsample = nn.Sequential(projection, nn.BatchNorm2d(4 * width))

        def forward(self, x: Any) -> Any:
            y = self.bn1(self.conv1(x)).relu_()
            y = self.bn2(self.conv2(y)).relu_()
            return (self.bn3(self.conv3(y)) + (x if self.downsample is None else self.downsample(x))).relu_()

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
            self.bn1 = nn.BatchNorm2d(64)
            self.pool = nn.MaxPool2d(3, 2, 1)
            inputs = 64
            for stage, count in enumerate(SIZES):
                width, blocks = 64 * 2**stage, []
                for index in range(count):
                    blocks.append(Block(inputs, width, 2 if stage and not index else 1))
                    inputs = 4 * width
                setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
            self.fc = (
                nn.Sequential(nn.Linear(2048, hidden), nn.ReLU(), nn.Linear(hidden, classes))
                if hidden
                else nn.Linear(2048, classes)
            )

        def features(self, x: Any) -> Any:
            x = self.pool(self.bn1(self.conv1(x)).relu_())
            return self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean((2, 3))

        def forward(self, x: Any) -> Any:
            return self.fc(self.features(x))

    return Network()


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


def parity() -> None:
    """Save a PyTorch ResNet-50 with random weights and lively statistics, port it, and compare features and logits."""
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    network = torch_network(channels=3, classes=1000, hidden=None)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0.0, 0.3)
    pixels = torch.rand(2, 1, 97, 130)  # odd and oblong: borders differ
    mean, std = (torch.tensor(v, dtype=torch.float32).reshape(1, 3, 1, 1) for v in (IMAGENET.mean, IMAGENET.std))
    rgb = (pixels.expand(-1, 3, -1, -1) - mean) / std
    with torch.no_grad():
        for step in range(20):  # moves the running averages to where activations neither die nor explode
            network.train()(rgb * (1 + step / 10))
        expected, logits = network.eval().features(rgb).numpy(), network(rgb).numpy()

    ours = create(ClassifierSpec())
    with tempfile.TemporaryDirectory() as folder:
        save_file(network.state_dict(), Path(folder) / "torch.safetensors")
        backbone.load_torchvision(ours, Path(folder) / "torch.safetensors")
    graphdef, state = nnx.split(ours.backbone)
    images = normalise(jnp.asarray(pixels.numpy().transpose(0, 2, 3, 1)))
    features = np.asarray(jax.jit(lambda state: nnx.merge(graphdef, state).stages(images)["stage4"])(state))
    head = network.fc.weight.detach().numpy(), network.fc.bias.detach().numpy()
    for name, a, b in (("features", features, expected), ("logits", features @ head[0].T + head[1][None], logits)):
        print(f"{name} against PyTorch: largest difference {np.abs(a - b).max() / np.abs(b).max():.1e} of the largest")


def main() -> None:
    """Measure and print the table."""
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
    parser.add_argument("--parity", action="store_true", help="instead, compare ported weights with PyTorch's output")
    options = parser.parse_args()
    backend.prepare()
    if options.parity:
        parity()
        return
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
