"""Smoothing of a curve by an exponential moving average, as TensorBoard smooths."""

from __future__ import annotations

import math

import numpy as np

from cxrtui.tui.widgets.charts.line import Array

_ROUNDING = 1e-18
_BLOCK = 64
_MOST = 1e100  # larger values cannot be summed


def smooth(y: Array, factor: float) -> Array:
    """Return the debiased exponential moving average of `y`.

    Each value is ``sum(factor**k * y[i-k]) / sum(factor**k)`` over all earlier values, so that the first ones are not
    drawn to zero (Kingma and Ba, 2015, section 3, as in TensorBoard's scalar cards). A value that is not finite, or
    too large to be summed, stays as it is and is left out of the sums.

    Args:
        y: values ``[N]`` float64.
        factor: of the past, at least 0 and below 1.

    Returns:
        ``[N]`` float64.

    Raises:
        ValueError: `factor` is out of range.
    """
    if not 0 <= factor < 1:
        raise ValueError(f"a smoothing factor is at least 0 and below 1: {factor}")
    finite = (y < _MOST) & (y > -_MOST)
    if factor == 0 or len(y) < 2 or not finite.any():
        return y
    values = y if finite.all() else y[finite]
    averaged = _average(values, factor)
    if len(values) == len(y):
        return averaged
    result = y.copy()
    result[finite] = averaged
    return result


def _average(values: Array, factor: float) -> Array:
    """Return the average of finite values ``[N]``; a loop in Python goes over the N / 64 blocks only."""
    count = len(values)
    width = min(_BLOCK, count)
    whole, rest = divmod(count, width)
    table = np.zeros((width, whole + bool(rest)))  # a column of this is a block of the values
    table[:, :whole] = values[: whole * width].reshape(whole, width).T
    table[:rest, -1:] += values[whole * width :, None]
    for place in range(1, width):  # each block by itself, as if nothing came before it
        table[place] += factor * table[place - 1]
    powers = factor ** np.arange(1, width + 1)
    carried, last = [0.0], table[-1].tolist()
    for value in last[:-1]:
        carried.append(value + float(powers[-1]) * carried[-1])
    before = np.array(carried)
    for place in range(width):
        table[place] += powers[place] * before
    averaged: Array = table.T.reshape(-1)[:count]
    averaged *= 1 - factor
    biased = min(count, math.ceil(math.log(_ROUNDING) / math.log(factor)))  # later sums of weights round to their limit
    averaged[:biased] /= 1 - factor ** np.arange(1.0, biased + 1)
    return averaged
