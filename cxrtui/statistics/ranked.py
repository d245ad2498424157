"""Holds the films of each class in the order of their scores, so that sums of weights serve many resamples at once.

From the highest score down, the running sum of the positive films' weights says how many of them lie above a score, and
that of the negative films' how many false alarms it costs. These two give the confusion matrix at a threshold, the
AUROC and the average precision, and the films of a bin of a reliability table lie side by side. A film costs a few
numbers and each resample a few passes over its weights, whatever their number.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxrtui.statistics.bootstrap import Weights, divided
from cxrtui.statistics.calibration import BINS, bin_of

Values = NDArray[np.float64]
_Places = NDArray[np.intp]
_Counts = NDArray[np.int64]


class Ranked:
    """Films, sorted once.

    Args:
        labels: ``[N]`` integers or bools, 1 is positive.
        scores: ``[N]`` finite floats, higher for films that are more likely positive.
        places: ``[N]``, where the weight of each film is in a row of weights; by default in the order of `labels`.
    """

    def __init__(self, labels: ArrayLike, scores: ArrayLike, places: _Places | None = None) -> None:
        values, positive = np.asarray(scores, np.float64), np.asarray(labels) == 1
        order = np.argsort(-values, kind="stable")
        plus, minus = order[positive[order]], order[~positive[order]]
        self.high, self.low = values[plus], values[minus]
        self.plus, self.minus = (plus, minus) if places is None else (places[plus], places[minus])

    def weighed(self, weights: Weights) -> Weighed:
        """Return the sums of `weights`, ``[B, M]``, which are counts; `places` are within M."""
        return Weighed(self, np.take(weights, self.plus, axis=1), np.take(weights, self.minus, axis=1))

    def predicted(self, threshold: float) -> tuple[int, int]:
        """Return how many positive, and how many negative, films score `threshold` or more."""
        return int((self.high >= threshold).sum()), int((self.low >= threshold).sum())

    @cached_property
    def distances(self) -> tuple[Values, Values]:
        """The scores of the positive and the negative films, less their class."""
        return self.high - 1.0, self.low

    @cached_property
    def squares(self) -> tuple[Values, Values]:
        """The squares of `distances`."""
        high, low = self.distances
        return high**2, low**2

    @cached_property
    def ends(self) -> _Places:
        """The last positive film of each score."""
        return np.flatnonzero(np.r_[np.diff(self.high) != 0, True]) if len(self.high) else self.plus

    @cached_property
    def above(self) -> _Places:
        """How many negative films score above each score of a positive film."""
        found: _Places = np.searchsorted(-self.low, -self.high[self.ends], side="left")
        return found

    @cached_property
    def as_high(self) -> _Places:
        """How many negative films score at least as high as each score of a positive film."""
        found: _Places = np.searchsorted(-self.low, -self.high[self.ends], side="right")
        return self.above if np.array_equal(found, self.above) else found

    @cached_property
    def bins(self) -> list[tuple[slice, slice]]:
        """The positive and the negative films of each bin of a reliability table."""
        counts = (np.bincount(bin_of(values), minlength=BINS) for values in (self.high, self.low))
        ends = [np.cumsum(count[::-1]).tolist() for count in counts]
        starts = [[0, *own[:-1]] for own in ends]
        plus, minus = (list(map(slice, *pair)) for pair in zip(starts, ends, strict=True))
        return list(zip(plus, minus, strict=True))


@dataclass(frozen=True, eq=False)
class Weighed:
    """Sums over the films of `ranked`, of which each row of weights is a resample.

    `plus` and `minus` are the weights of the positive and the negative films, ``[B, P]`` and ``[B, Q]``.
    """

    ranked: Ranked
    plus: Weights
    minus: Weights

    @cached_property
    def found(self) -> _Counts:
        """The weight of the first positive films, of none to all, ``[B, P + 1]``."""
        return _running(self.plus)

    @cached_property
    def alarms(self) -> _Counts:
        """The weight of the first negative films, of none to all, ``[B, Q + 1]``."""
        return _running(self.minus)

    @property
    def classes(self) -> tuple[Values, Values]:
        """The weight of the positive and of the negative films, each ``[B]``."""
        return self.found[:, -1].astype(np.float64), self.alarms[:, -1].astype(np.float64)

    def counts(self, predicted: tuple[int, int]) -> tuple[Values, Values, Values, Values]:
        """Return true positives, false positives, false negatives and true negatives, each ``[B]``.

        Args:
            predicted: as `Ranked.predicted` returns it.
        """
        tp, fp = (
            sums[:, count].astype(np.float64) for sums, count in zip((self.found, self.alarms), predicted, strict=True)
        )
        positive, negative = self.classes
        return tp, fp, positive - tp, negative - fp

    def auroc(self) -> Values:
        """Return the AUROC, ``[B]``; NaN where a class weighs nothing."""
        steps, false, above = self._steps[1], self._false, self._above
        twice = np.einsum("ij,ij->i", steps, above + false)  # pairs in the wrong order; a tie counts one half
        return 1.0 - divided(twice / 2, np.multiply(*self.classes))

    def average_precision(self) -> Values:
        """Return the sum of the precisions at the scores of the positive films, without interpolation, ``[B]``.

        That is as in Manning, Raghavan and Schuetze, "Introduction to Information Retrieval", 2008, section 8.4, and in
        scikit-learn.
        """
        found, steps = self._steps
        precision = found / np.maximum(found + self._false, 1)  # where both are 0, no film is there to have it
        return divided((steps * precision).sum(axis=1), self.classes[0])

    def brier(self) -> Values:
        """Return the mean square of the distances of the scores from the class, ``[B]``."""
        high, low = self.ranked.squares
        return divided(self.plus @ high + self.minus @ low, np.add(*self.classes))

    def ece(self) -> Values:
        """Return the expected calibration error, as `calibration.ece`, ``[B]``."""
        high, low = self.ranked.distances
        off = np.zeros(len(self.plus))
        for plus, minus in self.ranked.bins:
            off += np.abs(self.plus[:, plus] @ high[plus] + self.minus[:, minus] @ low[minus])
        return divided(off, np.add(*self.classes))

    @cached_property
    def _steps(self) -> tuple[_Counts, _Counts]:
        """The weight of the positive films down to each of their scores, and of those that have it."""
        ends = self.ranked.ends
        found = self.found[:, 1:] if len(ends) == len(self.ranked.plus) else np.take(self.found, ends + 1, axis=1)
        return found, np.diff(found, axis=1, prepend=0)

    @cached_property
    def _false(self) -> _Counts:
        return np.take(self.alarms, self.ranked.as_high, axis=1)

    @property
    def _above(self) -> _Counts:
        same = self.ranked.above is self.ranked.as_high
        return self._false if same else np.take(self.alarms, self.ranked.above, axis=1)


def _running(weights: Weights) -> _Counts:
    """Return running sums as integers, of which adding one takes a tenth of the time."""
    sums = np.zeros((len(weights), weights.shape[1] + 1), np.int64)
    for row, own in zip(sums, weights, strict=True):
        np.cumsum(own.astype(np.int64), out=row[1:])
    return sums
