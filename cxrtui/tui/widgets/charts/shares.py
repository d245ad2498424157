"""A chart over a share from 0 to 1, such as a ROC curve, whose positions are no moments of a training."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from cxrtui.tui.widgets.charts import labels
from cxrtui.tui.widgets.charts.canvas import MODES
from cxrtui.tui.widgets.charts.chart import Chart
from cxrtui.tui.widgets.charts.line import Line
from cxrtui.tui.widgets.charts.motion import Motion

SPAN = (0.0, 1.0)


class ShareChart(Chart):
    """Draws curves over 0 to 1; below them it says what sums them up, or the values at its cursor.

    No value is the newest, and a position of another chart means something else there, so that none is followed.
    """

    shares = True

    def __init__(self, title: str, unit: str, *, percent: bool = False, id: str | None = None) -> None:
        """Make an empty chart whose positions are called `unit`; `percent`: values are written as percentages."""
        super().__init__(title, percent=percent, unit=unit, id=id)
        self._about = ""

    def show_curves(self, lines: Sequence[Line], about: str, empty: str) -> None:
        """Show other curves, what sums them up, and what is said where there is none."""
        self._about, self._empty = about, empty
        self.show(lines, span=SPAN, robust=False)

    def follow(self, other: Motion) -> None:
        """Follow no other chart."""

    def position_text(self, position: float) -> str:
        """Return a position with its name."""
        return f"{self._unit} {position:.2f}"

    def _texts(self, room: int) -> tuple[Text, Text | list[Text]]:
        """Return the names above, and what sums the curves up below, unless there is a cursor."""
        if self.cursor is not None:
            return super()._texts(room)
        named = [line for line in self._lines if line.label]
        above, _ = labels.border(self._title, named, [], "", MODES[self.options.mode].sign, room)
        fits = len(self._about) <= room
        return above, Text(self._about if fits else self._about.partition(" [")[0])
