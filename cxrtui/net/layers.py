"""Convolution and dropout. Arrays are NHWC, kernels HWIO, parameters float32."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from cxrtui.net.convolution import convolve
from cxrtui.net.shapes import array


def _he_normal(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Return the bits of ``nnx.initializers.variance_scaling(2.0, "fan_out", "normal")``.

    It draws a flat array: with four axes, a program that draws all kernels of a network takes much longer to compile.
    """
    size, _, _, outputs = shape
    deviation = np.sqrt(np.float32(2.0 / (size * size * outputs)))
    flat: jax.Array = jax.random.normal(key, (math.prod(shape),), jnp.float32) * deviation
    return flat.reshape(shape)


class Conv(nnx.Module):
    """A square convolution without bias, padded by ``size // 2``, in the compute dtype of its input.

    He-normal initialisation over the fan-out (He et al. 2015, arXiv:1502.01852).
    """

    def __init__(self, inputs: int, outputs: int, size: int, stride: int = 1, *, rngs: nnx.Rngs) -> None:
        self.stride = stride
        self.padding = size // 2
        shape = (size, size, inputs, outputs)
        self.kernel = nnx.Param(array(shape, lambda: _he_normal(rngs.params(), shape)))

    def __call__(self, images: jax.Array) -> jax.Array:
        """Convolve ``[N, H, W, inputs]`` to ``[N, ceil(H / stride), ceil(W / stride), outputs]``."""
        return convolve(images, self.kernel[...], self.stride, self.padding)


class Dropout(NamedTuple):
    """Dropout of one training step. Both are arguments of the compiled step, so another rate needs no compilation.

    Attributes:
        key: a typed PRNG key. It is explicit, so that a module holds no random state and a step is a function of
            (seed, step).
        rate: the share of units that is set to zero, float32 scalar, above 0 and below 1.
    """

    key: jax.Array
    rate: jax.Array | np.float32


def dropout(features: jax.Array, how: Dropout) -> jax.Array:
    """Set a share ``how.rate`` of ``features`` to zero and scale the rest by ``1 / (1 - rate)``.

    Source: Srivastava et al. 2014, JMLR 15.
    """
    kept = jax.random.bernoulli(how.key, 1.0 - how.rate, features.shape)
    # This multiplies by the reciprocal, as XLA does for a division by a constant, so both give the same bits.
    return jnp.where(kept, features * (1.0 / (1.0 - how.rate)), jnp.zeros_like(features))
