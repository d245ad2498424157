"""Gives every metric of a two-class classifier with its interval, from one bootstrap over patients.

The terms are those of STARD 2015 (Bossuyt et al., BMJ 351:h5527) and of TRIPOD+AI (Collins et al., BMJ 385:e078378,
2024). Each metric is a sum over the films, which are sorted by score once for all resamples, or a ratio of such sums.
Where the confusion matrix leaves a metric undefined, it is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxrtui.statistics.binomial import clopper_pearson
from cxrtui.statistics.bootstrap import (
    DRAWS,
    SEED,
    OnDraws,
    Plan,
    Resampled,
    Statistics,
    Weights,
    carry_out,
    divided,
)  # fmt: skip
from cxrtui.statistics.calibration import ece_by_chance
from cxrtui.statistics.estimate import Estimate
from cxrtui.statistics.patients import numbered
from cxrtui.statistics.ranked import Ranked

Values = NDArray[np.float64]

METRICS = (
    "accuracy", "balanced_accuracy", "auroc", "average_precision", "sensitivity", "specificity", "ppv", "npv",
    "positive_likelihood_ratio", "negative_likelihood_ratio", "f1", "mcc", "brier", "ece",
)  # fmt: skip
"""The metrics in the order in which they are shown."""

PROPORTIONS = ("accuracy", "sensitivity", "specificity", "ppv", "npv")
"""The metrics that are a count of films out of a count of films; PPV and NPV only at the films' own prevalence."""
_RANKED = {"auroc", "average_precision"}


def estimates(
    labels: ArrayLike,
    probabilities: ArrayLike,
    threshold: float,
    patients: Sequence[str],
    *,
    names: Sequence[str] = METRICS,
    prevalence: float | None = None,
    seed: int = SEED,
    draws: int = DRAWS,
    on_draws: OnDraws | None = None,
) -> dict[str, Estimate]:
    """Return the estimate of each of `names`, by default all of `METRICS`.

    Where no resample differs because all films of a proportion are right, or all are wrong, the interval is the exact
    binomial one of its patients. Another metric without a resample that differs has no interval (NaN).

    Args:
        labels: ``[N]`` integers, 1 is positive.
        probabilities: ``[N]``, of the positive class.
        threshold: a film is predicted positive at or above it.
        patients: ``[N]``, the patient of each film.
        names: the metrics that are wanted.
        prevalence: the share of positives, from 0 to 1, for which PPV and NPV hold; by default that of the films.
        seed: the same seed gives the same intervals.
        draws: how many times the patients are drawn.
        on_draws: is called between blocks of draws, for progress; it may raise to end the work.

    Example:
        >>> found = estimates([1, 1, 0, 0], [0.9, 0.4, 0.3, 0.1], 0.5, ["a", "b", "c", "d"])
        >>> found["sensitivity"].value, found["auroc"].value
        (0.5, 1.0)
    """
    if not len(patients) or not np.isfinite(np.asarray(probabilities, np.float64)).all():
        nan = float("nan")
        return {name: Estimate(nan, nan, nan, len(patients), len(set(patients))) for name in names}
    plan = planned(labels, probabilities, threshold, patients, names=names, prevalence=prevalence, seed=seed)
    return carry_out([plan], seed=seed, draws=draws, on_draws=on_draws)[0]


def planned(
    labels: ArrayLike, probabilities: ArrayLike, threshold: float, patients: Sequence[str], *,
    names: Sequence[str] = METRICS, prevalence: float | None = None, seed: int = SEED,
) -> Plan[dict[str, Estimate]]:  # fmt: skip
    """Return `estimates` as a plan, for resamples that other statistics share.

    The arguments are those of `estimates`; N is at least 1 and the probabilities are finite.
    """
    truth = np.asarray(labels) == 1
    scores = np.asarray(probabilities, np.float64)
    statistics = metric_statistics(truth, scores, threshold, prevalence=prevalence, ranked=bool({*names} & _RANKED))

    def result(found: Resampled) -> dict[str, Estimate]:
        predicted = scores >= threshold
        _, who = numbered(patients)
        everything = np.ones(len(truth), np.bool_)
        rests_on = {"sensitivity": truth, "specificity": ~truth}
        if prevalence is None:
            rests_on |= {"ppv": predicted, "npv": ~predicted}
        fewest = min(len(np.unique(who[truth])), len(np.unique(who[~truth])))  # patients of the class that has fewer
        estimates = {}
        for name in names:
            films = rests_on.get(name, everything)
            own = len(np.unique(who[films]))
            low, high = found.interval(name, own if name in (*rests_on, "accuracy", "brier", "ece") else fewest)
            if name == "ece" and low < high:
                low, high = _ece_interval(found, high, ece_by_chance(scores, patients, seed=seed))
            proportion = name == "accuracy" or name in rests_on
            estimates[name] = bounded(found.values[name], low, high, int(films.sum()), own, proportion=proportion)
        return estimates

    return Plan(statistics, patients, result)


def bounded(value: float, low: float, high: float, n: int, patients: int, *, proportion: bool) -> Estimate:
    """Return an estimate; where no resample differs, or there is one patient, which is no certainty, `low` is `high`.

    A `proportion` of 0 or 1 then has the exact binomial interval of its patients, and anything else none (NaN).
    """
    if low < high:
        return Estimate(value, low, high, n, patients)
    if proportion and value in (0.0, 1.0):
        return Estimate(value, *clopper_pearson(patients if value else 0, patients), n, patients, exact=True)
    return Estimate(value, float("nan"), float("nan"), n, patients)


