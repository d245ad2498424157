"""The limits of a value axis: those of the main part of the curves, so that an early spike does not flatten it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cxrtui.tui.widgets.charts.line import Array

OUTER = 0.02
"""Fraction of the values on either side that may lie off the axis."""
TOLERATED = 2.0
"""All values are shown if that makes the axis at most this many times as long."""
_PAD = 0.04
_NEAR = 0.25
_NARROWEST = 1e-12
_MOST = 1e100  # larger values cannot be scaled


def extremes(curves: Sequence[tuple[Array, Array]]) -> tuple[float, float] | None:
    """Return the least and the greatest value of `curves`, as `robust_limits`; None if no value is finite."""
    values = np.concatenate([y for _, y in curves])
    values = values[np.abs(values) < _MOST]
    return (float(values.min()), float(values.max())) if len(values) else None


def robust_limits(curves: Sequence[tuple[Array, Array]], settled: float = -math.inf) -> tuple[float, float] | None:
    """Return limits within which the main part of all the curves lies, and the newest value of each.

    Args:
        curves: positions ``[N]`` and values ``[N]`` of each, which are what is in view.
        settled: position before which a curve may change so fast that its values do not count, if others are there.

    Returns:
        The least and the greatest value; None if no value is finite.
    """
    least = greatest = low = high = math.nan
    for x, y in curves:
        usable = np.isfinite(y) & (np.abs(y) < _MOST)
        values = y[usable]
        if not len(values):
            continue
        least, greatest = np.fmin(least, values.min()), np.fmax(greatest, values.max())
        late = values[x[usable] > settled]
        main = late if len(late) >= 2 else values
        inner = np.quantile(main, (OUTER, 1 - OUTER)) if len(main) > 2 else (main.min(), main.max())
        low, high = np.fmin(low, min(inner[0], values[-1])), np.fmax(high, max(inner[1], values[-1]))
    if math.isnan(least):
        return None
    span = high - low
    if greatest - least <= TOLERATED * span or span == 0:
        return float(least), float(greatest)
    return (
        float(least if low - least <= (TOLERATED - 1) * span / 2 else low),
        float(greatest if greatest - high <= (TOLERATED - 1) * span / 2 else high),
    )


def padded(low: float, high: float, floor: float | None, ceiling: float | None) -> tuple[float, float]:
    """Return limits with some room at both ends, but not beyond what is possible (`floor`, `ceiling`)."""
    if high - low < max(_NARROWEST, 1e-9 * max(abs(low), abs(high))):  # a constant, but for rounding
        room = 0.1 * abs(high) if abs(high) > _NARROWEST else 0.5
        beyond = _PAD * 2 * room
    else:
        room = beyond = _PAD * (high - low)
    lower, upper = low - room, high + room
    if floor is not None and low > floor and low - floor < _NEAR * (high - floor):
        lower = floor  # so near that an axis from there is as good, and easier to read
    elif floor is not None and low >= floor:
        lower = max(lower, floor - beyond * (low <= floor))
    if ceiling is not None and high <= ceiling:
        upper = min(upper, ceiling + beyond * (high >= ceiling))
    return lower, upper
