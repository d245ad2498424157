"""Drawing of a chart's cells: curves, their markers and the cursor. Nothing here knows of widgets."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cxrtui.tui.theme import FAINT
from cxrtui.tui.widgets.charts.axes import draw_axes, draw_marks, value_labels
from cxrtui.tui.widgets.charts.canvas import MODES, Canvas
from cxrtui.tui.widgets.charts.decimation import Columns, decimate
from cxrtui.tui.widgets.charts.limits import extremes, padded, robust_limits
from cxrtui.tui.widgets.charts.line import Array, Line
from cxrtui.tui.widgets.charts.options import Options
from cxrtui.tui.widgets.charts.request import Drawing, Request
from cxrtui.tui.widgets.charts.smoothing import smooth

CURSOR = FAINT
_APART = 12  # cells between two markers of one curve
_AXIS_ROWS = 7  # a lower chart has no line above the labels of its positions


class Plot:
    """Draws requests, and keeps what it computed of lines whose arrays have not changed."""

    def __init__(self) -> None:
        self._smoothed: dict[str, tuple[Array, float, Array]] = {}
        self._decimated: dict[tuple[str, str], tuple[Array, Array, tuple[float, float, int, bool], Columns]] = {}

    def values_of(self, line: Line, options: Options) -> Array:
        """Return the values ``[N]`` that are drawn of a line: smoothed, if it is to be smoothed."""
        if not line.smoothed or not options.smoothing:
            return line.y
        kept = self._smoothed.get(line.key)
        if kept is None or kept[0] is not line.y or kept[1] != options.smoothing:
            kept = self._smoothed[line.key] = (line.y, options.smoothing, smooth(line.y, options.smoothing))
        return kept[2]

    def readings(self, line: Line, options: Options, position: float, reach: float) -> tuple[float, float]:
        """Return position and value of the line's point nearest to `position`; NaN if none is within `reach` of it."""
        if not len(line.x):
            return math.nan, math.nan
        after = int(np.searchsorted(line.x, position))
        near = [index for index in (after - 1, after) if 0 <= index < len(line.x)]
        nearest = min(near, key=lambda index: abs(float(line.x[index]) - position))
        gap = float(line.x[after] - line.x[after - 1]) if 0 < after < len(line.x) else 0.0
        if abs(float(line.x[nearest]) - position) > max(reach, gap):
            return math.nan, math.nan
        return float(line.x[nearest]), float(self.values_of(line, options)[nearest])

    def draw(self, request: Request) -> Drawing | None:
        """Return the drawing; None if there is no value or no room."""
        lines = [line for line in request.lines if len(line.x)]
        height = request.height - (2 if request.height >= _AXIS_ROWS else 1)
        if not lines or request.width < 16 or height < 2:
            return None
        window = request.window or _whole(lines, request.span)
        room = request.width - 6
        curves = self._in_view(lines, request, window, room)
        low, high = request.values or self._limits(curves, request, window, room)
        labels = value_labels(low, high, height, request)
        left = max((len(text) for _, text in labels), default=0) + 1
        width = request.width - left
        mode = MODES[request.options.mode]
        canvas = Canvas(width, height, mode, low, high)
        drawing = Drawing(
            canvas, Canvas(request.width, request.height, mode, 0, 1), left, width, height, window, (low, high)
        )
        draw_marks(drawing, request.marks, labels=False)
        self._draw_curves(drawing, lines, request)
        draw_marks(drawing, request.marks, labels=True)
        if request.cursor is not None:
            self._draw_cursor(drawing, lines, request, request.cursor)
        draw_axes(drawing, request, labels)
        drawing.axes.paste(canvas, left)
        return drawing

    def _columns(self, line: Line, kind: str, y: Array, window: tuple[float, float], dots: int, log: bool) -> Columns:
        """Return a line decimated to the columns of dots; `kind` tells raw from smoothed values of one line."""
        view = (*window, dots, log)
        kept = self._decimated.get((line.key, kind))
        if kept is None or kept[0] is not line.x or kept[1] is not y or kept[2] != view:
            found = decimate(line.x, y, *window, dots)
            kept = self._decimated[line.key, kind] = (line.x, y, view, _logarithms(found) if log else found)
        return kept[3]

    def _in_view(
        self, lines: Sequence[Line], request: Request, window: tuple[float, float], width: int
    ) -> list[Columns]:
        options = request.options
        return [
            self._columns(line, "limits", self.values_of(line, options), window, width, options.log) for line in lines
        ]

    @staticmethod
    def _limits(
        curves: Sequence[Columns], request: Request, window: tuple[float, float], width: int
    ) -> tuple[float, float]:
        log = request.options.log
        settled = (request.settled - window[0]) / (window[1] - window[0]) * (width - 1)
        found = []
        for columns in curves:
            seen = (columns.column >= 0) & (columns.column < width)
            where = np.repeat(columns.column[seen].astype(np.float64), 3)
            values = np.stack([columns.low[seen], columns.high[seen], columns.last[seen]], axis=1).reshape(-1)
            found.append((where, values))
        limits = robust_limits(found, settled) if request.robust else extremes(found)
        if limits is None:
            return (-1.0, 0.0) if log else (0.0, 1.0)
        return padded(*limits, None if log else request.floor, None if log else request.ceiling)

    def _draw_curves(self, drawing: Drawing, lines: Sequence[Line], request: Request) -> None:
        canvas, options = drawing.canvas, request.options
        drawn = []
        for line in sorted(lines, key=lambda line: not line.behind):
            values = self.values_of(line, options)
            if values is not line.y and options.raw and line.faint:
                canvas.curve(self._columns(line, "raw", line.y, drawing.window, canvas.dots, options.log), line.faint)
            drawn.append((line, values, self._columns(line, "main", values, drawing.window, canvas.dots, options.log)))
        for line, _, columns in drawn:
            if line.joined:
                canvas.curve(columns, line.style)
            canvas.beyond(columns, line.style)
        many = sum(len(line.marker) == 1 for line, _, _ in drawn) > 1
        for place, (line, values, columns) in enumerate(drawn):
            _draw_markers(drawing, line, values, columns, place, options.log, spaced=many)

    def _draw_cursor(self, drawing: Drawing, lines: Sequence[Line], request: Request, cursor: float) -> None:
        canvas = drawing.canvas
        ascii_only = canvas.mode.ascii
        column = drawing.column(cursor)
        if not 0 <= column < canvas.width:
            return
        free = canvas.chars[:, column] == ord(" ")
        behind = canvas.chars[:, column].copy(), canvas.looks[:, column].copy()
        canvas.vertical(column, "|" if ascii_only else "│", CURSOR)
        canvas.chars[~free, column], canvas.looks[~free, column] = behind[0][~free], behind[1][~free]
        for line in lines:
            where, value = self.readings(line, request.options, cursor, _reach(drawing))
            if not math.isnan(where):
                value = _log10(value) if request.options.log else value
                sign = canvas.mode.sign(line.marker if len(line.marker) == 1 else "●")
                canvas.markers(np.array([drawing.column(where)]), np.array([value]), sign, f"bold reverse {line.style}")


