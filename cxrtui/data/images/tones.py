"""This module finds black and white of deep films of every format; a few outlying pixels do not change the result.

**Outlying pixels.** A hot pixel, a dead row or a burnt-in mark must not decide the tone of a film. At each end, at most
one pixel in `SHARE` may be outlying. nnU-Net uses this share: it clips intensities at the 0.5th and 99.5th
percentile (Isensee et al., Nature Methods 18, 2021); Nyúl, Udupa and Zhang end their scale at the 99.8th for the same
reason (IEEE TMI 19, 2000). The *depth* of a film is judged without that share. Its *own range* keeps the share where it
lies close to the rest, and drops it where a gap parts the two: Dixon's test for an outlier is the gap over the range
(Annals of Mathematical Statistics 21, 1950), here over the range of the rest, and `GAP` is the critical value. Marks
and lines are more pixels and farther away: one in `MARKED`, parted by a gap as wide as the range of the rest, is
dropped from both.

**White of a depth.** White is the top of a detector's depth: 8, 10, 12, … bits; of floating point 1, else 255. A film
that reaches the upper half of a depth is scaled by its top. Below that half the top moves smoothly down to the next
depth's: otherwise two films of one detector, whose brightest tones are 1,020 and 1,030, would differ fourfold.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from cxrtui.errors import FilmError

Pixels = npt.NDArray[np.uint8]
Array = npt.NDArray[Any]

SHARE = 200
MARKED, APART = 50, 1.0
BLANK = 20  # a film is blank even if one pixel in so many differs
GAP = 0.05
FEW = 500  # with fewer pixels, none counts as outlying
UNIFORM = 4  # greys of 256, or steps of whole numbers: the spread that compression and noise give a blank film
COLLAPSED = 15  # greys of 256: less than a sixteenth of the scale
_WHOLE = tuple(float((1 << bits) - 1) for bits in range(8, 34, 2))
_FLOATING = (1.0, 255.0)
_OVERSHOOT = 1.1  # resizing makes floating-point values exceed their range by some per cent
_BLOCK = 1 << 20
_ENOUGH = 1 << 24  # pixels that are enough to find the tone of a film


@dataclass(frozen=True)
class Ends:
    """Ends of an image's values: `low`, `high` without outlying ones; `dark`, `bright` without the allowed share."""

    low: float
    high: float
    dark: float
    bright: float