def _ece_interval(found: Resampled, high: float, chance: float) -> tuple[float, float]:
    """Return the interval of an ECE.

    The ECE of few films is too large, because noise in a bin counts as a fault of the calibration, and that of a
    resample is too large once more, so that its percentiles may lie above the value. The upper end is therefore the
    percentile without the bias of the resamples. The lower end is that of the basic interval (Davison and Hinkley,
    "Bootstrap Methods and their Application", 1997, section 5.2), or 0 if calibrated probabilities would have such an
    ECE by chance. `benchmarks/interval_coverage.py` measures how often it covers the truth.

    Args:
        found: has the statistic ``ece``.
        high: the upper percentile of its resamples.
        chance: see `calibration.ece_by_chance`.
    """
    value = found.values["ece"]
    bias = float(np.nanmean(found.draws["ece"])) - value
    return 0.0 if value <= chance else max(0.0, 2 * value - high), max(value, high - bias)


def metric_statistics(
    labels: ArrayLike, probabilities: ArrayLike, threshold: float, *, prevalence: float | None = None,
    ranked: bool = True,
) -> Statistics:  # fmt: skip
    """Return `METRICS` as functions of weights for `resample`; the arguments are those of `estimates`.

    Without `ranked`, AUROC and average precision are left out, which take most of the time.
    """
    films = Ranked(labels, probabilities)
    predicted = films.predicted(threshold)

    def statistics(weights: Weights) -> Mapping[str, Values]:
        sums = films.weighed(weights)
        found = of_counts(*sums.counts(predicted), prevalence)
        found |= {"brier": sums.brier(), "ece": sums.ece()}
        if ranked:
            found |= {"auroc": sums.auroc(), "average_precision": sums.average_precision()}
        return found

    return statistics


def of_counts(tp: Values, fp: Values, fn: Values, tn: Values, prevalence: float | None = None) -> dict[str, Values]:
    """Return what a confusion matrix says, for arrays of counts of one shape; `prevalence` is as in `estimates`."""
    sensitivity, specificity = divided(tp, tp + fn), divided(tn, tn + fp)
    if prevalence is None:
        ppv, npv = divided(tp, tp + fp), divided(tn, tn + fn)
    else:
        found, missed = sensitivity * prevalence, (1 - sensitivity) * prevalence
        alarms, cleared = (1 - specificity) * (1 - prevalence), specificity * (1 - prevalence)
        ppv, npv = divided(found, found + alarms), divided(cleared, cleared + missed)
    root = np.sqrt(tp + fp) * np.sqrt(tp + fn) * np.sqrt(tn + fp) * np.sqrt(tn + fn)
    return {
        "accuracy": divided(tp + tn, tp + fp + fn + tn),
        "balanced_accuracy": (sensitivity + specificity) / 2,
        "sensitivity": sensitivity,
        "specificity": specificity,
        "ppv": ppv,
        "npv": npv,
        "positive_likelihood_ratio": _odds(sensitivity, 1 - specificity),
        "negative_likelihood_ratio": _odds(1 - sensitivity, specificity),
        "f1": divided(2 * tp, 2 * tp + fp + fn),
        "mcc": np.clip(divided(tp * tn - fp * fn, root), -1.0, 1.0),
    }


def _odds(above: Values, below: Values) -> Values:
    """Return ``above / below``, infinite where only `below` is 0 and NaN where both are."""
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Values = np.divide(above, below)
    return result


def by_patient(
    labels: ArrayLike, patients: Sequence[str], *columns: ArrayLike
) -> tuple[NDArray[np.int64], list[str], list[NDArray[np.float64]]]:
    """Return labels, patients and the mean of each of `columns` by patient: one row for each patient.

    A patient with films of both classes, such as one before and one in the disease, has a row for each class. The
    bootstrap still draws the two together, because they have one patient's name.

    Args:
        labels: ``[N]`` integers, 1 is positive.
        patients: ``[N]``, the patient of each film.
        columns: each ``[N]`` numbers, such as probabilities.

    Returns:
        labels ``[M]``, names ``[M]`` and the means, each ``[M]``, ordered by name.

    Example:
        >>> labels, names, (means,) = by_patient([1, 1, 0], ["a", "a", "b"], [0.5, 1.0, 0.25])
        >>> labels.tolist(), names, means.tolist()
        ([1, 0], ['a', 'b'], [0.75, 0.25])
    """
    names, patient_of = numbered(patients)
    truth = (np.asarray(labels) == 1).astype(np.int64)
    rows, row_of = np.unique(2 * patient_of + (1 - truth), return_inverse=True)
    films = np.bincount(row_of, minlength=len(rows))
    means = [
        np.bincount(row_of, np.asarray(column, np.float64), minlength=len(rows)) / np.maximum(films, 1)
        for column in columns
    ]
    return (1 - rows % 2).astype(np.int64), [names[row // 2] for row in rows], means


def named(found: Mapping[str, Estimate]) -> dict[str, dict[str, Any]]:
    """Return the estimates as plain values by name."""
    return {name: estimate.as_dict() for name, estimate in found.items()}
