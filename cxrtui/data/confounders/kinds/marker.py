"""Burnt-in text and markers: small structures at the edge of the film, much brighter or darker than around them.

They are found by the top-hat transform: what an opening (or closing) with a square takes away is thinner than it
(Serra, "Image Analysis and Mathematical Morphology", 1982; Meyer, 1979). Strokes of letters are; shoulders and ribs,
which are smooth, are not.
"""

from __future__ import annotations

import numpy as np

from cxrtui.data.confounders.film import Values
from cxrtui.data.confounders.frame import Pixels, reduced
from cxrtui.data.confounders.kinds.kind import Kind

_ENOUGH = 256  # pixels of the short side that this is measured on
_EDGE = 0.18  # of width and height: markers are sought so far from the edge
_THICKEST = 1 / 24  # of the short side: the square of the opening
_CONTRAST = 50  # greys above or below the surroundings
_SMALLEST = 4  # pixels of a structure


def measure(image: Pixels) -> Values:
    """Return the area of bright and dark small structures by zone (per mille), their number, and the largest's area."""
    from scipy import ndimage  # takes a third of a second to import; the process that only asks needs none of it

    small = reduced(image, _ENOUGH)
    thick = max(3, round(min(small.shape) * _THICKEST) | 1)
    values: dict[str, float | None] = {}
    for tone, hat in (("bright", small - opened(small, thick)), ("dark", ~small - opened(~small, thick))):
        found = hat > _CONTRAST
        found[_inner(found.shape)] = False
        named, count = ndimage.label(found, np.ones((3, 3)))
        areas = np.bincount(named.ravel(), minlength=count + 1)[1:]
        kept = areas >= _SMALLEST
        found &= np.concatenate([[False], kept])[named]
        for row, rows in enumerate(np.array_split(found, 3)):
            for column, zone in enumerate(np.array_split(rows, 3, axis=1)):
                if (row, column) != (1, 1):
                    values[f"{tone} {row}{column}"] = round(1000 * float(zone.mean()), 2)
        values[f"{tone} count"] = float(kept.sum())
        values[f"{tone} largest"] = round(1000 * float(areas.max(initial=0)) / found.size, 3)
    return values


def opened(image: Pixels, width: int) -> Pixels:
    """Return the opening of `image`, uint8 `[H, W]`, with a square of an odd `width`: no brighter part is narrower.

    The result is that of `scipy.ndimage.grey_opening` in mode "nearest" but at the edge, in a small part of its time.
    """
    lowest = _running(image, width, np.minimum)
    return _running(lowest, width, np.maximum)


def _running(image: Pixels, width: int, extreme: np.ufunc) -> Pixels:
    """Return the running extreme over a square; spans are doubled, so that few steps make a wide one."""
    values = np.pad(image, width // 2, mode="edge")
    for _ in range(2):
        span = 1
        while span < width:
            step = min(span, width - span)
            values = extreme(values[:-step], values[step:])
            span += step
        values = values.T
    return np.ascontiguousarray(values)


def _inner(shape: tuple[int, ...]) -> tuple[slice, ...]:
    """Return the part of an image that is not at its edge."""
    return tuple(slice(round(side * _EDGE), side - round(side * _EDGE)) for side in shape)


KIND = Kind(
    "marker", "burnt-in text and markers",
    "cover or crop what is burnt in on the films of both classes, and test on films without it",
    measure=measure, decoded=True,
)  # fmt: skip
