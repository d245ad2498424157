"""Mixes the films of a batch in pairs, and their losses alike (mixup; Zhang et al., 2018, arXiv:1710.09412).

A network that has to say how much of each class is in a mixture cannot learn single films by heart. This belongs to the
training step and not to `data.augment`, because it changes the labels too.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np


def shares(key: jax.Array, alpha: jax.Array | np.float32, count: int) -> jax.Array:
    """Return how much each film keeps of itself, float32 ``[count]`` in [0.5, 1].

    The shares are of ``Beta(alpha, alpha)``, or one minus that if it is less than a half: so a film stays the larger
    part of its mixture, and the accuracy of a training step counts its label.
    """
    drawn = jax.random.beta(key, alpha, alpha, (count,), jnp.float32)
    return jnp.maximum(drawn, 1.0 - drawn)


def mixed(values: jax.Array, others: jax.Array, share: jax.Array) -> jax.Array:
    """Return ``share`` of ``values`` and the rest of ``others``, by the first axis; the other axes are those of values.

    Args:
        values: ``[N, ...]`` float32.
        others: shaped like ``values``.
        share: ``[N]`` float32.
    """
    kept = share.reshape(-1, *(1,) * (values.ndim - 1))
    return kept * values + (1.0 - kept) * others


def partners(batch: jax.Array) -> jax.Array:
    """Return what each film of a batch ``[N, ...]`` is mixed with: the one before it, as their order is random."""
    return jnp.roll(batch, 1, axis=0)
