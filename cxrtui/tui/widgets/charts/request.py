"""What a chart is asked to show, and the cells that came of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from cxrtui.tui.widgets.charts.canvas import Canvas
from cxrtui.tui.widgets.charts.line import Line, Mark
from cxrtui.tui.widgets.charts.options import Options


@dataclass(frozen=True)
class Request:
    """What a chart is to show.

    Attributes:
        width, height: in cells.
        lines, marks: what to draw.
        options: the settings of the screen.
        window: positions at the left and the right edge; None shows all.
        values: values at the lower and the upper edge (of the logarithm, if the axis is logarithmic); None fits them.
        cursor: position of the cursor, or None.
        percent: whether values are fractions that are written as percentages.
        floor, ceiling: what values cannot go beyond.
        settled: position before which values do not count for the limits of the value axis.
        robust: whether the main part of the curves sets these limits; else all values do.
        span: the first and the last position if all is shown; None for those of the lines.
        unit: the name of positions that are neither epochs nor steps; empty for those.
        shares: whether these positions are shares from 0 to 1; else they are whole.
    """

    width: int
    height: int
    lines: Sequence[Line]
    marks: Sequence[Mark] = ()
    options: Options = field(default_factory=Options)
    window: tuple[float, float] | None = None
    values: tuple[float, float] | None = None
    cursor: float | None = None
    percent: bool = False
    floor: float | None = None
    ceiling: float | None = None
    settled: float = -math.inf
    robust: bool = True
    span: tuple[float, float] | None = None
    unit: str = ""
    shares: bool = False


@dataclass(frozen=True)
class Drawing:
    """The cells of a chart, and where its curves are: columns `left` to `left` + `width`, rows 0 to `height`.

    `window` are the positions at the centres of the first and the last column of dots, `values` the values at the
    lower and the upper edge, as in a `Request`.
    """

    canvas: Canvas
    axes: Canvas
    left: int
    width: int
    height: int
    window: tuple[float, float]
    values: tuple[float, float]

    def position(self, column: float) -> float:
        """Return the position at the centre of the cell `column` of the whole chart."""
        start, end = self.window
        return start + (end - start) * (column - self.left) / max(1, self.width - 1)

    def column(self, position: float) -> int:
        """Return the cell, counted from `left`, that a position is in."""
        start, end = self.window
        return round((position - start) / (end - start) * (self.width - 1))
