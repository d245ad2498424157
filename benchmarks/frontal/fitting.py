"""Fits the weights by which films are recognised: principal components, then a network of one hidden layer."""

from __future__ import annotations

import warnings

import numpy as np
from samples import Samples
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.utils.extmath import randomized_svd

from cxrtui.data.frontal.model import CLASSES, Weights

COMPONENTS = 128
HIDDEN = 48
DECAY = 1.0
EPOCHS = 25
AXES = 24  # along which the distance from frontal films is measured
_ENOUGH = 3000  # samples from which components are found


def fit(samples: Samples, seed: int) -> Weights:
    """The weights that `samples` give; a class without samples is never likely."""
    rng = np.random.default_rng(seed)
    center, spread, axes = _principal(samples.features, COMPONENTS, rng, seed)
    components = (axes / np.sqrt(spread)[:, None]).T.astype(np.float32)
    films = samples.features[samples.classes == 0]
    film_center, film_spread, film_axes = _principal(films, AXES, rng, seed)
    away = films[rng.permutation(len(films))[:_ENOUGH]] - film_center
    rest = float(np.median((away**2).sum(axis=1) - ((away @ film_axes.T) ** 2).sum(axis=1)))
    network = MLPClassifier((HIDDEN,), alpha=DECAY, batch_size=256, learning_rate_init=2e-3, max_iter=EPOCHS,
                            random_state=seed)  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(((samples.features - center) @ components).astype(np.float32), samples.classes)
    out = np.zeros((HIDDEN, len(CLASSES)), np.float32)
    bias = np.full(len(CLASSES), -100, np.float32)
    out[:, network.classes_], bias[network.classes_] = network.coefs_[1], network.intercepts_[1]
    return Weights(center, components, np.float32(network.coefs_[0]), np.float32(network.intercepts_[0]), out, bias,
                   film_center, film_axes.T, film_spread, rest)  # fmt: skip


def _principal(
    features: np.ndarray, count: int, rng: np.random.Generator, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, standard deviations along the first `count` axes, and the axes ``[count, D]``."""
    chosen = features[np.sort(rng.permutation(len(features))[:_ENOUGH])]
    center = chosen.mean(axis=0)
    _, spread, axes = randomized_svd(chosen - center, count, n_iter=3, random_state=seed)
    return center.astype(np.float32), (spread / np.sqrt(len(chosen))).astype(np.float32), axes.astype(np.float32)
