"""Computes the loss of training, validation and evaluation: two-class softmax cross-entropy, weighted by class."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray


def class_weights(labels: NDArray[np.int32], mode: str) -> NDArray[np.float32]:
    """Return the weight of each class in the loss, float32 ``[2]``.

    ``balanced``: inversely proportional to the number of the class's films; the mean over all films is 1
    (scikit-learn's convention). ``none``: ones.
    """
    counts = np.bincount(labels, minlength=2)
    if mode == "none" or counts.min() == 0:
        return np.ones(2, np.float32)
    return (labels.size / (2.0 * counts)).astype(np.float32)


def cross_entropy(
    logits: jax.Array, labels: jax.Array, weights: jax.Array, smoothing: jax.Array | np.float32 | None = None
) -> jax.Array:
    """Return the weighted cross-entropy of each image, float32 ``[N]``: binary cross-entropy over two units.

    Args:
        logits: ``[N, 2]`` float32.
        labels: ``[N]`` int32.
        weights: ``[2]`` float32, by class.
        smoothing: label smoothing in (0, 1) (Szegedy et al., 2016), float32 scalar; None for none.
    """
    targets = jax.nn.one_hot(labels, 2, dtype=jnp.float32)
    if smoothing is not None:
        targets = optax.smooth_labels(targets, jnp.asarray(smoothing))
    losses: jax.Array = optax.softmax_cross_entropy(logits, targets)
    return losses * weights[labels]


_each = jax.jit(cross_entropy)


def mean_loss(
    logits: NDArray[np.float32], labels: NDArray[np.int32], weights: NDArray[np.float32], smoothing: np.float32 | None
) -> float:
    """Return the mean of `cross_entropy` over the evaluated images, summed in float64; NaN if there are none."""
    if not len(labels):
        return float("nan")
    return float(np.mean(np.asarray(_each(logits, labels, weights, smoothing), np.float64)))
