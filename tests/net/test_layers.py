"""Each layer against the textbook operation."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import lax

from cxrtui.net.convolution import convolve
from cxrtui.net.layers import BatchNorm, Conv, Dropout, dropout, max_pool, normalise_batch, normalising_shares


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


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("with_shortcut", [False, True])
def test_batch_norm_gradient_is_that_of_the_plain_formula(relu: bool, with_shortcut: bool) -> None:
    images = noise(0, 3, 4, 5, 6) * 2 + 1
    scale, bias = noise(1, 6), noise(2, 6)
    shortcut = noise(3, 3, 4, 5, 6) if with_shortcut else None
    weights = noise(4, 3, 4, 5, 6)

    def plain(images: jax.Array, scale: jax.Array, bias: jax.Array, shortcut: jax.Array | None) -> jax.Array:
        mean = jnp.mean(images, (0, 1, 2), keepdims=True)
        variance = jnp.var(images, (0, 1, 2), keepdims=True)
        y = (images - mean) / jnp.sqrt(variance + 1e-5) * scale.reshape(1, 1, 1, -1) + bias.reshape(1, 1, 1, -1)
        y = y if shortcut is None else y + shortcut
        return jax.nn.relu(y) if relu else y

    expected, expected_vjp = jax.vjp(plain, images, scale, bias, shortcut)
    actual, actual_vjp = jax.vjp(
        lambda *arguments: normalise_batch(*arguments, relu, 1e-5)[0], images, scale, bias, shortcut
    )
    np.testing.assert_allclose(actual, expected, atol=1e-5)
    for ours, theirs in zip(jax.tree.leaves(actual_vjp(weights)), jax.tree.leaves(expected_vjp(weights)), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)


def test_batch_norm_keeps_its_precision_where_the_mean_is_large() -> None:
    images = noise(0, 8, 16, 16, 2) * 0.1 + 1000.0
    _, _, variance = normalise_batch(images, jnp.ones(2), jnp.zeros(2), None, False, 1e-5)
    np.testing.assert_allclose(variance, np.var(np.asarray(images, np.float64), (0, 1, 2)), rtol=1e-2)


def test_running_averages_move_a_tenth_and_the_variance_is_unbiased() -> None:
    norm = BatchNorm(3)
    images = noise(0, 2, 2, 2, 3) + 2.0
    norm(images, train=True)
    values = np.asarray(images).reshape(-1, 3)
    np.testing.assert_allclose(norm.mean[...], 0.1 * values.mean(0), rtol=1e-5)
    np.testing.assert_allclose(norm.var[...], 0.9 + 0.1 * values.var(0, ddof=1), rtol=1e-5)

    before = np.asarray(norm.mean[...])
    norm(images, train=False)
    np.testing.assert_array_equal(norm.mean[...], before)


def test_each_share_of_a_batch_can_be_normalised_by_itself() -> None:
    images, shortcut, weights = (noise(seed, 6, 4, 4, 3) * seed for seed in (1, 2, 3))
    first = noise(4, 3)

    def apply(scale: jax.Array, images: jax.Array, shortcut: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        layer = BatchNorm(3, relu=True)
        layer.scale[...] = scale
        return layer(images, shortcut, train=True), layer.mean[...], layer.var[...]

    parts = [slice(0, 2), slice(2, 4), slice(4, 6)]
    apart = [jax.vjp(apply, first, images[part], shortcut[part]) for part in parts]
    with normalising_shares(3):
        (outputs, mean, variance), pull = jax.vjp(apply, first, images, shortcut)
    np.testing.assert_allclose(outputs, np.concatenate([found[0] for found, _ in apart]), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(mean, np.mean([found[1] for found, _ in apart], axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(variance, np.mean([found[2] for found, _ in apart], axis=0), rtol=1e-5, atol=1e-6)
    none = jnp.zeros(3)
    scale, *others = pull((weights, none, none))
    pulled = [back((weights[part], none, none)) for part, (_, back) in zip(parts, apart, strict=True)]
    np.testing.assert_allclose(scale, sum(found[0] for found in pulled), rtol=1e-4, atol=1e-4)
    for place, other in enumerate(others, 1):
        np.testing.assert_allclose(other, np.concatenate([found[place] for found in pulled]), rtol=1e-4, atol=1e-5)
    assert np.abs(outputs - apply(first, images, shortcut)[0]).max() > 0.1  # by the whole batch


def test_batch_norm_in_bfloat16_keeps_float32_statistics() -> None:
    norm = BatchNorm(4, relu=True)
    images = (noise(0, 2, 8, 8, 4) + 3.0).astype(jnp.bfloat16)
    assert norm(images, train=True).dtype == jnp.bfloat16
    assert norm.mean[...].dtype == norm.var[...].dtype == jnp.float32
    expected = np.asarray(images, np.float32).mean((0, 1, 2))
    np.testing.assert_allclose(norm.mean[...], 0.1 * expected, rtol=1e-5)


@pytest.mark.parametrize("side", [8, 9])
def test_max_pool_and_its_gradient(side: int) -> None:
    images = noise(0, 2, side, side, 3)

    def textbook(images: jax.Array) -> jax.Array:
        return lax.reduce_window(
            images, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), ((0, 0), (1, 1), (1, 1), (0, 0))
        )

    expected, expected_vjp = jax.vjp(textbook, images)
    actual, actual_vjp = jax.vjp(max_pool, images)
    np.testing.assert_array_equal(actual, expected)
    weights = noise(1, *expected.shape)
    np.testing.assert_allclose(actual_vjp(weights)[0], expected_vjp(weights)[0], atol=1e-6)


def test_max_pool_has_one_winner_and_lets_nan_through() -> None:
    gradient = jax.grad(lambda images: jnp.sum(max_pool(images)))(jnp.ones((1, 2, 2, 1)))
    np.testing.assert_array_equal(gradient[0, ..., 0], [[1.0, 0.0], [0.0, 0.0]])
    for pixel in range(4):
        broken = jnp.zeros(4).at[pixel].set(jnp.nan).reshape(1, 2, 2, 1)
        assert jnp.isnan(max_pool(broken)).all()


def test_dropout_is_a_function_of_its_key_and_keeps_the_mean() -> None:
    ones = jnp.ones((100, 100))
    rate = jnp.float32(0.25)
    once = dropout(ones, Dropout(jax.random.key(1), rate))
    np.testing.assert_array_equal(once, dropout(ones, Dropout(jax.random.key(1), rate)))
    assert not np.array_equal(once, dropout(ones, Dropout(jax.random.key(2), rate)))
    assert set(np.unique(once)) == {np.float32(0.0), np.float32(1 / 0.75)}
    assert float(jnp.mean(once)) == pytest.approx(1.0, abs=0.03)
