"""Edges and corners of the image: how bright they are, and how wide its uniform borders are."""

from __future__ import annotations

import numpy as np

from cxrtui.data.confounders.film import Values
from cxrtui.data.confounders.frame import Pixels, reduced, strips
from cxrtui.data.confounders.kinds.kind import Kind

_EDGE, _CORNER = 0.02, 0.05  # of width and height
_ENOUGH = 256  # pixels of the short side that this is measured on
_QUIET = 5.0  # standard deviation, in greys, of a line that belongs to a uniform border
_DEEPEST = 0.25  # of width or height: a wider border is not looked for
_SIDES = ("top", "bottom", "left", "right")


def measure(image: Pixels) -> Values:
    """Return mean and deviation of each edge (greys), the share of its uniform border, and the mean of each corner."""
    small = reduced(image, _ENOUGH)
    values: dict[str, float | None] = {}
    lines = (small, small[::-1], small.T, small.T[::-1])
    for side, strip, inwards in zip(_SIDES, strips(small, _EDGE), lines, strict=True):
        values[f"{side} mean"] = round(float(strip.mean()), 2)
        values[f"{side} deviation"] = round(float(strip.std()), 2)
        values[f"{side} border"] = _border(inwards)
    high, wide = (max(1, round(side * _CORNER)) for side in small.shape)
    corners = {"top left": small[:high, :wide], "top right": small[:high, -wide:],
               "bottom left": small[-high:, :wide], "bottom right": small[-high:, -wide:]}  # fmt: skip
    return values | {f"{name} mean": round(float(corner.mean()), 2) for name, corner in corners.items()}


def _border(lines: Pixels) -> float:
    """Return the share of `lines`, from the first one inwards, that are uniform."""
    deviations = lines[: max(1, round(_DEEPEST * len(lines)))].std(axis=1)
    busy = np.flatnonzero(deviations > _QUIET)
    return round(float(busy[0] if busy.size else len(deviations)) / len(lines), 4)


KIND = Kind(
    "border", "border and corner pixels",
    "crop the borders of all films before the training; data.resize_mode=crop takes away those of the longer side",
    measure=measure, decoded=True,
)  # fmt: skip
