"""Compares the AUROC of two classifiers on the same independent films, without resampling.

The variance is that of DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988), from the placements of each film among
those of the other class, which midranks give (Sun and Xu, IEEE Signal Processing Letters 21, 2014). It takes each film
as independent, so that it fits where every patient has one film; otherwise use `bootstrap`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxrtui.statistics.estimate import CONFIDENCE, Estimate


@dataclass(frozen=True)
class Comparison:
    """The difference of two AUROCs.

    `difference` is the first minus the second, with its normal interval; `error` is its standard error, and `p` the
    two-sided p-value of no difference, NaN where the two rank the films alike.
    """

    difference: Estimate
    error: float
    p: float


def delong(labels: ArrayLike, first: ArrayLike, second: ArrayLike) -> Comparison:
    """Return the difference of the AUROCs of the scores `first` and `second` on the same films.

    Args:
        labels: ``[N]`` integers, 1 is positive; at least two films of each class.
        first: ``[N]`` finite scores.
        second: ``[N]`` finite scores.

    Raises:
        ValueError: a class has fewer than two films.
    """
    from scipy.special import ndtr, ndtri  # takes a tenth of a second to import

    truth = np.asarray(labels) == 1
    positive, negative = int(truth.sum()), int((~truth).sum())
    if min(positive, negative) < 2:
        raise ValueError("DeLong's variance needs two films of each class")
    areas, plus, minus = zip(*(_placements(truth, np.asarray(scores, np.float64)) for scores in (first, second)),
                             strict=True)  # fmt: skip
    difference = float(areas[0] - areas[1])
    variance = np.var(plus[0] - plus[1], ddof=1) / positive + np.var(minus[0] - minus[1], ddof=1) / negative
    error = float(np.sqrt(variance))
    half = float(ndtri((1 + CONFIDENCE) / 2)) * error
    p = 2 * float(ndtr(-abs(difference) / error)) if error else float("nan")
    return Comparison(Estimate(difference, difference - half, difference + half, len(truth), len(truth)), error, p)


def _placements(
    truth: NDArray[np.bool_], scores: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Return the AUROC; for each positive film the share of negatives below it; for each negative that of positives."""
    from scipy.stats import rankdata  # takes half a second to import

    positive, negative = int(truth.sum()), int((~truth).sum())
    every = rankdata(scores)
    plus = (every[truth] - rankdata(scores[truth])) / negative
    minus = 1.0 - (every[~truth] - rankdata(scores[~truth])) / positive
    return float(plus.mean()), plus, minus


def detectable(error: float, power: float = 0.8) -> float:
    """Return the smallest true difference that these films show with that `power`, from its standard error.

    It is ``(z_0.975 + z_power) * error``: a smaller one may exist and stay hidden, so that "no difference" of these
    films means "none larger than this".

    Args:
        error: the standard error of the difference.
        power: how often a difference of that size is found, its 95 % interval then being without 0.
    """
    from scipy.special import ndtri  # takes a tenth of a second to import

    return float(ndtri((1 + CONFIDENCE) / 2) + ndtri(power)) * error
