"""Reduction of a curve to the columns of a canvas, so that drawing a long run costs no more than drawing a short one.

A column keeps its first, last, least and greatest value, which are what a line through all the values would touch in
it (Jugel et al., 2014, "M4: a visualization-oriented time series data aggregation").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrtui.tui.widgets.charts.line import Array

_FAR = 1e9  # columns away, beyond which the slope of a curve at the edge cannot be seen to change


@dataclass(frozen=True, eq=False)
class Columns:
    """A curve by the columns of a canvas that hold at least one of its values, M of them.

    Attributes:
        column: number of each column ``[M]`` int64, ascending. The first may be negative and the last at least the
            number of columns: these are the nearest values on either side, so that the curve goes on to the edge.
        first, last, low, high: values ``[M]`` float64; `low` and `high` are NaN if the column holds only NaN.
    """

    column: NDArray[np.int64]
    first: Array
    last: Array
    low: Array
    high: Array

    def __len__(self) -> int:
        return len(self.column)


def decimate(x: Array, y: Array, start: float, end: float, width: int) -> Columns:
    """Reduce a curve to the columns of a canvas.

    Args:
        x: positions ``[N]`` float64, ascending, finite.
        y: values ``[N]`` float64; NaN is a gap.
        start: position at the centre of column 0.
        end: position at the centre of the last column; greater than `start`.
        width: number of columns.

    Returns:
        At most `width` + 2 columns.
    """
    per_column = (end - start) / max(1, width - 1)
    edges = start + (np.arange(width + 1) - 0.5) * per_column
    bounds = np.searchsorted(x, edges)
    numbers = np.flatnonzero(bounds[1:] > bounds[:-1])
    begin, stop = bounds[:-1][numbers], bounds[1:][numbers]
    if bounds[0] > 0:
        before = bounds[0] - 1
        outside = min(-1, _column(x[before], start, per_column))
        numbers, begin, stop = _joined(outside, numbers), _joined(before, begin), _joined(before + 1, stop)
    if bounds[-1] < len(x):
        after = bounds[-1]
        outside = max(width, _column(x[after], start, per_column))
        numbers, begin, stop = np.append(numbers, outside), np.append(begin, after), np.append(stop, after + 1)
    if not len(numbers):
        nothing = np.empty(0)
        return Columns(np.empty(0, dtype=np.int64), nothing, nothing, nothing, nothing)
    inside = y[begin[0] : stop[-1]]  # the columns follow each other without a gap
    places = begin - begin[0]
    return Columns(
        numbers.astype(np.int64),
        y[begin],
        y[stop - 1],
        np.fmin.reduceat(inside, places),
        np.fmax.reduceat(inside, places),
    )


def _column(x: float, start: float, per_column: float) -> int:
    return round(min(_FAR, max(-_FAR, (x - start) / per_column)))


def _joined(value: int, rest: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[value], rest])
