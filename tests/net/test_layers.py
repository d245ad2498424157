"""Each layer against the textbook operation."""

from __future__ import annotations

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import lax

from cxrtui.net.convolution import convolve
from cxrtui.net.layers import Conv, Dropout, dropout


def noise(seed: int, *shape: int) -> jax.Array:
    return jax.random.normal(jax.random.key(seed), shape)


@pytest.mark.slow
@pytest.mark.parametrize(("size", "stride"), [(1, 1), (1, 2), (3, 1), (3, 2), (7, 2)])
@pytest.mark.parametrize("side", [12, 13])
def test_convolution_and_its_gradients_are_the_textbook_ones(size: int, stride: int, side: int) -> None:
    images, kernel = noise(0, 2, side, side + 3, 4), noise(1, size, size, 4, 5)
    pad = size // 2

    def textbook(images: jax.Array, kernel: jax.Array) -> jax.Array:
        return lax.conv_general_dilated(
            images, kernel, (stride, stride), ((pad, pad), (pad, pad)), dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    expected, expected_vjp = jax.vjp(textbook, images, kernel)
    actual, actual_vjp = jax.vjp(lambda x, k: convolve(x, k, stride, pad), images, kernel)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)
    weights = noise(2, *expected.shape)
    for ours, theirs in zip(actual_vjp(weights), expected_vjp(weights), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-4)


SHAPES = [(7, 7, 1, 8), (7, 7, 3, 8), (1, 1, 8, 8), (3, 3, 8, 8), (1, 1, 8, 32), (1, 1, 32, 16), (3, 3, 5, 12)]


def kernels(key: jax.Array) -> list[jax.Array]:
    return [Conv(inputs, outputs, size, rngs=nnx.Rngs(key)).kernel[...] for size, _, inputs, outputs in SHAPES]


@pytest.mark.parametrize("seed", [0, 7])
def test_kernels_are_those_of_the_he_normal_initializer_to_the_bit(seed: int) -> None:
    def expected(key: jax.Array) -> list[jax.Array]:
        initializer = nnx.initializers.variance_scaling(2.0, "fan_out", "normal")
        return [initializer(nnx.Rngs(key).params(), shape, jnp.float32) for shape in SHAPES]

    for ours, theirs in zip(*(jax.jit(made)(jax.random.key(seed)) for made in (kernels, expected)), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_kernels_are_drawn_flat() -> None:
    drawn = re.findall(r"erf_inv .* -> tensor<(.*)xf32>", jax.jit(kernels).lower(jax.random.key(0)).as_text())
    assert drawn == [str(math.prod(shape)) for shape in SHAPES]


def test_padding_is_symmetric_where_same_is_not() -> None:
    conv = Conv(1, 1, 3, 2, rngs=nnx.Rngs(0))
    conv.kernel[...] = jnp.zeros((3, 3, 1, 1)).at[0, 0].set(1.0)  # picks the upper left neighbour
    images = jnp.arange(16.0).reshape(1, 4, 4, 1)
    # (1, 1): windows begin at -1 and 1. SAME pads (0, 1), so its windows begin at 0 and 2.
    np.testing.assert_array_equal(conv(images)[0, ..., 0], [[0.0, 0.0], [0.0, 5.0]])
    same = lax.conv_general_dilated(
        images, conv.kernel[...], (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    np.testing.assert_array_equal(same[0, ..., 0], [[0.0, 2.0], [8.0, 10.0]])


def test_dropout_is_a_function_of_its_key_and_keeps_the_mean() -> None:
    ones = jnp.ones((100, 100))
    rate = jnp.float32(0.25)
    once = dropout(ones, Dropout(jax.random.key(1), rate))
    np.testing.assert_array_equal(once, dropout(ones, Dropout(jax.random.key(1), rate)))
    assert not np.array_equal(once, dropout(ones, Dropout(jax.random.key(2), rate)))
    assert set(np.unique(once)) == {np.float32(0.0), np.float32(1 / 0.75)}
    assert float(jnp.mean(once)) == pytest.approx(1.0, abs=0.03)
