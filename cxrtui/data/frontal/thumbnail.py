"""This module makes the small image of a film by which it is recognised: even borders off, a square of 96 pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.Image import Resampling

SIZE = 96
"""Width and height of a thumbnail, pixels."""
FIRST = 192
"""Pixels at which borders are found; an image should have as many at its shorter edge."""
_EVEN = 10  # greys within which an even line stays
_STRAY = 12  # pixels at each end of a line's greys that do not count: letters, compression
_DEEPEST = 0.4  # a border is at most this fraction of the image

Pixels = npt.NDArray[np.uint8]


def thumbnail(image: Image.Image) -> Pixels:
    """Return the thumbnail of an `image` in mode L, uint8 ``[SIZE, SIZE]``: stretched, without even borders."""
    first = image.resize((FIRST, FIRST), Resampling.BILINEAR, reducing_gap=2.0)
    top, bottom, left, right = inner(np.asarray(first))
    return np.asarray(first.resize((SIZE, SIZE), Resampling.BILINEAR, box=(left, top, right, bottom)))


def inner(values: Pixels) -> tuple[int, int, int, int]:
    """Return top, bottom, left and right inside the even borders of `values`, uint8 ``[N, N]``."""
    top, bottom = _depths(values)
    left, right = _depths(values[top : len(values) - bottom].T)
    return top, len(values) - bottom, left, values.shape[1] - right


def _depths(values: Pixels) -> tuple[int, int]:
    """Return how many of the first and of the last lines are an even border."""
    ordered = np.sort(values, axis=1)
    low, high = ordered[:, _STRAY].astype(np.int16), ordered[:, -1 - _STRAY].astype(np.int16)
    return _depth(low, high), _depth(low[::-1], high[::-1])


def _depth(low: npt.NDArray[np.int16], high: npt.NDArray[np.int16]) -> int:
    most = int(_DEEPEST * len(low))
    even = (high - low <= _EVEN) & (np.abs(low - low[0]) <= _EVEN) & (np.abs(high - high[0]) <= _EVEN)
    even[most:] = False
    return int(np.argmin(even))
