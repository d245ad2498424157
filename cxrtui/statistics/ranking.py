"""Measures how well scores rank positive films above negative ones, over all thresholds.

The AUROC is the probability that a positive film scores above a negative one, where a tie counts one half (Hanley and
McNeil, Radiology 143, 1982).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrtui.statistics.bootstrap import Statistic, Weights, divided


def auroc(labels: NDArray[np.integer[Any]], scores: NDArray[np.floating[Any]]) -> float:
    """Return the area under the ROC curve; NaN if a class is absent or a score is not finite.

    Args:
        labels: ``[N]`` integers, 1 is positive and 0 negative.
        scores: ``[N]`` floats, higher for films that are more likely positive.
    """
    from sklearn.metrics import roc_auc_score  # takes a second to import

    truth = np.asarray(labels) == 1
    if not truth.any() or truth.all() or not np.isfinite(scores).all():
        return float("nan")
    return float(roc_auc_score(truth, scores))


def weighted_auroc(labels: NDArray[np.integer[Any]], scores: NDArray[np.floating[Any]]) -> Statistic:
    """Return the AUROC as a statistic for `bootstrap`: weights ``[B, N]`` to values ``[B]``; NaN if a class weighs 0.

    The films are sorted once for all resamples. scikit-learn sorts them in each, which takes a hundred times as long.

    Args:
        labels: ``[N]`` integers, 1 is positive and 0 negative.
        scores: ``[N]`` finite floats.
    """
    order = np.argsort(scores, kind="stable")
    ordered = np.asarray(scores)[order]
    positive = (np.asarray(labels) == 1)[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.zeros(0, np.intp)

    def statistic(weights: Weights) -> NDArray[np.float64]:
        sorted_weights = weights[:, order]
        plus = np.add.reduceat(sorted_weights * positive, starts, axis=1)  # one column for each different score
        minus = np.add.reduceat(sorted_weights * ~positive, starts, axis=1)
        below = np.cumsum(minus, axis=1) - minus / 2
        return divided((plus * below).sum(axis=1), plus.sum(axis=1) * minus.sum(axis=1))

    return statistic
