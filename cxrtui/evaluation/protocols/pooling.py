"""Pools out-of-fold predictions: metrics of each fold, within folds, and over all films.

Networks of different folds need not be calibrated alike, so that 0.7 of one may mean what 0.9 of another does. Films
that different networks scored are therefore compared in one figure only, the pooled AUROC, which says so; the AUROC
within folds compares the two films of a pair only where one network scored both (`statistics.ranking.stratified_auroc`;
Airola et al., Computational Statistics & Data Analysis 55, 2011, on the bias of pooling). Intervals draw patients, each
with all films of all repeats. They hold the trained networks fixed: how much another training would differ is what the
spread over folds and seeds shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrtui.statistics.bootstrap import Statistics, Weights, resample
from cxrtui.statistics.estimate import Estimate
from cxrtui.statistics.metrics import bounded, of_counts
from cxrtui.statistics.ranking import stratified_auroc, weighted_auroc

AUROC, POOLED_AUROC = "auroc", "auroc_pooled"
FRACTIONS = ("accuracy", "balanced_accuracy", "sensitivity", "specificity")
SEED = 0
"""Of every bootstrap here, so that the same runs give the same numbers."""


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Films that were tested in one repeat, in an order that is the same in each repeat.

    Attributes:
        labels: ``[N]`` integers, 1 is positive.
        scores: ``[N]`` floats, higher for films that are more likely positive.
        called: ``[N]`` integers, 1 is positive, at the threshold of the network that scored the film.
        folds: ``[N]`` integers from 0, the training whose network scored the film.
        patients: ``[N]``.
    """

    labels: NDArray[np.int64]
    scores: NDArray[np.float64]
    called: NDArray[np.int64]
    folds: NDArray[np.int64]
    patients: tuple[str, ...]

    def of_fold(self, fold: int) -> OutOfFold:
        """Return the films of one fold."""
        places = np.flatnonzero(self.folds == fold)
        return OutOfFold(self.labels[places], self.scores[places], self.called[places], self.folds[places],
                      tuple(self.patients[place] for place in places))  # fmt: skip

    @property
    def counts(self) -> dict[str, int]:
        """The films of each class, and the patients."""
        positive = int(np.sum(self.labels == 1))
        return {"films": len(self.labels), "positive": positive, "negative": len(self.labels) - positive,
                "patients": len(set(self.patients))}  # fmt: skip


def joined(parts: Sequence[tuple[Sequence[str], OutOfFold]]) -> OutOfFold:
    """Return the films of several folds as one; each part has the paths of its films, by which they are ordered."""
    order = np.argsort(np.array([path for paths, _ in parts for path in paths]), kind="stable")

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for _, part in parts])[order]

    patients = [patient for _, part in parts for patient in part.patients]
    return OutOfFold(column("labels"), column("scores"), column("called"), column("folds"),
                  tuple(patients[place] for place in order))  # fmt: skip


def estimates(repeats: Sequence[OutOfFold]) -> dict[str, Estimate]:
    """Return each metric, the mean over the repeats: AUROC within folds and pooled, and fractions.

    Args:
        repeats: the same films, scored in each repeat.
    """
    patients = repeats[0].patients
    found = resample(mean_of([statistics_of(films) for films in repeats]), patients, seed=SEED)
    positive, who = repeats[0].labels == 1, np.asarray(patients, dtype=np.str_)
    everything = np.ones(len(who), np.bool_)
    rests_on = {"sensitivity": positive, "specificity": ~positive}
    fewest = min(len(set(who[positive])), len(set(who[~positive])))  # patients of the class that has fewer
    result = {}
    for name in (AUROC, POOLED_AUROC, *FRACTIONS):
        films = rests_on.get(name, everything)
        own = len(set(who[films]))
        proportion = name == "accuracy" or name in rests_on
        low, high = found.interval(name, own if proportion else fewest)
        result[name] = bounded(found.values[name], low, high, int(films.sum()), own, proportion=proportion)
    return result


def statistics_of(films: OutOfFold) -> Statistics:
    """Return the metrics of the films of one repeat as functions of weights, for the bootstrap."""
    truth, called = films.labels == 1, films.called == 1
    cells = np.column_stack([truth & called, ~truth & called, truth & ~called, ~truth & ~called]).astype(np.float64)
    within = stratified_auroc(films.labels, films.scores, films.folds)
    pooled = weighted_auroc(films.labels, films.scores)

    def statistics(weights: Weights) -> Mapping[str, NDArray[np.float64]]:
        found = of_counts(*(weights @ cells).T)
        fractions = {name: found[name] for name in FRACTIONS}
        return {AUROC: within(weights), POOLED_AUROC: pooled(weights), **fractions}

    return statistics


def mean_of(parts: Sequence[Statistics]) -> Statistics:
    """Return the mean of several groups of statistics of the same films; NaN where one of them is undefined."""

    def statistics(weights: Weights) -> Mapping[str, NDArray[np.float64]]:
        found = [part(weights) for part in parts]
        return {name: np.mean([item[name] for item in found], axis=0) for name in found[0]}

    return statistics


def plain(found: Mapping[str, Estimate]) -> dict[str, Any]:
    """Return estimates as plain values."""
    return {name: item.as_dict() for name, item in found.items()}
