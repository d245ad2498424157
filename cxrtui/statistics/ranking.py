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
    if not np.isfinite(scores).all():
        return float("nan")
    return float(weighted_auroc(labels, scores)(np.ones((1, len(scores))))[0])


def roc_points(
    labels: NDArray[np.integer[Any]], scores: NDArray[np.floating[Any]], most: int = 64
) -> NDArray[np.float64]:
    """Return points of the ROC curve, from (0, 0) to (1, 1); none if a class is absent or a score is not finite.

    Args:
        labels: ``[N]`` integers, 1 is positive and 0 negative.
        scores: ``[N]`` floats, higher for films that are more likely positive.
        most: largest number of points. If the curve has more corners, points at even distances along it are kept.

    Returns:
        ``[P, 2]`` float64: false positive rate and sensitivity, both ascending.
    """
    truth = np.asarray(labels) == 1
    if not truth.any() or truth.all() or not np.isfinite(scores).all():
        return np.zeros((0, 2))
    order = np.argsort(-scores, kind="stable")
    ordered, positive = np.asarray(scores)[order], truth[order]
    ends = np.r_[ordered[1:] != ordered[:-1], True]  # the last film of each score
    counts = np.column_stack([np.cumsum(~positive)[ends], np.cumsum(positive)[ends]])
    counts = np.concatenate([np.zeros((1, 2), np.intp), counts])
    corners = np.r_[True, np.diff(counts, 2, axis=0).any(axis=1), True]  # the others lie between two of equal steps
    points: NDArray[np.float64] = counts[corners] / counts[-1]
    if len(points) <= most:
        return points
    along = points.sum(axis=1)  # the curve goes only right and up, so this is its length
    kept = np.searchsorted(along, np.linspace(0.0, along[-1], most))
    return points[np.unique(kept)]


def score_histogram(
    labels: NDArray[np.integer[Any]], probabilities: NDArray[np.floating[Any]], bins: int = 20
) -> dict[str, list[int]]:
    """Count the films of each class by probability.

    Args:
        labels: ``[N]`` integers, 1 is positive and 0 negative.
        probabilities: ``[N]`` floats from 0 to 1; one that is not finite is not counted.
        bins: number of bins of equal width; the last one has both of its edges.

    Returns:
        ``negative`` and ``positive``, each with `bins` counts.
    """
    values, truth = np.asarray(probabilities, np.float64), np.asarray(labels) == 1
    finite = np.isfinite(values)
    return {
        name: np.histogram(values[finite & mask], bins, (0.0, 1.0))[0].tolist()
        for name, mask in (("negative", ~truth), ("positive", truth))
    }


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


def auroc_columns(
    labels: NDArray[np.integer[Any]], scores: NDArray[np.floating[Any]], strata: NDArray[np.integer[Any]] | None = None
) -> NDArray[np.float64]:
    """Return the AUROC of each column, ``[B]``; with `strata`, only films of one stratum are compared.

    Args:
        labels: ``[N, B]`` integers, 1 is positive and 0 negative.
        scores: ``[N, B]`` finite floats.
        strata: ``[N]`` integers from 0, such as the source of each film.

    Returns:
        ``[B]``, NaN for a column in which no two films can be compared.
    """
    from scipy.stats import rankdata  # takes half a second to import

    above, pairs = np.zeros(scores.shape[1]), np.zeros(scores.shape[1])
    places = np.zeros(len(scores), np.intp) if strata is None else strata
    for stratum in range(int(places.max(initial=0)) + 1):
        chosen = places == stratum
        positive = np.asarray(labels)[chosen] == 1
        plus = positive.sum(axis=0).astype(np.float64)
        ranks = rankdata(np.asarray(scores)[chosen], axis=0)
        above += np.where(positive, ranks, 0.0).sum(axis=0) - plus * (plus + 1) / 2
        pairs += plus * (len(positive) - plus)
    return divided(above, pairs)


def stratified_auroc(
    labels: NDArray[np.integer[Any]], scores: NDArray[np.floating[Any]], strata: NDArray[np.integer[Any]]
) -> Statistic:
    """Return, as `weighted_auroc`, the probability that a positive film outranks a negative one of the same stratum.

    It is the mean of the strata's AUROC by their number of pairs: the AUROC adjusted for the stratum (Janes and Pepe,
    Biometrika 96, 2009, with weights by pairs).

    Args:
        labels: ``[N]`` integers, 1 is positive and 0 negative.
        scores: ``[N]`` finite floats.
        strata: ``[N]`` integers from 0, such as the source of each film.
    """
    truth = np.asarray(labels) == 1
    parts = []
    for stratum in range(int(strata.max(initial=0)) + 1):
        (chosen,) = np.nonzero(strata == stratum)
        if truth[chosen].any() and not truth[chosen].all():
            parts.append((chosen, weighted_auroc(np.asarray(labels)[chosen], np.asarray(scores)[chosen])))

    def statistic(weights: Weights) -> NDArray[np.float64]:
        above, pairs = np.zeros(len(weights)), np.zeros(len(weights))
        for chosen, of_stratum in parts:
            own = weights[:, chosen]
            count = (own @ truth[chosen]) * (own @ ~truth[chosen])
            above += np.where(count > 0, np.nan_to_num(of_stratum(own)) * count, 0.0)
            pairs += count
        return divided(above, pairs)

    return statistic
