"""Panels of the last validation: confusion matrix, probabilities by class, and ROC curve."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.console import RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from cxrtui.runs.describe import percent
from cxrtui.runs.events import Validated
from cxrtui.runs.state import RunState
from cxrtui.tui.theme import FAINT, SERIES
from cxrtui.tui.widgets.charts.canvas import ASCII, MODES, Canvas
from cxrtui.tui.widgets.charts.decimation import decimate

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_NEGATIVE, _POSITIVE = SERIES[0][0], SERIES[1][0]
_NOT_YET = Text("no validation yet", style=FAINT)
_OLDER = Text("The run's version of cxrtui did not log this.", style=FAINT)


class ScorePanel(Static):
    """One view of the last validation; `draw` makes it, again only for another validation or size."""

    title = ""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box score")
        self.border_title = self.title
        self._shown: tuple[object, ...] = ()
        self._latest: tuple[RunState, str] | None = None

    def on_resize(self) -> None:
        """Draw again for the new size."""
        if self._latest is not None:
            self.show(*self._latest)

    def show(self, state: RunState, mode: str) -> None:
        """Show the last validation of `state`; `mode` is the way in which charts are drawn."""
        self._latest = state, mode
        last = state.validations[-1] if len(state.validations) else None
        key = (last, state.labels, self.size, mode)
        if key == self._shown or not self.size.height:
            return
        self._shown = key
        self.border_subtitle = f"validation of epoch {last.epoch}" if last is not None else ""
        names = state.labels if len(state.labels) == 2 else ("negative", "positive")
        if last is None:
            self.update(_NOT_YET)
        else:
            self.update(self.draw(last, names, mode) if last.counts else _OLDER)

    def draw(self, last: Validated, names: Sequence[str], mode: str) -> RenderableType:
        """Return the view of one validation; `names` are those of the negative and the positive class."""
        raise NotImplementedError


class Confusion(ScorePanel):
    """The confusion matrix, with the share of each row's films, and the rates."""

    title = "confusion matrix"

    def draw(self, last: Validated, names: Sequence[str], mode: str) -> RenderableType:
        """Put the true class in rows and the predicted class in columns."""
        count = {key: last.counts.get(key, 0) for key in ("tp", "fp", "tn", "fn", "positive", "negative")}
        right, wrong = ("=", "!") if mode == ASCII.name else ("✓", "✗")
        cells = [[(right, count["tn"], count["negative"]), (wrong, count["fp"], count["negative"])],
                 [(wrong, count["fn"], count["positive"]), (right, count["tp"], count["positive"])]]  # fmt: skip
        room = self.size.width - 2
        name_width = max(5, min(max(map(len, names)), room // 3))
        shares = (room - name_width) // 2 >= 14 + len(str(max(count.values()))) - 2
        table = Table.grid(padding=(0, 1))
        table.add_column(width=name_width, no_wrap=True)
        for _ in names:
            table.add_column(no_wrap=True, max_width=max(5, (room - name_width) // 2))
        table.add_row(Text("true", style="dim"), *(Text(f"→ {_cut(name, name_width)}", style="dim") for name in names))
        for name, row in zip(names, cells, strict=True):
            films = (f"{sign} {some}" + f" ({percent(_share(some, of))})" * shares for sign, some, of in row)
            table.add_row(_cut(name, name_width), *films)
        lines = Table.grid()
        lines.add_row(table)
        lines.add_row(Text("rows: true class, columns: predicted", style="dim"))
        for name, some, of in (("sensitivity", count["tp"], count["positive"]),
                               ("specificity", count["tn"], count["negative"])):  # fmt: skip
            lines.add_row(Text(f"{name} {percent(_share(some, of))} ({some}/{of})"))
        return lines


class Histogram(ScorePanel):
    """How many films of each class have which probability; the counts are drawn against the highest of its class."""

    title = "probability of the positive class"

    def draw(self, last: Validated, names: Sequence[str], mode: str) -> RenderableType:
        """Draw a row of bars for each class, the positive one above."""
        room = max(2, (self.size.height - 3) // 2)
        text = Text(no_wrap=True)
        for name, key, style in ((names[1], "positive", _POSITIVE), (names[0], "negative", _NEGATIVE)):
            counts = last.scores.get(key, [])
            title = f"{name} · {sum(counts)} films"
            text.append(title[: max(1, self.size.width)] + "\n", style="dim")
            text.append("\n".join(bars(counts, self.size.width, room - 1, ascii=mode == ASCII.name)), style=style)
            text.append("\n")
        cells = len(last.scores.get("positive", [])) * _cell_width(last.scores.get("positive", []), self.size.width)
        axis = f"0{'0.5':^{max(3, cells - 2)}}1" if cells > 8 else ""
        return text.append(axis, style="dim")


class Roc(ScorePanel):
    """The ROC curve, with chance as a diagonal and the operating point marked."""

    title = "ROC curve"

    def draw(self, last: Validated, names: Sequence[str], mode: str) -> RenderableType:
        """Draw sensitivity against the false positive rate."""
        auroc = last.metrics.get("auroc", math.nan)
        self.border_subtitle = (
            f"validation of epoch {last.epoch} · AUROC {'–' if math.isnan(auroc) else f'{auroc:.3f}'}"
        )
        points = np.asarray(last.roc, np.float64).reshape(-1, 2) if last.roc else np.zeros((0, 2))
        width, height = self.size.width - 5, self.size.height - 1
        if len(points) < 2 or width < 8 or height < 3 or not np.isfinite(points).all():
            return Text("Both classes are needed for a curve." if len(points) < 2 else "Too small here.", style=FAINT)
        canvas = Canvas(width, height, MODES[mode], 0.0, 1.0)
        chance = np.array([[0.0, 0.0], [1.0, 1.0]])
        for curve, style in ((chance, FAINT), (_stairs(points), _POSITIVE)):
            canvas.curve(decimate(curve[:, 0], curve[:, 1], 0.0, 1.0, canvas.dots), style)
        rate, sensitivity = 1 - last.metrics.get("specificity", math.nan), last.metrics.get("sensitivity", math.nan)
        if math.isfinite(rate) and math.isfinite(sensitivity):
            cell = np.array([round(rate * (width - 1))])
            canvas.markers(cell, np.array([sensitivity]), MODES[mode].sign("◆"), "bold")
        text = Text(no_wrap=True)
        for row in range(height):
            label = "100%" if row == 0 else "0%" if row == height - 1 else ""
            text.append(f"{label:>4} ", style="dim")
            for part in canvas.segments(row, Style.parse):
                text.append(part.text, style=part.style)
            text.append("\n")
        below = "false positives 0% to 100%, ◆ operating point"
        return text.append(" " * 5 + (below if len(below) <= width else "false positives →")[:width], style="dim")


def _share(some: int, of: int) -> float:
    return some / of if of else math.nan


def _cut(name: str, width: int) -> str:
    return name if len(name) <= width else name[: width - 1] + "…"


def _stairs(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the corners ``[P, 2]`` ordered by rate and then by sensitivity, as a curve needs them."""
    return points[np.lexsort((points[:, 1], points[:, 0]))]


def _cell_width(counts: Sequence[int], width: int) -> int:
    return max(1, min(4, width // max(1, len(counts))))


def bars(counts: Sequence[int], width: int, height: int, *, ascii: bool = False) -> list[str]:
    """Return bars of `counts` in `height` lines, at most `width` wide; a count above 0 is always seen."""
    if not counts or width < len(counts):
        return ["" for _ in range(height)]
    most, cell = max(1, *counts), _cell_width(counts, width)
    eighths = [0 if not count > 0 else max(1, round(count / most * height * 8)) for count in counts]
    levels = " ..::||##" if ascii else _EIGHTHS
    return [
        "".join(levels[min(8, max(0, size - 8 * row))] * cell for size in eighths) for row in range(height - 1, -1, -1)
    ]
