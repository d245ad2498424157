"""A ResNet's weights as torchvision would save them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

Tensors = dict[str, np.ndarray]


def torchvision_tensors(width: int, sizes: tuple[int, ...]) -> Tensors:
    """A narrow ResNet as torchvision would save it, spelled out here independently of the port's table."""
    random = np.random.default_rng(0)
    state: Tensors = {}

    def conv(key: str, outputs: int, inputs: int, size: int) -> None:
        deviation = (inputs * size * size) ** -0.5
        kernel = random.normal(0, deviation, (outputs, inputs, size, size))
        state[f"{key}.weight"] = kernel.astype(np.float32)

    def norm(key: str, features: int) -> None:
        for name, low, high in (("weight", 0.5, 1.5), ("bias", -0.5, 0.5), ("running_mean", -1, 1),
                                ("running_var", 0.5, 2)):  # fmt: skip
            state[f"{key}.{name}"] = random.uniform(low, high, features).astype(np.float32)
        state[f"{key}.num_batches_tracked"] = np.array(7, np.int64)

    conv("conv1", width, 3, 7)
    norm("bn1", width)
    inputs = width
    for stage, blocks in enumerate(sizes, start=1):
        inner = width * 2 ** (stage - 1)
        for block in range(blocks):
            key = f"layer{stage}.{block}"
            for index, (o, i, size) in enumerate(
                ((inner, inputs, 1), (inner, inner, 3), (4 * inner, inner, 1)), start=1
            ):
                conv(f"{key}.conv{index}", o, i, size)
                norm(f"{key}.bn{index}", o)
            if block == 0:
                conv(f"{key}.downsample.0", 4 * inner, inputs, 1)
                norm(f"{key}.downsample.1", 4 * inner)
            inputs = 4 * inner
    state["fc.weight"] = np.zeros((1000, inputs), np.float32)
    state["fc.bias"] = np.zeros(1000, np.float32)
    return state


def saved(tensors: Tensors, folder: Path) -> Path:
    path = folder / "resnet.safetensors"
    save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, path)
    return path
