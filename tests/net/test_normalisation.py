"""Batch normalisation against the textbook operation."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cxrtui.net.normalisation import BatchNorm, normalise_batch, normalising_shares
from tests.net.test_layers import noise


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
