"""The axes of a chart with their ticks, and the vertical lines at moments."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cxrtui.tui.theme import FAINT
from cxrtui.tui.widgets.charts import ticks as tick
from cxrtui.tui.widgets.charts.line import Mark
from cxrtui.tui.widgets.charts.request import Drawing, Request

AXIS = FAINT


def draw_marks(drawing: Drawing, marks: Sequence[Mark], *, labels: bool) -> None:
    """Draw the vertical lines, which curves are drawn over, or afterwards their labels where there is room."""
    canvas = drawing.canvas
    for mark in marks:
        column = drawing.column(mark.x) if math.isfinite(mark.x) else -1
        if not 0 <= column < canvas.width:
            continue
        if not labels:
            canvas.vertical(column, ":" if canvas.mode.ascii else "┊", mark.style)
            continue
        for row in (0, canvas.height - 1, 1, canvas.height - 2):
            beside = next(
                (at for at in (column + 1, column - len(mark.label)) if canvas.free(row, at, len(mark.label))), -1
            )
            if beside >= 0:
                canvas.write(row, beside, mark.label, mark.style)
                break


def value_labels(low: float, high: float, height: int, request: Request) -> list[tuple[float, str]]:
    """Return value and label of each tick of the value axis; the value as it is drawn."""
    most = max(3, height // 3)
    if request.options.log:
        return [
            (math.log10(value), tick.log_text(value, percent=request.percent))
            for value in tick.log_ticks(low, high, most + 1)
        ]
    found, decimals = tick.ticks(low, high, most)
    return [(value, tick.number_text(value, decimals, percent=request.percent)) for value in found]


def _position_labels(drawing: Drawing, request: Request) -> list[tuple[float, str]]:
    """Return position and label of as many ticks as fit beside each other."""
    start, end = drawing.window
    parts = request.shares or (request.options.epochs and not request.unit)
    whole = not parts or end - start > 4
    for most in range(max(2, drawing.width // 5), 1, -1):
        found, decimals = tick.ticks(start, end, most, whole=whole)
        labels = [(value, f"{value:.{decimals}f}" if parts else tick.step_text(value)) for value in found]
        needed = sum(len(text) + 2 for _, text in labels) - 2
        if needed <= drawing.width and len({text for _, text in labels}) == len(labels):
            return labels
    return []


def draw_axes(drawing: Drawing, request: Request, labels: Sequence[tuple[float, str]]) -> None:
    """Draw both axes; `labels` are those of the value axis, as `value_labels` gives them."""
    axes, left, height = drawing.axes, drawing.left, drawing.height
    plain = axes.mode.ascii
    axes.looks[:] = 0
    for row in range(height):
        axes.write(row, left - 1, "|" if plain else "│", AXIS)
    rows = drawing.canvas.rows_of(np.array([value for value, _ in labels]))
    taken = -2
    for row_of_dots, (_, text) in sorted(zip(rows.tolist(), labels, strict=True)):
        row = math.floor(row_of_dots + 0.5) // axes.mode.rows
        if 0 <= row < height and row > taken:
            taken = row
            axes.write(row, left - 1 - len(text), text, FAINT)
            axes.write(row, left - 1, "+" if plain else "┤", AXIS)
    ruled = request.height - height == 2
    if ruled:
        axes.write(height, left - 1, ("+" if plain else "└") + ("-" if plain else "─") * drawing.width, AXIS)
    bottom = request.height - 1
    name = request.unit or request.options.unit
    end = -1
    for position, text in _position_labels(drawing, request):
        column = left + drawing.column(position)
        at = min(request.width - len(text), max(left - 1, column - len(text) // 2))
        if at <= end:
            continue
        end = at + len(text)
        axes.write(bottom, at, text, FAINT)
        if ruled:
            axes.write(height, column, "+" if plain else "┴", AXIS)
    room = [at for at in (0, request.width - len(name)) if axes.free(bottom, max(0, at - 1), len(name) + 1)]
    if room:
        axes.write(bottom, room[0], name, FAINT)