def _reach(drawing: Drawing) -> float:
    """Return the half of a cell's width, as a difference of positions."""
    return (drawing.window[1] - drawing.window[0]) / max(1, drawing.width - 1)


def _whole(lines: Sequence[Line], span: tuple[float, float] | None) -> tuple[float, float]:
    """Return the least and the greatest position, of `span` or else of all lines, apart from each other."""
    start, end = span or (min(float(line.x[0]) for line in lines), max(float(line.x[-1]) for line in lines))
    least = 1e-9 * max(abs(start), abs(end))  # positions that are closer cannot be told apart
    if end - start > least:
        return start, end
    return start - max(0.5, least), end + max(0.5, least)


def _log10(value: float) -> float:
    if value > 0:
        return math.log10(value) if math.isfinite(value) else value
    return math.nan if math.isnan(value) else -math.inf


def _logarithms(columns: Columns) -> Columns:
    """Return the columns with the logarithms of their values; of 0 and less it is minus infinity, below any axis."""

    def log(values: Array) -> Array:
        with np.errstate(divide="ignore"):
            found: Array = np.log10(np.maximum(values, 0.0))
        return found

    return Columns(columns.column, log(columns.first), log(columns.last), log(columns.low), log(columns.high))


def _draw_markers(
    drawing: Drawing, line: Line, values: Array, columns: Columns, place: int, log: bool, *, spaced: bool
) -> None:
    """Draw a line's marker at each point, or where the points are too close at its newest and every few cells."""
    canvas, window = drawing.canvas, drawing.window
    if len(line.marker) != 1:
        return
    sign = canvas.mode.sign(line.marker)
    first, last = np.searchsorted(line.x, window[0]), np.searchsorted(line.x, window[1], side="right")
    if line.points and (not line.joined or last - first <= max(2, canvas.width // 2)):
        shown, heights = line.x[first:last], values[first:last]
        if log:
            with np.errstate(divide="ignore"):
                heights = np.log10(np.maximum(heights, 0.0))
        cells = np.round((shown - window[0]) / (window[1] - window[0]) * (canvas.width - 1)).astype(np.int64)
        canvas.markers(cells, heights, sign, line.style)
        return
    inside = np.flatnonzero((columns.column >= 0) & (columns.column < canvas.dots) & np.isfinite(columns.last))
    if not len(inside):
        return
    cells = columns.column // canvas.mode.columns
    chosen = inside[-1:]
    if spaced:
        wanted = np.arange(_APART // 2 + 3 * place % _APART, canvas.width, _APART)
        found = np.searchsorted(cells[inside], wanted)
        chosen = np.unique(np.append(inside[found[found < len(inside)]], chosen))
    canvas.markers(cells[chosen], columns.last[chosen], sign, line.style)