def tally(values: Array) -> tuple[Array, Array]:
    """Return the distinct `values` in ascending order, and the number of pixels with each.

    Large arrays of wide types are sampled at regular steps, because all of them would take some 40 bytes a pixel.
    """
    if values.dtype.kind not in "ui" or values.dtype.itemsize > 2:
        return np.unique(values.reshape(-1)[:: values.size // _ENOUGH + 1], return_counts=True)
    info = np.iinfo(values.dtype)
    counts, flat = np.zeros(1 << (8 * values.dtype.itemsize), np.int64), values.reshape(-1)
    for start in range(0, flat.size, _BLOCK):  # all at once would take eight bytes a pixel
        block = flat[start : start + _BLOCK].astype(np.int64) - info.min
        counts += np.bincount(block, minlength=len(counts))
    (places,) = np.nonzero(counts)
    return places + info.min, counts[places]


def ends(levels: Array, counts: Array) -> Ends:
    """Return the ends of an image's values, given as distinct `levels` in any order and the pixels with each."""
    order = np.argsort(levels, kind="stable")
    level, count = np.asarray(levels)[order].astype(np.float64), np.asarray(counts)[order]
    level, count, _, _ = _unparted(level, count, MARKED, APART)
    kept, _, dark, bright = _unparted(level, count, SHARE, GAP)
    return Ends(float(kept[0]), float(kept[-1]), dark, bright)


def _unparted(level: Array, count: Array, share: int, gap: float) -> tuple[Array, Array, float, float]:
    """Return ascending levels and counts without the few beyond a gap, and the darkest and brightest of the rest."""
    dark, bright = _within(level, count, share)
    parted = np.diff(level) > gap * (bright - dark)
    upto, few = np.cumsum(count), _few(count, share)
    above = np.flatnonzero(parted & (upto[-1] - upto[:-1] <= few))
    below = np.flatnonzero(parted & (upto[:-1] <= few))
    rest = slice(int(below[-1]) + 1 if len(below) else 0, int(above[0]) + 1 if len(above) else len(level))
    return level[rest], count[rest], dark, bright


def _few(counts: Array, share: int) -> int:
    total = int(counts.sum())
    return max(1, total // share) if total >= FEW else 0


def _within(level: Array, count: Array, share: int) -> tuple[float, float]:
    """Return the darkest and the brightest of ascending levels without one pixel in `share` at each end."""
    upto, few = np.cumsum(count), _few(count, share)
    dark = level[np.searchsorted(upto, few, "right")]
    return float(dark), float(level[np.searchsorted(upto, upto[-1] - few, "left")])


def white_of(bright: float, *, floating: bool) -> float | None:
    """Return the white of a film whose brightest tone is `bright`; None beyond every depth."""
    tops, slack = (_FLOATING, _OVERSHOOT) if floating else (_WHOLE, 1.0)
    if bright <= tops[0] * slack:
        return tops[0]
    for lower, top in pairwise(tops):
        if bright <= top * slack:
            start, half = lower * slack, top / 2
            if bright >= half:
                return top
            return float(lower * (bright / start) ** (math.log(top / lower) / math.log(half / start)))
    return None


def spread(levels: Array, counts: Array, share: int = SHARE) -> int:
    """Return how many greys of 256 lie between the ends, without one pixel in `share` at each end."""
    order = np.argsort(levels, kind="stable")
    dark, bright = _within(np.asarray(levels)[order], np.asarray(counts)[order], share)
    return round(bright - dark)


def greys_left(levels: Array, counts: Array) -> int:
    """Return how many of the greys 0 to 255 a film uses: its spread, or 2 where nearly all is black or white."""
    between = int(np.asarray(counts)[(np.asarray(levels) > 0) & (np.asarray(levels) < 255)].sum())
    left = spread(levels, counts) + 1
    return left if between * MARKED >= int(np.sum(counts)) else min(left, 2)


def refuse_uniform(levels: Array, counts: Array, share: int = BLANK) -> None:
    """Refuse a film of greys 0 to 255, or of whole numbers as stored, that is blank.

    It is blank if all but one pixel in `share` (specks, a burnt-in mark) lie within `UNIFORM`.

    Raises:
        FilmError: the film is blank.
    """
    order = np.argsort(levels, kind="stable")
    level, upto = np.asarray(levels)[order], np.concatenate([[0], np.cumsum(np.asarray(counts)[order])])
    near = upto[np.searchsorted(level, level + UNIFORM, "right")] - upto[:-1]
    if upto[-1] - near.max() <= _few(np.asarray(counts), share):
        same = "" if np.ptp(level) <= UNIFORM else " but for specks or a mark"
        raise FilmError(f"it is uniform: one grey all over{same}, and no film")


def eight_bits(values: Array, notes: list[str]) -> Pixels:
    """Scale the values of an image of any integer or floating dtype to uint8 of the same shape.

    Black is 0 and white is as in the module docstring; integers that are stored as floating point count as integers.
    Values well below zero, floating ones beyond 255, and a film that would get a sixteenth of the scale or less are
    scaled by their own range; the last case is added to `notes`.

    Raises:
        FilmError: some are not numbers, or the film is blank.
    """
    floating = values.dtype.kind == "f"
    if floating and not np.isfinite(values).all():
        raise FilmError("it has pixels that are not numbers")
    levels, counts = tally(values)
    found = ends(levels, counts)
    floating = floating and (found.bright <= _FLOATING[0] * _OVERSHOOT or bool((levels != np.rint(levels)).any()))
    white = white_of(found.bright, floating=floating)
    if white is None or found.low < -0.1 * white:
        return scaled(values, found.low, found.high)
    if found.high > found.low and spread(scaled(levels, 0, white), counts) <= COLLAPSED:
        if not floating:
            refuse_uniform(levels, counts)
        notes.append("it uses less than a sixteenth of its depth; its own range was used")
        return scaled(values, found.low, found.high)
    return scaled(values, 0, white)


def scaled(values: Array, low: float, high: float) -> Pixels:
    """Scale `values` to uint8 of the same shape; `low` and less become black, `high` and more become white."""
    span = high - low if high > low else 1.0
    if values.dtype.kind == "u" and values.dtype.itemsize <= 2:
        top = 1 << (8 * values.dtype.itemsize)
        table = np.rint((np.arange(top) - low) * (255.0 / span)).clip(0, 255).astype(np.uint8)
        return np.asarray(table[values])
    kind: type[np.floating[Any]] = np.float64 if values.dtype.itemsize > 4 else np.float32
    pixels = np.empty(values.shape, np.uint8)
    for rows in blocks(values):
        part: Array = values[rows].astype(kind)
        seen = (part - part.dtype.type(low)) * part.dtype.type(255.0 / span)
        pixels[rows] = np.rint(seen).clip(0, 255)
    return pixels


def blocks(values: Array) -> Iterator[slice]:
    """Yield slices of the first axis, each of about a million values, so that computing on them takes little memory."""
    step = max(1, _BLOCK * len(values) // max(1, values.size))
    for start in range(0, len(values), step):
        yield slice(start, start + step)
