"""Logits of many films: one compiled program, fixed batches, the last one padded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from cxrtui.data.augment import resample
from cxrtui.data.loader import Feed
from cxrtui.net import freeze
from cxrtui.net.programs import Programs, kind
from cxrtui.net.resnet import normalise

Weights = dict[str, Any]  # {"trainable", "frozen", "statistics"}: the network's three pytrees
Forward = Callable[[Weights, jax.Array], jax.Array]
_PROGRAMS: Programs[Forward] = Programs()


class Predictor:
    """Compiled inference for one network, input size and batch; weights are an argument, so training shares it."""

    def __init__(self, graphdef: Any, size: int, side: int, batch: int) -> None:
        self.graphdef, self.size, self.side, self.batch = graphdef, size, side, batch
        self._forward: Forward | None = None

    def compile(self, weights: Weights) -> Forward:
        """The program for `weights`, compiled now rather than at the first batch; they may be shapes."""
        graphdef, size = self.graphdef, self.size
        images = jax.ShapeDtypeStruct((self.batch, self.side, self.side), jnp.uint8)

        def forward(weights: Weights, images: jax.Array) -> jax.Array:
            network = freeze.merge(graphdef, weights["trainable"], weights["frozen"], weights["statistics"])
            return network(normalise(resample(images, size)))

        def compiled() -> Forward:
            program: Forward = jax.jit(forward).lower(weights, images).compile()
            return program

        self._forward = _PROGRAMS.get((graphdef, size, self.side, self.batch, kind(weights)), compiled)
        return self._forward

    def __call__(self, weights: Weights, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits float32 ``[n, 2]`` of at most `batch` films, uint8 ``[n, side, side]``."""
        forward = self._forward or self.compile(weights)
        count = len(images)
        if count < self.batch:
            padding = np.zeros((self.batch - count, self.side, self.side), np.uint8)
            images = np.concatenate([images, padding])
        return np.asarray(forward(weights, jax.device_put(images)))[:count]

    def over(self, weights: Weights, feed: Feed) -> Iterator[NDArray[np.float32]]:
        """Logits of the part that `feed` holds, batch by batch, in order; the caller may stop between two."""
        forward = self._forward or self.compile(weights)
        count = len(feed.part)
        for start in range(0, count, self.batch):
            indices = np.minimum(np.arange(start, start + self.batch, dtype=np.int32), count - 1)
            yield np.asarray(forward(weights, feed.batch(indices).images))[: count - start]


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities float64 ``[N, classes]``; NaN, and no warning, where logits are not finite."""
    with np.errstate(invalid="ignore"):
        shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
        powers = np.exp(shifted)
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
