"""Max pooling against the textbook operation."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from cxrtui.net.pooling import max_pool
from tests.net.test_layers import noise


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
