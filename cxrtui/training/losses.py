"""Two-class softmax cross-entropy: binary cross-entropy over two units."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray


def class_weights(labels: NDArray[np.int32], mode: str) -> NDArray[np.float32]:
    """Weight of each class in the loss, float32 ``[2]``.

    ``balanced``: inversely proportional to the class's films, mean over the films 1 (scikit-learn's convention).
    ``none``: ones.
    """
    counts = np.bincount(labels, minlength=2)
    if mode == "none" or counts.min() == 0:
        return np.ones(2, np.float32)
    return (labels.size / (2.0 * counts)).astype(np.float32)


def cross_entropy(logits: jax.Array, labels: jax.Array, weights: jax.Array, smoothing: float) -> jax.Array:
    """Weighted cross-entropy of each film, float32 ``[N]``.

    Args:
        logits: ``[N, 2]`` float32.
        labels: ``[N]`` int32.
        weights: ``[2]`` float32, by class.
        smoothing: label smoothing in [0, 1) (Szegedy et al., 2016).
    """
    targets = optax.smooth_labels(jax.nn.one_hot(labels, 2, dtype=jnp.float32), smoothing)
    losses: jax.Array = optax.softmax_cross_entropy(logits, targets)
    return losses * weights[labels]
