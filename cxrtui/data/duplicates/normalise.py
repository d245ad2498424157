"""This module removes from thumbnails what edits change: brightness, contrast, gamma and slow shading.

The mean of a Gaussian neighbourhood is subtracted and the result divided by its standard deviation there (local
contrast
normalisation: Jarrett et al., "What is the best multi-stage architecture for object recognition?", ICCV 2009). An
    inverted film differs in sign alone.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
_FLOOR = 0.02  # standard deviations below this fraction of a film's range of greys count as noise
_MOST = 3.0
_FLAT = 0.25  # greys; an area with less deviation is a border, a mark or clipped, and no film
_NARROW = 2.0  # pixels, of the neighbourhood in which a film is flat or not
_REACH = 6.0  # standard deviations; what is left out beyond is less than rounding


@lru_cache(maxsize=16)
def gaussian(size: int, sigma: float) -> Floats:
    """Return the matrix, float32 ``[size, size]``, whose product with a column blurs it; `sigma` is in pixels.

    Each row sums to one, so that nothing darkens at the border. Far weights are exactly 0: they would be subnormal
    numbers else, with which processors compute ten times as slowly.
    """
    places = np.arange(size)
    distances = (places[:, None] - places[None, :]) / sigma
    weights = np.where(np.abs(distances) <= _REACH, np.exp(-0.5 * distances**2), 0)
    matrix: Floats = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
    matrix.setflags(write=False)
    return matrix


def blurred(images: Floats, sigma: float) -> Floats:
    """Return `images`, float32 ``[N, S, S]``, blurred by a Gaussian of `sigma` pixels."""
    matrix = gaussian(images.shape[-1], sigma)
    return np.asarray(matrix @ images @ matrix.T, np.float32)


def normalised(thumbnails: npt.NDArray[np.uint8], sigma: float) -> Floats:
    """Return `thumbnails`, uint8 ``[N, S, S]``, with local contrast normalised, float32 ``[N, S, S]`` from -3 to 3."""
    values = thumbnails.astype(np.float32)
    values -= blurred(values, sigma)
    values /= _deviation(values, sigma) + _FLOOR * _range(thumbnails)
    return np.clip(values, -_MOST, _MOST, out=values)


def reliable(thumbnails: npt.NDArray[np.uint8], sigma: float) -> Floats:
    """Return where `thumbnails`, uint8 ``[N, S, S]``, may be compared, float32 ``[N, S, S]`` from 0 to 1.

    It is 0 in flat areas and near them, as far as `sigma` pixels. The edge of a border, of a mark, or of the wedge that
    a rotation leaves black, is no part of the film, and is its strongest edge.
    """
    values = thumbnails.astype(np.float32)
    values -= blurred(values, _NARROW)
    flat = (_deviation(values, _NARROW) < _FLAT).astype(np.float32)
    return np.clip(1 - 3 * blurred(flat, 0.6 * sigma), 0, 1)


def _range(thumbnails: npt.NDArray[np.uint8]) -> Floats:
    """Return the range of greys of each thumbnail but for the darkest and the brightest twentieth, ``[N, 1, 1]``."""
    count = thumbnails[0].size
    ends = (count // 20, count - 1 - count // 20)
    ordered = np.partition(thumbnails.reshape(len(thumbnails), -1), ends, axis=1)
    low, high = (ordered[:, place].astype(np.float32) for place in ends)
    result: Floats = np.maximum(high - low, 1)[:, None, None]
    return result


def _deviation(values: Floats, sigma: float) -> Floats:
    return np.sqrt(np.maximum(blurred(values * values, sigma), 0))
