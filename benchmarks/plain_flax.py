"""The classifier as one writes it first in Flax NNX: the peer of `train_step`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

SIZES = (3, 4, 6, 3)


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
