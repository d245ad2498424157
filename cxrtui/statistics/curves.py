"""Gives the points of the curves that a report draws: precision-recall, and net benefit of a decision.

The ROC curve and the histogram of scores are in `ranking`, the reliability table in `calibration`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def precision_recall_points(labels: ArrayLike, scores: ArrayLike, most: int = 128) -> NDArray[np.float64]:
    """Return points of the precision-recall curve, from the highest score to the lowest; none without a positive film.

    Args:
        labels: ``[N]`` integers, 1 is positive.
        scores: ``[N]`` floats, higher for films that are more likely positive.
        most: largest number of points; of more, those at even distances of the recall are kept.

    Returns:
        ``[P, 2]`` float64: recall, ascending, and precision.
    """
    truth, values = np.asarray(labels) == 1, np.asarray(scores, np.float64)
    if not truth.any() or not np.isfinite(values).all():
        return np.zeros((0, 2))
    order = np.argsort(-values, kind="stable")
    ends = np.r_[np.diff(values[order]) != 0, True]  # the last film of each score
    found = np.cumsum(truth[order])[ends]
    points: NDArray[np.float64] = np.column_stack([found / truth.sum(), found / (np.flatnonzero(ends) + 1)])
    if len(points) <= most:
        return points
    kept = np.searchsorted(points[:, 0], np.linspace(points[0, 0], 1.0, most))
    fewer: NDArray[np.float64] = points[np.unique(np.r_[0, kept])]
    return fewer


def decision_curve(labels: ArrayLike, probabilities: ArrayLike, thresholds: ArrayLike) -> NDArray[np.float64]:
    """Return the net benefit of acting on each threshold, per film (Vickers and Elkin, Med. Decis. Making 26, 2006).

    It is the share of true positives minus that of false positives, these weighed by the odds of the threshold. To act
    on none has a net benefit of 0. It means something for calibrated probabilities alone.

    Args:
        labels: ``[N]`` integers, 1 is positive; N is at least 1.
        probabilities: ``[N]``, of the positive class.
        thresholds: ``[T]``, each above 0 and below 1: the probability from which one would act.

    Returns:
        ``[T, 3]`` float64: threshold, net benefit of the classifier, and net benefit of acting on all.
    """
    truth, values = np.asarray(labels) == 1, np.asarray(probabilities, np.float64)
    at = np.asarray(thresholds, np.float64)
    right, wrong = (len(own) - np.searchsorted(own, at) for own in map(np.sort, (values[truth], values[~truth])))
    odds = at / (1.0 - at)
    benefit = right / len(values) - wrong / len(values) * odds
    return np.column_stack([at, benefit, truth.mean() - (1.0 - truth.mean()) * odds])
