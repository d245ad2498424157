"""This module turns stored images into the network's input, on the device, inside the jitted step.

All geometric changes are one affine map and one bilinear sampling of the stored uint8; contrast and brightness follow.
Points outside the image are black. The four neighbours of a pixel are first packed into one 32-bit word, so that a
sample needs one gather instead of four: on a CPU, the gather takes most of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from cxrtui.settings.config import AugmentConfig

Scalar = Array | np.float32


def scalar(value: float) -> np.float32 | None:
    """Return `value` as an argument of a compiled program; for 0, return None, which switches that change off."""
    return np.float32(value) if value else None


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Strengths:
    """The settings of `AugmentConfig` as arguments of a compiled program: float32 scalars, or None where one is off."""

    rotation: Scalar | None = None
    flip: Scalar | None = None
    brightness: Scalar | None = None
    contrast: Scalar | None = None
    scale: Scalar | None = None
    translation: Scalar | None = None

    @classmethod
    def of(cls, config: AugmentConfig) -> Strengths:
        """Return the strengths that `config` sets, as host values."""
        return cls(
            rotation=scalar(config.rotation), flip=scalar(config.flip), brightness=scalar(config.brightness),
            contrast=scalar(config.contrast), scale=scalar(config.scale), translation=scalar(config.translation),
        )  # fmt: skip

    @property
    def moves(self) -> bool:
        """Whether any geometric change is on."""
        return any(strength is not None for strength in (self.rotation, self.flip, self.scale, self.translation))


def resample(images: Array, size: int) -> Array:
    """Return stored images as the network sees them in validation, test and `classify`.

    Args:
        images: uint8 `[B, S, S]`.
        size: side of the result, pixels.

    Returns:
        float32 `[B, size, size, 1]` in [0, 1].
    """
    identity = jnp.broadcast_to(jnp.asarray([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], jnp.float32), (images.shape[0], 2, 3))
    return _sample(images, identity, size)


def augment(images: Array, key: Array, strengths: Strengths, size: int) -> Array:
    """Resample images and change each at random within `strengths`; with all of them off, this equals `resample`.

    Args:
        images: uint8 `[B, S, S]`.
        key: a typed PRNG key; image `i` of the batch draws from ``fold_in(key, i)``, once per setting.
        strengths: how strong each change is; a change that is off takes no time.
        size: side of the result, pixels.

    Returns:
        float32 `[B, size, size, 1]` in [0, 1].
    """
    return augment_each(images, fold_each(key, jnp.arange(images.shape[0], dtype=jnp.uint32)), strengths, size)


def fold_each(key: Array, numbers: Array) -> Array:
    """Return a key for each of `numbers`, uint32 ``[B]``: ``fold_in(key, number)``."""
    keys: Array = jax.vmap(lambda number: jax.random.fold_in(key, number))(numbers)
    return keys


def augment_each(images: Array, keys: Array, strengths: Strengths, size: int) -> Array:
    """Augment as `augment` does, with a key of its own for each image, ``[B]``."""

    def draw(setting: int, low: Scalar | float, high: Scalar | float) -> Array:
        """Return float32 `[B]`, uniform in [low, high)."""

        def one(own: Array) -> Array:
            return jax.random.uniform(jax.random.fold_in(own, setting), (), jnp.float32, low, high)

        return jax.vmap(one)(keys)

    result = (
        _sample(images, _maps(draw, strengths, images.shape[0]), size) if strengths.moves else resample(images, size)
    )
    if strengths.contrast is not None:
        factor = draw(5, 1.0 - strengths.contrast, 1.0 + strengths.contrast)[:, None, None, None]
        result = (result - 0.5) * factor + 0.5
    if strengths.brightness is not None:
        result = result + draw(6, -strengths.brightness, strengths.brightness)[:, None, None, None]
    return result if strengths.contrast is None and strengths.brightness is None else jnp.clip(result, 0.0, 1.0)


def _maps(draw: Callable[[int, Scalar | float, Scalar | float], Array], strengths: Strengths, count: int) -> Array:
    """Return affine maps, float32 `[B, 2, 3]`, from result to image coordinates; the centre is 0, the size 1."""
    zero = jnp.zeros((count,), jnp.float32)

    def symmetric(setting: int, strength: Scalar | None) -> Array:
        return zero if strength is None else draw(setting, -strength, strength)

    angle = zero if strengths.rotation is None else symmetric(0, strengths.rotation) * (jnp.pi / 180.0)
    mirror = zero + 1.0
    if strengths.flip is not None:
        mirror = jnp.where(draw(1, 0.0, 1.0) < strengths.flip, -1.0, 1.0).astype(jnp.float32)
    zoom = zero + 1.0
    if strengths.scale is not None:  # exp of a symmetric draw: each factor is as likely as its inverse
        zoom = jnp.exp(draw(2, -1.0, 1.0) * jnp.log1p(strengths.scale))
    right, down = symmetric(3, strengths.translation), symmetric(4, strengths.translation)
    cosine, sine = jnp.cos(angle) * zoom, jnp.sin(angle) * zoom
    along = jnp.stack([cosine * mirror, -sine, right], axis=-1)
    across = jnp.stack([sine * mirror, cosine, down], axis=-1)
    return jnp.stack([along, across], axis=-2)


def _sample(images: Array, maps: Array, size: int) -> Array:
    """Sample uint8 `[B, S, S]` bilinearly through `maps` (see `_maps`) to float32 `[B, size, size, 1]` in [0, 1]."""
    count, stored = images.shape[0], images.shape[1]
    wide = stored + 2
    padded = jnp.pad(images, ((0, 0), (1, 2), (1, 2))).astype(jnp.uint32)
    packed = (
        padded[:, :-1, :-1]
        | (padded[:, :-1, 1:] << jnp.uint32(8))
        | (padded[:, 1:, :-1] << jnp.uint32(16))
        | (padded[:, 1:, 1:] << jnp.uint32(24))
    ).reshape(count, wide * wide)
    centre = (jnp.arange(size, dtype=jnp.float32) + 0.5) / size - 0.5
    x, y = centre[None, None, :], centre[None, :, None]

    def place(row: int) -> tuple[Array, Array]:
        """Return the left or upper neighbour's index in the padded image, int32, and the other's share, float32."""
        a, b, c = (maps[:, row, column, None, None] for column in range(3))
        exact = jnp.clip((a * x + b * y + c + 0.5) * stored + 0.5, 0.0, stored + 1.0)
        whole = jnp.floor(exact)
        return whole.astype(jnp.int32), exact - whole

    (left, over), (upper, under) = place(0), place(1)
    index = (upper * wide + left).reshape(count, size * size)
    four = jnp.take_along_axis(packed, index, axis=1, mode="promise_in_bounds").reshape(count, size, size)
    a, b, c, d = (((four >> jnp.uint32(shift)) & jnp.uint32(255)).astype(jnp.float32) for shift in (0, 8, 16, 24))
    top, bottom = a + (b - a) * over, c + (d - c) * over
    result: Array = (top + (bottom - top) * under) * jnp.float32(1.0 / 255.0)
    return result[..., None]
