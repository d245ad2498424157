"""Gives the metrics of each group of films, such as each source or sex, and the largest gap between two groups.

All groups share the resamples of the patients, so that a gap between groups that have patients in common, such as two
views, has the interval of a paired difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
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
    Weights,
    carry_out,
    divided,
    percentiles,
)  # fmt: skip
from cxrtui.statistics.estimate import Estimate
from cxrtui.statistics.metrics import of_counts
from cxrtui.statistics.patients import numbered
from cxrtui.statistics.ranked import Ranked

METRICS = ("accuracy", "auroc", "sensitivity", "specificity")
SMALL = 10
"""Patients below which a metric of a group is marked as resting on few."""
MOST = 20
"""Groups of a table; the smallest of more are joined."""
REST = "(others)"


@dataclass(frozen=True)
class Group:
    """The films of one group.

    `estimates` has `METRICS`; `few` names those that rest on fewer than `SMALL` patients of a class that they need.
    """

    name: str
    films: int
    positive: int
    patients: int
    estimates: Mapping[str, Estimate]
    few: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "name": self.name, "films": self.films, "positive": self.positive, "negative": self.films - self.positive,
            "patients": self.patients, "few": list(self.few),
            "estimates": {name: value.as_dict() for name, value in self.estimates.items()},
        }  # fmt: skip


@dataclass(frozen=True)
class Gap:
    """The largest difference of a metric between two groups that do not rest on few patients.

    The largest of `pairs` differences is larger than the truth on average, so that its interval is no test.
    """

    metric: str
    best: str
    worst: str
    difference: Estimate
    pairs: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"metric": self.metric, "best": self.best, "worst": self.worst, "pairs": self.pairs,
                "difference": self.difference.as_dict()}  # fmt: skip


@dataclass(frozen=True)
class Table:
    """The groups of one column, the largest first, with the largest gap of each metric where there is one.

    `pooled` is the AUROC of all films in the table, and `within` that of pairs of the same group alone: a classifier
    that knows the group by sight, and the groups' share of positives with it, has a higher `pooled` one. `unknown`
    films have no group.
    """

    column: str
    groups: tuple[Group, ...]
    gaps: Mapping[str, Gap]
    pooled: Estimate
    within: Estimate
    unknown: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "column": self.column, "groups": [group.as_dict() for group in self.groups], "unknown": self.unknown,
            "gaps": {name: gap.as_dict() for name, gap in self.gaps.items()},
            "auroc": {"pooled": self.pooled.as_dict(), "within": self.within.as_dict()},
        }  # fmt: skip


def by_column(
    column: str,
    groups: Sequence[str],
    labels: ArrayLike,
    probabilities: ArrayLike,
    threshold: float,
    patients: Sequence[str],
    *,
    seed: int = SEED,
    draws: int = DRAWS,
    on_draws: OnDraws | None = None,
) -> Table | None:
    """Return the table of a column; None if fewer than two groups are known, so that there is nothing to compare.

    Args:
        column: its name.
        groups: ``[N]``, the group of each film; empty where it is not known.
        labels: ``[N]`` integers, 1 is positive.
        probabilities: ``[N]`` finite numbers, of the positive class.
        threshold: a film is predicted positive at or above it.
        patients: ``[N]``, the patient of each film.
        seed: the same seed gives the same intervals.
        draws: how many times the patients are drawn.
        on_draws: as in `metrics.estimates`.
    """
    plan = planned(column, groups, labels, probabilities, threshold, patients)
    return None if plan is None else carry_out([plan], seed=seed, draws=draws, on_draws=on_draws)[0]


def planned(
    column: str,
    groups: Sequence[str],
    labels: ArrayLike,
    probabilities: ArrayLike,
    threshold: float,
    patients: Sequence[str],
    *,
    whole: bool = True,
) -> Plan[Table] | None:
    """Return `by_column` as a plan, for resamples that other statistics share.

    The arguments are those of `by_column`. Without `whole`, the AUROC of all films is NaN in a table that has all of
    them, for a caller who computes it anyway.
    """
    known = np.fromiter((group != "" for group in groups), np.bool_, len(groups))
    names = _joined([str(group) for group in groups if group != ""])
    order = [name for name, _ in sorted(Counter(names).items(), key=lambda item: (item[0] == REST, -item[1], item[0]))]
    if len(order) < 2:
        return None
    unknown = int((~known).sum())
    truth = (np.asarray(labels) == 1)[known]
    scores = np.asarray(probabilities, np.float64)[known]
    persons = [patient for patient, kept in zip(patients, known, strict=True) if kept] if unknown else patients
    index_of = {name: index for index, name in enumerate(order)}
    of_group = np.fromiter((index_of[name] for name in names), np.intp, len(names))
    places = [np.flatnonzero(of_group == index) for index in range(len(order))]
    parts = [Ranked(truth[own], scores[own], own) for own in places]
    thresholds = [part.predicted(threshold) for part in parts]
    everything = Ranked(truth, scores) if whole or unknown else None

    def statistics(weights: Weights) -> dict[str, NDArray[np.float64]]:
        nothing = np.full(len(weights), np.nan)
        found = {"pooled": nothing if everything is None else everything.weighed(weights).auroc()}
        right, pairs = np.zeros(len(weights)), np.zeros(len(weights))
        for index, (part, predicted) in enumerate(zip(parts, thresholds, strict=True)):
            sums = part.weighed(weights)
            values = of_counts(*sums.counts(predicted)) | {"auroc": sums.auroc()}
            found |= {f"{index} {metric}": values[metric] for metric in METRICS}
            count = np.multiply(*sums.classes)
            right += np.where(count > 0, np.nan_to_num(values["auroc"]) * count, 0.0)
            pairs += count
        return found | {"within": divided(right, pairs)}  # as `ranking.stratified_auroc`

    def result(found: Resampled) -> Table:
        _, who = numbered(persons)
        rows = tuple(
            _group(found, index, order[index], truth[own], who[own], scores[own] >= threshold)
            for index, own in enumerate(places)
        )
        gaps = {metric: gap for metric in METRICS if (gap := _gap(found, rows, metric)) is not None}
        fewest = min(len(np.unique(who[truth])), len(np.unique(who[~truth])))
        pooled, within = (_of(found, name, fewest) for name in ("pooled", "within"))
        return Table(column, rows, gaps, pooled, within, unknown)

    return Plan(statistics, persons, result)


def _joined(names: Sequence[str]) -> list[str]:
    """Return the names, all but the `MOST` - 1 commonest of too many as `REST`."""
    counts = Counter(names)
    if len(counts) <= MOST:
        return list(names)
    kept = {name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[: MOST - 1]}
    return [name if name in kept else REST for name in names]


def _of(found: Resampled, name: str, patients: int) -> Estimate:
    """Return an AUROC over several groups, without an interval if no resample differs."""
    low, high = found.interval(name, patients)
    if low == high:
        low = high = float("nan")
    return Estimate(found.values[name], low, high, found.films, found.patients)


def _group(
    found: Resampled, index: int, name: str, truth: NDArray[np.bool_], who: NDArray[np.intp],
    predicted: NDArray[np.bool_],
) -> Group:  # fmt: skip
    """Return a row of the table, for films of one group."""
    plus, minus, all_of_them = (len(np.unique(some)) for some in (who[truth], who[~truth], who))
    rests_on = {"accuracy": all_of_them, "auroc": min(plus, minus), "sensitivity": plus, "specificity": minus}
    films_of = {"sensitivity": truth, "specificity": ~truth}
    estimates = {}
    for metric in METRICS:
        key, exact = f"{index} {metric}", False
        value = found.values[key]
        low, high = found.interval(key, rests_on[metric])
        if not low < high:
            low = high = float("nan")
            if metric != "auroc" and value in (0.0, 1.0):
                own = rests_on[metric]
                low, high, exact = *clopper_pearson(own if value else 0, own), True
        films = int(films_of.get(metric, np.ones_like(truth)).sum())
        patients = all_of_them if metric == "auroc" else rests_on[metric]
        estimates[metric] = Estimate(value, low, high, films, patients, exact)
    few = tuple(metric for metric in METRICS if rests_on[metric] < SMALL)
    return Group(name, len(truth), int(truth.sum()), all_of_them, estimates, few)


def _gap(found: Resampled, groups: Sequence[Group], metric: str) -> Gap | None:
    """Return the largest difference of `metric`; None if fewer than two groups have enough patients for it."""
    usable = [
        (index, group) for index, group in enumerate(groups)
        if metric not in group.few and group.name != REST and not np.isnan(group.estimates[metric].value)
    ]  # fmt: skip
    if len(usable) < 2:
        return None
    pairs = list(combinations(usable, 2))
    first, second = max(pairs, key=lambda pair: abs(_value(pair[0], metric) - _value(pair[1], metric)))
    if _value(first, metric) < _value(second, metric):
        first, second = second, first
    draws = found.draws[f"{first[0]} {metric}"] - found.draws[f"{second[0]} {metric}"]
    fewest = min(item[1].estimates[metric].patients for item in (first, second))
    low, high = percentiles(draws, fewest)
    if low == high:
        low = high = float("nan")
    films, patients = (sum(getattr(item[1].estimates[metric], name) for item in (first, second))
                       for name in ("n", "patients"))  # fmt: skip
    value = _value(first, metric) - _value(second, metric)
    return Gap(metric, first[1].name, second[1].name, Estimate(value, low, high, films, patients), len(pairs))


def _value(item: tuple[int, Group], metric: str) -> float:
    return item[1].estimates[metric].value
