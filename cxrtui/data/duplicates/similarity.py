"""This module says how alike two registered films are, whatever marks are burnt into one of them.

Both are parted into blocks, and in each the correlation of the two is computed. The similarity is the value that two
thirds of the blocks exceed, of those that both films fill with structure, or 0.05 less than what half of them exceed.
Marks, text and devices spoil few blocks, and where they spoil more the others agree the better, while breath and pose
between two exposures of one patient move ribs and vessels against each other everywhere.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cxrtui.data.duplicates.normalise import Floats

_BLOCKS = 8  # along each side
_KNOWN = 0.5  # mean weight of a block that counts
_FAINT = 0.1  # mean square of a block without structure
_FEWEST = 12  # blocks
_SPOILT = 0.35  # fraction of blocks that may be less alike than the similarity says
_HALF, _LESS = 0.5, 0.05  # a larger such fraction, and how much more alike the others must be then


def similarity(fixed: Floats, moved: Floats, weights: Floats) -> Floats:
    """Return the similarity of each pair, float32 ``[N]`` from -1 to 1; 0 where too little can be compared.

    Args:
        fixed: films with local contrast normalised, float32 ``[N, S * S]``.
        moved: the films that were registered to them, float32 ``[N, S * S]``.
        weights: how much each pixel counts, from 0 to 1, ``[N, S * S]``.
    """
    first, second, weight = _blocks(fixed), _blocks(moved), _blocks(weights)
    total = np.maximum(weight.sum(2), 1e-3)
    product, power, other = ((weight * one * two).sum(2) / total
                             for one, two in ((first, second), (first, first), (second, second)))  # fmt: skip
    counted = (weight.mean(2) > _KNOWN) & (np.maximum(power, other) > _FAINT)
    correlation = product / np.sqrt(np.maximum(power * other, 1e-6))
    number = counted.sum(1)
    ordered = np.sort(np.where(counted, correlation, np.inf), axis=1)
    rows = np.flatnonzero(number >= _FEWEST)
    few, many = (_quantile(ordered[rows], number[rows], share) for share in (_SPOILT, _HALF))
    result = np.zeros(len(fixed), np.float32)
    result[rows] = np.maximum(few, many - _LESS)
    return result


def _quantile(ordered: Floats, number: npt.NDArray[np.int64], share: float) -> Floats:
    """Return the value below which `share` of the first `number` of each row of `ordered` lies, between two of them."""
    at = share * (number - 1)
    below, rows = at.astype(np.int64), np.arange(len(ordered))
    low, high = ordered[rows, below], ordered[rows, np.minimum(below + 1, number - 1)]
    result: Floats = low + (at - below) * (high - low)
    return result


def _blocks(values: Floats) -> Floats:
    """Return ``[N, S * S]`` by blocks, ``[N, blocks, pixels]``."""
    count, size = len(values), round(values.shape[1] ** 0.5)
    edge = size // _BLOCKS
    parted = values.reshape(count, _BLOCKS, edge, _BLOCKS, edge).transpose(0, 1, 3, 2, 4)
    return np.ascontiguousarray(parted).reshape(count, _BLOCKS * _BLOCKS, edge * edge)
