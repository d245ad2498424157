"""This module tests how well features predict the class of films of other patients, and what chance gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cxrtui.data.confounders.columns import Matrix
from cxrtui.data.confounders.film import Known
from cxrtui.statistics.bootstrap import bootstrap
from cxrtui.statistics.cross_validation import folds_of, out_of_fold
from cxrtui.statistics.estimate import Estimate
from cxrtui.statistics.permutation import permuted_labels
from cxrtui.statistics.ranking import auroc_columns, stratified_auroc, weighted_auroc

PERMUTATIONS = 500
_SEED = 0
_TREES = 100
_CELLS = 1 << 18  # labels in memory at a time: 2 MiB, and a few arrays of that size
_FEWEST = 2  # patients of each class that a source must have to count as holding both
_FEWEST_IN_ALL = 20  # patients of all such sources, below which nothing is said of them

Labels = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Look:
    """An AUROC with its interval, and those of the permutations, ``[B]``."""

    estimate: Estimate
    null: npt.NDArray[np.float64]


class Test:
    """Films with their labels and the permutations of these; it looks at one kind of feature after the other.

    With strata, features and labels are centred within each stratum, and only films of one stratum are compared.
    """

    def __init__(self, labels: Labels, patients: Sequence[str], strata: npt.NDArray[np.intp] | None = None) -> None:
        self._labels, self._patients, self._strata = labels, patients, strata
        self.folds = folds_of(patients)
        words = None if strata is None else [str(stratum) for stratum in strata]
        permuted = permuted_labels(labels, patients, PERMUTATIONS, _SEED, words)
        # A label is a bit: 500 permutations of a byte a label would take more than all else of a film.
        self._targets = np.hstack([np.packbits(columns, axis=0) for columns in (labels[:, None], permuted)])

    def look(self, features: Matrix) -> Look:
        """Return how well `features`, ``[N, D]``, predict the labels."""
        count, people = len(self._labels), len(set(self._patients))
        features = self._centred(features)
        if not features.any():
            return Look(Estimate(0.5, 0.5, 0.5, count, people), np.full(PERMUTATIONS, np.nan))
        values = []
        ours = np.zeros(0)
        at_once = max(1, _CELLS // count)
        for start in range(0, PERMUTATIONS + 1, at_once):
            targets = np.unpackbits(self._targets[:, start : start + at_once], axis=0, count=count)
            # Rounding makes ties of what differs by the order of additions only.
            scores = np.round(out_of_fold(features, self._centred(targets.astype(np.float64)), self.folds), 9)
            ours = scores[:, 0] if not start else ours
            values.append(auroc_columns(targets, scores, self._strata))
        if self._strata is None:
            statistic = weighted_auroc(self._labels, ours)
        else:
            statistic = stratified_auroc(self._labels, ours, self._strata)
        return Look(bootstrap(statistic, self._patients, seed=_SEED), np.concatenate(values)[1:])

    def _centred(self, columns: Matrix) -> Matrix:
        """Return `columns`, ``[N, C]``, less their mean in each stratum."""
        if self._strata is None or not columns.shape[1]:
            return columns
        counts = np.bincount(self._strata)[:, None]
        sums = np.zeros((len(counts), columns.shape[1]))
        np.add.at(sums, self._strata, columns)
        centred = columns - (sums / counts)[self._strata]
        centred[np.abs(centred) < 1e-9] = 0.0
        return centred


@dataclass(frozen=True)
class Within:
    """The films of the sources that hold both classes: their places, labels, patients, and the number of the source."""

    places: npt.NDArray[np.intp]
    labels: Labels
    patients: list[str]
    strata: npt.NDArray[np.intp]

    @classmethod
    def of(cls, films: Sequence[Known], labels: Labels, patients: Sequence[str]) -> Within | None:
        """Return them; None where no source holds both classes, or where all films are of one source."""
        held: dict[str, tuple[set[str], set[str]]] = {}
        for film, label, patient in zip(films, labels, patients, strict=True):
            held.setdefault(film.film.source, (set(), set()))[int(label)].add(patient)
        both = {source for source, classes in held.items() if source and min(map(len, classes)) >= _FEWEST}
        places = np.array([place for place, film in enumerate(films) if film.film.source in both], np.intp)
        names = [patients[place] for place in places]
        if len(held) < 2 or len(set(names)) < _FEWEST_IN_ALL:
            return None
        strata = np.unique([films[place].film.source for place in places], return_inverse=True)[1]
        return cls(places, labels[places], names, strata)


def by_trees(
    numbers: npt.NDArray[np.float32], labels: Labels, patients: Sequence[str], folds: npt.NDArray[np.intp]
) -> Estimate:
    """Return the AUROC of trees on `numbers`, ``[N, D]``, that were fitted to the patients of other folds.

    They are extremely randomised trees (Geurts, Ernst and Wehenkel, Machine Learning 63, 2006), which need few films
    and use what several numbers say together. NaN is a value of its own. One tree is in memory at a time.
    """
    from sklearn.tree import ExtraTreeClassifier  # takes a second to import

    scores = np.zeros(len(labels))
    for fold in range(int(folds.max()) + 1):
        held_out = folds == fold
        if len(set(labels[~held_out].tolist())) < 2:
            continue
        fitted, asked, classes = numbers[~held_out], numbers[held_out], labels[~held_out]
        draw = np.random.RandomState(_SEED)  # gives the seeds that scikit-learn's ExtraTreesClassifier gives its trees
        total = np.zeros(len(asked))
        for _ in range(_TREES):
            tree = ExtraTreeClassifier(min_samples_leaf=3, random_state=draw.randint(np.iinfo(np.int32).max))
            total += tree.fit(fitted, classes).predict_proba(asked)[:, 1]
        scores[held_out] = total / _TREES - classes.mean()
    return bootstrap(weighted_auroc(labels, scores), patients, seed=_SEED)
