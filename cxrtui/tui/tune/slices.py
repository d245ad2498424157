"""Slices: the objective of all trials against one searched setting, a panel for each setting.

The axis is logarithmic where the setting's range is, and a list has a column for each choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.style import Style
from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from cxrtui.settings.space import SearchedSetting
from cxrtui.tui.theme import FAINT
from cxrtui.tui.tune.looks import Group, groups, limits_of
from cxrtui.tui.tune.scale import Scale, names
from cxrtui.tui.widgets.charts.canvas import MODES, Canvas, Mode
from cxrtui.tui.widgets.early import amount

if TYPE_CHECKING:
    from cxrtui.search.snapshot import Snapshot

NARROWEST, LOWEST = 24, 8  # cells of a panel
BROADEST, HIGHEST = 48, 14
_GUTTER = 8  # cells left of the points, for the labels of the objective
_SPREAD = 0.6  # share of a column's width over which the trials of one choice are spread


class Slices(Widget):
    """Draws all panels, those of settings that decide most first; its container scrolls."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._found: Snapshot | None = None
        self._key: tuple[object, ...] = ()
        self._strips: list[Strip] = []

    def show(self, found: Snapshot, chosen: int, mode: str) -> None:
        """Draw the study; `chosen` is the number of the trial under the cursor."""
        self._found = found
        width, height = self.room
        key = (found, chosen, mode, width, height)
        if not width or key == self._key:
            return
        before, self._key = len(self._strips), key
        self._strips = self._drawn(found, chosen, MODES[mode], width, height)
        self.refresh(layout=len(self._strips) != before)

    @property
    def room(self) -> Size:
        """The size of the container's inside."""
        parent = self.parent
        return parent.scrollable_content_region.size if isinstance(parent, Widget) else Size(0, 0)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Take as many lines as the panels."""
        return max(1, len(self._strips))

    def render_line(self, y: int) -> Strip:
        """Return one line of cells."""
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width, self.rich_style)

    def notify_style_update(self) -> None:
        """Draw anew after a change of the theme."""
        super().notify_style_update()
        self._key = ()

    def _drawn(self, found: Snapshot, chosen: int, mode: Mode, width: int, height: int) -> list[Strip]:
        order = sorted(found.plan.space, key=lambda item: -found.importances.get(item.key, 0.0))
        columns = max(1, min(len(order), max(width // BROADEST, min(width // NARROWEST, 2 if height > 20 else 3))))
        rows = math.ceil(len(order) / columns)
        size = width // columns, min(HIGHEST, max(LOWEST, height // rows))
        canvas = Canvas(width, rows * size[1], mode, 0.0, 1.0)
        points, limits = groups(found, chosen), limits_of(found.trials)
        for place, item in enumerate(order):
            row, column = divmod(place, columns)
            canvas.paste(panel(found, item, points, limits, mode, *size), column * size[0], row * size[1])
        base = self.rich_style
        return [Strip(canvas.segments(row, lambda style: base + Style.parse(style)), width)
                for row in range(canvas.height)]  # fmt: skip


class SlicesBox(VerticalScroll, can_focus=True):
    """Scrolls the panels."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(Slices(), id=id, classes="box")
        self.border_title = "slices"


def panel(
    found: Snapshot, item: SearchedSetting, trials: Sequence[Group], limits: tuple[float, float] | None, mode: Mode,
    width: int, height: int,
) -> Canvas:  # fmt: skip
    """Draw one panel: its title, the points, and the labels of both axes."""
    made = Canvas(width, height, mode, 0.0, 1.0)
    share = found.importances.get(item.key)
    title = names(found.plan.space)[item.key] + (f" {share:.0%}" if share is not None else "")
    made.write(0, max(0, min(_GUTTER, width - 1 - len(title))), title, "bold")
    scale, inner = Scale(item), width - _GUTTER - 2
    low, high = limits or (0.0, 1.0)
    points = Canvas(inner, height - 2, mode, low, high)
    bar = "|" if mode.ascii else "│"
    for row in range(height - 2):
        made.write(1 + row, _GUTTER - 1, bar, FAINT)
    for style, sign, group in trials:
        places = np.array([scale.place(trial.settings.get(item.key, "")) for trial in group], np.float64)
        values = np.array([trial.value for trial in group], np.float64)
        asides = np.array([_aside(trial.number, item) for trial in group], np.float64)
        here = np.isfinite(places)
        cells = np.round((places + asides)[here] * (inner - 1)).astype(np.int64)
        below, above = ("v", "^") if mode.ascii else ("↓", "↑")
        for mark, seen in (
            (below, values[here] < low), (above, values[here] > high),
            (mode.sign(sign), (values[here] >= low) & (values[here] <= high)),
        ):  # fmt: skip
            points.markers(cells[seen], np.clip(values[here][seen], low, high), mark, style)
    made.paste(points, _GUTTER, 1)
    if limits is not None:
        for row, value in ((1, high), (height - 2, low)):
            text = amount(found.plan.tune.objective, value)[: _GUTTER - 1]
            made.write(row, _GUTTER - 1 - len(text), text, FAINT)
    _label(made, scale, inner, height - 1)
    return made


def _aside(number: int, item: SearchedSetting) -> float:
    """Return how far beside the middle of its column a trial of a list is drawn, so that few lie on one another."""
    if not item.choices:
        return 0.0
    return ((number * 0.6180339887) % 1 - 0.5) * _SPREAD / len(item.choices)


def _label(panel: Canvas, scale: Scale, inner: int, row: int) -> None:
    """Write as many labels of the setting's axis as fit beside each other."""
    end = -1
    for place, text in scale.labels(max(2, inner // 7)):
        room = max(3, inner // len(scale.item.choices) - 1) if scale.item.choices else len(text)
        text = text if len(text) <= room else f"{text[: room - 1]}…"
        at = _GUTTER + min(inner - len(text), max(0, round(place * (inner - 1)) - len(text) // 2))
        if at > end:
            panel.write(row, at, text, FAINT)
            end = at + len(text)
