"""Fits the weights by which films are recognised: principal components, a network on them, and three densities."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.utils.extmath import randomized_svd

from cxrtui.data.frontal.features import TONE
from cxrtui.data.frontal.model import CLASSES, Weights

COMPONENTS = 128
HIDDEN = 48
DECAY = 1.0
EPOCHS = 20
_ENOUGH = 2500  # samples from which components are found
_OF_FILMS, _OF_OTHERS, _OF_TONE = 0.3, 0.05, 0.1
"""How far each density is drawn to one that is alike in all directions."""


def fit(features: np.ndarray, classes: np.ndarray, seed: int) -> Weights:
    """Return the weights that samples give; a class without samples is never likely."""
    center, components = _principal(features, seed)
    reduced = ((features - center) @ components).astype(np.float32)
    network = MLPClassifier((HIDDEN,), alpha=DECAY, batch_size=256, learning_rate_init=2e-3, max_iter=EPOCHS,
                            random_state=seed)  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(reduced, classes)
    out = np.zeros((HIDDEN, len(CLASSES)), np.float32)
    bias = np.full(len(CLASSES), -100, np.float32)
    out[:, network.classes_], bias[network.classes_] = network.coefs_[1], network.intercepts_[1]
    films = classes == 0
    tone = features[:, -TONE:]
    scale = tone.std(axis=0) + 1e-6
    tone_center, tone_whitener = _density(tone[films] / scale, _OF_TONE)
    return Weights(
        center, components, np.float32(network.coefs_[0]), np.float32(network.intercepts_[0]), out, bias,
        *_density(reduced[films], _OF_FILMS), *_density(reduced[~films], _OF_OTHERS),
        tone_center * scale, tone_whitener / scale[:, None],
    )  # fmt: skip


def _principal(features: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of features, and their principal components ``[D, COMPONENTS]`` with deviations of 1."""
    rng = np.random.default_rng(seed)
    chosen = features[np.sort(rng.permutation(len(features))[:_ENOUGH])]
    center = chosen.mean(axis=0)
    _, spread, axes = randomized_svd(chosen - center, COMPONENTS, n_iter=2, random_state=seed)
    return center.astype(np.float32), (axes.T / spread * np.sqrt(len(chosen))).astype(np.float32)


def _density(values: np.ndarray, drawn: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of ``[N, P]`` and what makes them independent with deviations of 1, ``[P, P]``."""
    covariance = np.cov(values.T, dtype=np.float64)
    even = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    root = np.linalg.cholesky((1 - drawn) * covariance + drawn * even)
    return values.mean(axis=0).astype(np.float32), np.linalg.inv(root).T.astype(np.float32)
