"""Parallel coordinates: an axis for each searched setting and one for the objective, and a line for each trial.

Inselberg and Dimsdale, 1990, "Parallel coordinates: a tool for visualizing multi-dimensional geometry".
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from cxrtui.settings.space import SearchedSetting
from cxrtui.tui.door import titled
from cxrtui.tui.theme import FAINT, SERIES, TRAIN_RAW
from cxrtui.tui.tune.looks import BEST, FINISHED, limits_of
from cxrtui.tui.tune.scale import Scale, names
from cxrtui.tui.widgets.charts.canvas import MODES, Canvas, Mode
from cxrtui.tui.widgets.charts.decimation import decimate
from cxrtui.tui.widgets.early import amount, metric_name

if TYPE_CHECKING:
    from cxrtui.search.optuna_study import TrialRecord
    from cxrtui.search.snapshot import Snapshot

APART = 9  # cells between two axes at least; settings that decide least are left out
GOOD_SHARE = 0.25
MOST = 100
"""Trials that are drawn, the best ones; more of them only hide one another."""
_HEAD = 3  # rows above the lines: names on two, and the upper ends
_MARGIN = 8  # cells right of the last axis, for the labels of the objective
_SIDE = 2
_CHOSEN = f"bold {SERIES[3][0]}"


class Parallel(Widget, can_focus=True):
    """Draws the finished trials; their best quarter is bright, and the best one and the chosen one have own colours."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box")
        self.border_title = "parallel coordinates"
        self._key: tuple[object, ...] = ()
        self._strips: list[Strip] = []
        self._shown: tuple[Snapshot, int, str] | None = None

    def on_resize(self) -> None:
        """Draw for the new size: the first time to draw may come before there is one."""
        if self._shown is not None:
            self.show(*self._shown)

    def show(self, found: Snapshot, chosen: int, mode: str) -> None:
        """Draw the study; `chosen` is the number of the trial under the cursor."""
        self._shown = found, chosen, mode
        key = (found, chosen, mode, self.size)
        if not self.size.height or key == self._key:
            return
        self._key = key
        self._strips = self._drawn(found, chosen, MODES[mode])
        best = found.best.number if found.best is not None else 0
        own = "the best in colour" if chosen in (0, best) else f"trial {best}, the best, and trial {chosen} in colours"
        self.border_subtitle = titled(f"finished trials · best quarter bright, {own}" if best else "")
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return one line of cells."""
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width, self.rich_style)

    def notify_style_update(self) -> None:
        """Draw anew after a change of the theme."""
        super().notify_style_update()
        self._key = ()

    def _drawn(self, found: Snapshot, chosen: int, mode: Mode) -> list[Strip]:
        width, height = self.size
        limits = limits_of(found.trials)
        if height < _HEAD + 4 or width < 2 * APART + _MARGIN:
            return []
        shown = _shown(found, (width - _MARGIN - _SIDE) // APART)
        canvas = Canvas(width - _MARGIN - _SIDE, height - _HEAD - 1, mode, 0.0, 1.0)
        at = [round(place * (canvas.width - 1) / len(shown)) for place in range(len(shown) + 1)]
        for column in at:
            canvas.vertical(column, "|" if mode.ascii else "│", FAINT)
        for trial, style in _styled(found, chosen):
            places = [Scale(item).place(trial.settings.get(item.key, "")) for item in shown]
            if limits is not None:
                places.append(min(1.0, max(0.0, (trial.value - limits[0]) / (limits[1] - limits[0]))))
                dots = np.array(at, np.float64) * mode.columns
                canvas.curve(decimate(dots, np.array(places), 0.0, canvas.dots - 1.0, canvas.dots), style)
        whole = Canvas(width, height, mode, 0.0, 1.0)
        whole.paste(canvas, _SIDE, _HEAD)
        self._label(whole, found, shown, [_SIDE + column for column in at], limits)
        base = self.rich_style
        return [Strip(whole.segments(row, lambda style: base + Style.parse(style)), width) for row in range(height)]

    @staticmethod
    def _label(
        whole: Canvas, found: Snapshot, shown: list[SearchedSetting], at: list[int], limits: tuple[float, float] | None
    ) -> None:
        """Write names above the axes, on two rows in turn, and the ends or the choices beside them."""
        metric, bottom = found.plan.tune.objective, whole.height - 1
        known = names(found.plan.space)
        titles = [*(known[item.key] for item in shown), metric_name(metric)]
        for place, (column, title) in enumerate(zip(at, titles, strict=True)):
            after = at[place + 2] if place + 2 < len(at) else whole.width + 1
            room = max(3, after - column - 1)
            text = title if len(title) <= room else f"{title[: room - 1]}…"
            whole.write(place % 2, min(column, whole.width - len(text)), text, "bold")
        for column, item in zip(at, shown, strict=False):
            scale, room = Scale(item), at[1] - at[0] - 2
            for row, text in ((bottom, scale.ends[0]), (_HEAD - 1, scale.ends[1])):
                whole.write(row, column, text[: room + 1], FAINT)
            for choice in item.choices:
                row = _HEAD + round((1 - scale.place(choice)) * (whole.height - _HEAD - 2))
                text = choice or "none"
                whole.write(row, column + 1, text if len(text) <= room else f"{text[: room - 1]}…", "")
        if limits is not None:
            for row, value in ((bottom, limits[0]), (_HEAD - 1, limits[1])):
                whole.write(row, at[-1], amount(metric, value), FAINT)


def _shown(found: Snapshot, most: int) -> list[SearchedSetting]:
    """Return at most `most` searched settings, those that decide most, in their own order."""
    space = list(found.plan.space)
    first = sorted(space, key=lambda item: -found.importances.get(item.key, 0.0))[: max(1, most)]
    return [item for item in space if item in first]


def _styled(found: Snapshot, chosen: int) -> list[tuple[TrialRecord, str]]:
    """Return the finished trials in the order in which they are drawn, each with its style."""
    # What a pruned trial had reached is of fewer epochs, so it is no line among the others.
    done = [trial for trial in found.ranked if trial.state == "finished" and math.isfinite(trial.value)]
    good = {trial.number for trial in done[: max(1, math.ceil(GOOD_SHARE * len(done)))]}
    made = []
    for trial in reversed(done[:MOST]):
        style = FINISHED[0] if trial.number in good else TRAIN_RAW
        made.append((trial, f"bold {BEST[0]}" if trial is done[0] else style))
    chosen_one = [trial for trial in found.trials if trial.number == chosen and math.isfinite(trial.value)]
    return made + [(trial, _CHOSEN) for trial in chosen_one if trial is not (done[0] if done else None)]
