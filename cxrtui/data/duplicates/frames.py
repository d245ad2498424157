"""This module cuts even borders off thumbnails: black bars, white margins, frames.

A film with such a border is looked at twice, as it is and without it, since the same border may be a margin that
someone added or the collimated edge of the exposure itself.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
_EVEN = 12  # greys within which a line of a border stays, and differs from the outermost line
_STRAY = 6  # pixels at each end of a line's greys that do not count: letters, compression
_DEEPEST = 0.35  # a border is at most this fraction of the image
_LEAST = 2  # pixels; thinner borders are left


def boxes(thumbnails: Bytes) -> Ints:
    """Return top, bottom, left and right, ``[N, 4]``, inside the even borders of `thumbnails`, uint8 ``[N, S, S]``."""
    size = thumbnails.shape[-1]
    result = np.empty((len(thumbnails), 4), np.int64)
    for axis, places in ((2, (0, 1)), (1, (2, 3))):
        ordered = np.sort(thumbnails, axis=axis)
        low = np.take(ordered, _STRAY, axis=axis).astype(np.int16)
        high = np.take(ordered, size - 1 - _STRAY, axis=axis).astype(np.int16)
        before = _depth(low, high)
        after = _depth(low[:, ::-1], high[:, ::-1])
        result[:, places[0]], result[:, places[1]] = before, size - after
    return result


def _depth(low: npt.NDArray[np.int16], high: npt.NDArray[np.int16]) -> Ints:
    """Return how many of the first lines are an even border; `low` and `high` are each line's greys ``[N, S]``."""
    most = int(_DEEPEST * low.shape[1])
    even = (high - low <= _EVEN) & (np.abs(low - low[:, :1]) <= _EVEN) & (np.abs(high - high[:, :1]) <= _EVEN)
    even[:, most:] = False
    return np.asarray(np.argmin(even, axis=1), np.int64)


def frames(thumbnails: Bytes) -> tuple[Bytes, Ints]:
    """Return `thumbnails`, uint8 ``[N, S, S]``, and those without a border again, with the index of each one's film.

    Returns:
        uint8 ``[M, S, S]``, in the order of the films, and int64 ``[M]``.
    """
    size = thumbnails.shape[-1]
    inner = boxes(thumbnails)
    bordered = np.flatnonzero(np.abs(inner - [0, size, 0, size]).max(axis=1) >= _LEAST)
    owners = np.sort(np.concatenate([np.arange(len(thumbnails)), bordered]))
    result = thumbnails[owners]
    again = np.flatnonzero(np.diff(owners, prepend=-1) == 0)
    for place, film in zip(again, bordered, strict=True):
        top, bottom, left, right = inner[film]
        rows, columns = _resampling(size, top, bottom), _resampling(size, left, right)
        result[place] = np.rint(rows @ thumbnails[film].astype(np.float32) @ columns.T)
    return result, owners


def _resampling(size: int, begin: int, end: int) -> npt.NDArray[np.float32]:
    """Return the matrix ``[size, size]`` that stretches the pixels from `begin` to `end` over a line, linearly."""
    places = np.clip(begin - 0.5 + (np.arange(size) + 0.5) * (end - begin) / size, begin, end - 1)
    matrix: npt.NDArray[np.float32] = np.maximum(0, 1 - np.abs(places[:, None] - np.arange(size))).astype(np.float32)
    return matrix
