"""The curves that a chart draws, and the vertical lines beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrtui.tui.theme import FAINT, SERIES, TRAIN_RAW

Array = NDArray[np.float64]

ASCII_MARKERS = {
    "●": "o", "◆": "x", "▲": "^", "■": "#", "▼": "v", "○": "O", "◇": "+", "△": "@", "⣀⡠⠔": "---", "⠤": "-", "⠤⠤": "--",
}  # fmt: skip
"""What a terminal without UTF-8 shows instead of a marker."""


@dataclass(frozen=True, eq=False)
class Line:
    """One named curve.

    Attributes:
        key: identifies the curve from one drawing to the next.
        label: the name that is shown; empty for a curve that the legend leaves out.
        x: positions ``[N]`` float64, in the unit of the chart's axis; ascending, finite.
        y: values ``[N]`` float64. NaN is a gap; an infinite value is off the range of the axis.
        style: Rich style of the curve and its marker.
        marker: one character (a few for the legend of a curve without points) that means the same as the colour.
        points: whether each value gets the marker, if there is room; else only the newest value gets it.
        smoothed: whether the chart's smoothing applies. Give it to values of every step, and not to those of epochs.
        faint: Rich style of the raw values behind a smoothed curve; empty for none.
        behind: draw it below the others.
        joined: whether a curve joins the points.
        short: the name where there is little room; empty for `label`.

    A chart reuses what it computed of a line as long as `x` and `y` are the same objects, so keep the arrays of a run
    that does not grow.
    """

    key: str
    label: str
    x: Array
    y: Array
    style: str = SERIES[0][0]
    marker: str = SERIES[0][1]
    points: bool = False
    smoothed: bool = False
    faint: str = TRAIN_RAW
    behind: bool = False
    short: str = ""
    joined: bool = True

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise ValueError(f"{self.label}: {len(self.x)} positions and {len(self.y)} values")


@dataclass(frozen=True)
class Mark:
    """A vertical line at `x` with a short `label`, for a moment as the best epoch or a resume."""

    x: float
    label: str
    style: str = FAINT


def run_line(place: int, label: str, x: Array, y: Array, *, smoothed: bool = False, points: bool = False) -> Line:
    """Return the curve of the run at `place`, from 0, of those that are compared, with its colour and marker."""
    style, marker = SERIES[place % len(SERIES)]
    return Line(f"run {place}", label, x, y, style, marker, points=points, smoothed=smoothed, faint=f"dim {style}")
