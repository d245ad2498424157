"""A small curve of block characters in one line."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

_LEVELS = "▁▂▃▄▅▆▇█"


def spark(values: Sequence[float], width: int) -> str:
    """Return `values` as a curve of at most `width` cells, from its least value to its greatest.

    If there are more values than cells, a cell has the mean of its values. A value that is not finite is a gap; a curve
    that does not move is in the middle.
    """
    if width <= 0:
        return ""
    cells = _means(values, width)
    known = [value for value in cells if math.isfinite(value)]
    if not known:
        return ""
    low, high = min(known), max(known)
    return "".join(_level(value, low, high) for value in cells)


def _means(values: Sequence[float], width: int) -> list[float]:
    if len(values) <= width:
        return list(values)
    bounds = [place * len(values) // width for place in range(width + 1)]
    return [_mean(values[first:after]) for first, after in itertools.pairwise(bounds)]


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan


def _level(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return " "
    part = (value - low) / (high - low) if high > low else 0.5
    return _LEVELS[min(len(_LEVELS) - 1, int(part * len(_LEVELS)))] if math.isfinite(part) else _LEVELS[4]
