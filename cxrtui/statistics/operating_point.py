"""Chooses a threshold by a rule, and evaluates predictions at one: counts, accuracy, sensitivity, specificity.

The terms are those of STARD 2015 (Bossuyt et al., BMJ 351:h5527): sensitivity = TP / (TP + FN), specificity =
TN / (TN + FP). A threshold must be chosen on other films than it is evaluated on, or it looks better than it is
(Leeflang et al., Clinical Chemistry 54, 2008).

Every rule takes a threshold midway between two scores, so that small differences of arithmetic move no film across it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

THRESHOLD = 0.5  # of the probability of the positive class


def confusion(
    labels: NDArray[np.integer[Any]], probabilities: NDArray[np.floating[Any]], threshold: float = THRESHOLD
) -> dict[str, int]:
    """Count the predictions at an operating point.

    Args:
        labels: ``[N]`` integers, 1 is positive.
        probabilities: ``[N]`` floats, of the positive class.
        threshold: a film is predicted positive at or above it.

    Returns:
        ``tp, fp, tn, fn, positive, negative, films``.
    """
    predicted = np.asarray(probabilities) >= threshold
    truth = np.asarray(labels) == 1
    tp, fp = int(np.sum(predicted & truth)), int(np.sum(predicted & ~truth))
    fn, tn = int(np.sum(~predicted & truth)), int(np.sum(~predicted & ~truth))
    return {"tp": tp, "fp": fp, "tn": tn, "fn": fn, "positive": tp + fn, "negative": tn + fp, "films": truth.size}


def rates(counts: Mapping[str, int]) -> dict[str, float]:
    """Return ``accuracy, sensitivity, specificity`` from the counts of `confusion`; NaN if there is no such film."""

    def share(some: int, whole: int) -> float:
        return some / whole if whole else float("nan")

    return {
        "accuracy": share(counts["tp"] + counts["tn"], counts["films"]),
        "sensitivity": share(counts["tp"], counts["positive"]),
        "specificity": share(counts["tn"], counts["negative"]),
    }


def youden(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the threshold of the largest sensitivity + specificity (Youden, Cancer 3, 1950); the lowest of several.

    Args:
        labels: ``[N]`` integers, 1 is positive; films of both classes.
        probabilities: ``[N]`` finite numbers, of the positive class.
    """
    sensitivity, specificity, thresholds = _course(labels, probabilities)
    return _last_largest(sensitivity + specificity, thresholds)


def at_sensitivity(labels: ArrayLike, probabilities: ArrayLike, least: float) -> float:
    """Return the highest threshold whose sensitivity is at least `least`; arguments as `youden`."""
    sensitivity, _, thresholds = _course(labels, probabilities)
    return float(thresholds[np.argmax(sensitivity >= least - _SLACK)])  # it rises along the course


def at_specificity(labels: ArrayLike, probabilities: ArrayLike, least: float) -> float:
    """Return the lowest threshold whose specificity is at least `least`; arguments as `youden`."""
    _, specificity, thresholds = _course(labels, probabilities)
    return float(thresholds[np.flatnonzero(specificity >= least - _SLACK)[-1]])  # it falls along the course


def least_cost(labels: ArrayLike, probabilities: ArrayLike, missed: float, alarm: float) -> float:
    """Return the threshold at which these films cost least, the lowest of several (Metz, Semin. Nucl. Med. 8, 1978).

    Args:
        labels: as `youden`; the share of positive films counts.
        probabilities: as `youden`.
        missed: what a positive film that is predicted negative costs.
        alarm: what a negative film that is predicted positive costs.
    """
    truth = np.asarray(labels) == 1
    sensitivity, specificity, thresholds = _course(labels, probabilities)
    cost = missed * truth.sum() * (1 - sensitivity) + alarm * (~truth).sum() * (1 - specificity)
    return _last_largest(-cost, thresholds)


_SLACK = 1e-12  # of a fraction: 0.95 of 20 films are 19, whatever floats say


def _course(
    labels: ArrayLike, probabilities: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return sensitivity, specificity and threshold from "none is positive" to "all are", each ``[K]``.

    Raises:
        ValueError: a class has no film.
    """
    truth, scores = np.asarray(labels) == 1, np.asarray(probabilities, np.float64)
    positive, negative = int(truth.sum()), int((~truth).sum())
    if not (positive and negative):
        raise ValueError("an operating point needs films of both classes")
    values, place = np.unique(-scores, return_inverse=True)
    values = -values  # from high to low
    tp = np.r_[0, np.cumsum(np.bincount(place[truth], minlength=len(values)))]
    fp = np.r_[0, np.cumsum(np.bincount(place[~truth], minlength=len(values)))]
    above = np.nextafter(values[0], np.inf) if values[0] >= 1.0 else (values[0] + 1.0) / 2
    thresholds = np.r_[above, (values[:-1] + values[1:]) / 2, values[-1]]
    return tp / positive, 1.0 - fp / negative, thresholds


def _last_largest(values: NDArray[np.float64], thresholds: NDArray[np.float64]) -> float:
    return float(thresholds[np.flatnonzero(values >= values.max() - _SLACK)[-1]])
