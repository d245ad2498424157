"""Says where a network is cut in two, the frozen groups below and the rest above, and what features lie there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from cxrtui.net.classifier import POOLED, ClassifierSpec
from cxrtui.net.resnet import EXPANSION, GROUPS


@dataclass(frozen=True)
class Cut:
    """A place between two groups of a network.

    Attributes:
        name: as `Classifier.decode` takes it for `start`.
        group: the last group below the cut.
        shape: of one image's features, without the batch.
        dtype: of these, by name.
    """

    name: str
    group: str
    shape: tuple[int, ...]
    dtype: str

    @classmethod
    def of(cls, spec: ClassifierSpec, size: int) -> Cut | None:
        """Return the cut above the frozen groups of `spec`, for images of `size` pixels; None if none is frozen.

        Frozen batch normalisation uses its running averages, so that all below the cut is a function of single images.
        """
        if spec.freeze == "none":
            return None
        index = GROUPS.index(spec.freeze)
        if spec.freeze == GROUPS[-1]:
            return cls(POOLED, spec.freeze, (8 * EXPANSION * spec.width,), "float32")
        side = size
        for _ in range(2 + max(0, index - 1)):  # the stem halves twice, and each stage but the first once, rounding up
            side = -(-side // 2)
        channels = EXPANSION * spec.width * 2 ** (index - 1) if index else spec.width
        return cls(spec.freeze, spec.freeze, (side, side, channels), spec.dtype)

    @property
    def nbytes(self) -> int:
        """The bytes of one image's features."""
        return math.prod(self.shape) * jnp.dtype(self.dtype).itemsize

    def abstract(self, batch: int, sharding: Any) -> jax.ShapeDtypeStruct:
        """Return what a program is compiled for: the features of `batch` images."""
        return jax.ShapeDtypeStruct((batch, *self.shape), jnp.dtype(self.dtype), sharding=sharding)
