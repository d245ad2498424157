"""Panels of the last validation: confusion matrix, probabilities by class, and ROC curve."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.console import RenderableType
from rich.style import Style
from rich.text import Text
from textual.widgets import Static

from cxrtui.runs.events import Validated
from cxrtui.runs.state import RunState
from cxrtui.tui.theme import FAINT
from cxrtui.tui.widgets.charts.canvas import MODES, Canvas
from cxrtui.tui.widgets.charts.decimation import decimate
from cxrtui.tui.widgets.counts import POSITIVE, confusion, histogram

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
        return confusion(last.counts, names, self.size.width, mode)


class Histogram(ScorePanel):
    """How many films of each class have which probability; the counts are drawn against the highest of its class."""

    title = "probability of the positive class"

    def draw(self, last: Validated, names: Sequence[str], mode: str) -> RenderableType:
        """Draw a row of bars for each class, the positive one above."""
        return histogram(last.scores, names, self.size, mode)


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
        for curve, style in ((chance, FAINT), (_stairs(points), POSITIVE)):
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


def _stairs(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the corners ``[P, 2]`` ordered by rate and then by sensitivity, as a curve needs them."""
    return points[np.lexsort((points[:, 1], points[:, 0]))]
