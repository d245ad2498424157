"""The chart widget: its border shows the names of the curves and their values, at the cursor or the newest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Size
from textual.strip import Strip

from cxrtui.printable import printable
from cxrtui.tui.theme import FAINT
from cxrtui.tui.widgets.charts import labels
from cxrtui.tui.widgets.charts.canvas import MODES
from cxrtui.tui.widgets.charts.line import Line, Mark
from cxrtui.tui.widgets.charts.motion import Motion
from cxrtui.tui.widgets.charts.options import Options, kept
from cxrtui.tui.widgets.charts.plot import Plot
from cxrtui.tui.widgets.charts.request import Request

_FRAME = 6  # cells of a border that its text does not reach
_styled = lru_cache(1024)(Style.parse)


class Chart(Motion, can_focus=True):
    """Draws any number of curves, with zoom, pan and a cursor.

    A screen calls `show` with new lines as often as it likes; nothing is drawn before the terminal shows the chart::

        chart = Chart("loss", id="loss")
        chart.options = Options(log=True, smoothing=0.9, epochs=True)
        chart.show(
            [
                Line("train", "train", epochs, losses, style=TRAIN, marker="⣀⡠⠔", smoothed=True),
                Line("validation", "validation", at, values, style=VALIDATION, marker="◆", points=True, short="val."),
            ],
            marks=[Mark(7.0, "best")],
            settled=1.0,  # the first epoch does not count for the limits
        )

    For several runs of one metric use `line.run_line(place, name, x, y)`, which gives colour and marker by place.
    `actions.ChartActions` gives a screen the keys of all its charts. `Moved` is posted after the user has moved the
    cursor or the part in view, so that the screen can move its other charts too (`follow`).
    """

    shares = False
    """Whether positions are shares from 0 to 1 (`shares.ShareChart`)."""

    def __init__(
        self, title: str, *, percent: bool = False, floor: float | None = None, ceiling: float | None = None,
        empty: str = "no step yet", unit: str = "", id: str | None = None, classes: str = "",
    ) -> None:  # fmt: skip
        """Make an empty chart.

        Args:
            title: is shown before the names of the curves.
            percent: values are fractions, which are written as percentages.
            floor: no value can be below it.
            ceiling: no value can be above it.
            empty: is shown while there is no value.
            unit: the name of whole positions that are neither epochs nor steps.
            id: of the widget.
            classes: of the widget, beside ``box``.
        """
        super().__init__(id=id, classes=f"box chart {classes}".rstrip())
        self._title = title
        self._percent, self._floor, self._ceiling, self._empty = percent, floor, ceiling, empty
        self._unit = unit
        self._marks: Sequence[Mark] = ()
        self._settled = -math.inf
        self._robust = True
        self._options = kept()
        self._plot = Plot()
        self._strips: list[Strip] | None = None

    @property
    def options(self) -> Options:
        """The settings of the charts of the screen."""
        return self._options

    @options.setter
    def options(self, options: Options) -> None:
        if options.epochs != self._options.epochs:
            self.window = self.cursor = None
        if options.log != self._options.log:
            self.values = None
        if options != self._options:
            self._options = options
            self._redraw()

    def show(
        self, lines: Sequence[Line], marks: Sequence[Mark] = (), *, settled: float = -math.inf,
        span: tuple[float, float] | None = None, robust: bool = True, title: str | None = None, percent: bool = False,
        floor: float | None = None, ceiling: float | None = None,
    ) -> None:  # fmt: skip
        """Show other lines; zoom and cursor stay.

        Args:
            lines: the curves; the first is drawn first, unless others are `behind`.
            marks: vertical lines.
            settled: position before which values do not count for the limits of the value axis.
            span: first and last position while all is shown, for charts beside each other; None for the lines' own.
            robust: whether the main part of the curves sets the limits of the value axis, else all of them do.
            title: another title; with it, `percent`, `floor` and `ceiling` are replaced too.
            percent: values are fractions.
            floor: no value can be below it.
            ceiling: no value can be above it.
        """
        self._lines, self._marks, self._settled = lines, marks, settled
        self._span, self._robust = span, robust
        if title is not None:
            if title != self._title:
                self.values = None
            self._title, self._percent = title, percent
            self._floor, self._ceiling = floor, ceiling
        self._redraw()

    @property
    def in_view(self) -> tuple[float, float] | None:
        """The positions at the edges as they were drawn last; None if nothing was."""
        return self._drawing.window if self._drawing is not None else None

    @property
    def drawn_values(self) -> tuple[float, float] | None:
        """The values at the lower and the upper edge as they were drawn last; None if nothing was."""
        return self._drawing.values if self._drawing is not None else None

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._redraw()

    def _redraw(self) -> None:
        self._strips = None
        if self.is_attached and self.size.height:
            self._draw()
            self.refresh()

    def _draw(self) -> None:
        """Draw the cells and write the border's texts."""
        width, height = self.size
        legend, readings = self._texts(self.outer_size.width - _FRAME)
        rows = labels.wrapped(readings, width, height // 3) if isinstance(readings, list) else []
        request = Request(
            width, height - len(rows), self._lines, self._marks, self._options, self.window, self.values, self.cursor,
            self._percent, self._floor, self._ceiling, self._settled, self._robust, self._span, self._unit, self.shares,
        )  # fmt: skip
        drawing = self._plot.draw(request)
        self._drawing = drawing
        self.border_title = legend  # type: ignore[assignment]
        self.border_subtitle = readings if isinstance(readings, Text) else None  # type: ignore[assignment]
        base = self.rich_style
        if drawing is None:
            self._strips = [Strip.blank(width, base)] * height
            if height and not any(len(line.x) for line in self._lines):
                text = self._empty[:width].center(width)
                self._strips[height // 2] = Strip([Segment(text, base + _styled(FAINT))], width)
            return
        styles = {style: base + _styled(style) for style in drawing.axes.styles}
        above = [Strip(row.render(self.app.console)).adjust_cell_length(width).apply_style(base) for row in rows]
        self._strips = above + [
            Strip(drawing.axes.segments(row, styles.__getitem__), width) for row in range(request.height)
        ]

    def notify_style_update(self) -> None:
        """Draw anew after a change of the theme."""
        super().notify_style_update()
        self._strips = None

    def render_line(self, y: int) -> Strip:
        """Return one line of cells."""
        if self._strips is None:
            self._draw()
        assert self._strips is not None
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width, self.rich_style)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Take all the room."""
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Take all the room."""
        return container.height

    def value_text(self, value: float) -> str:
        """Return a value as the border shows it."""
        if math.isnan(value):
            return "–"
        if self._percent:
            return f"{100 * value:.1f} %"
        return f"{value:.3f}" if 0.01 <= abs(value) < 1e5 or not value else f"{value:.2e}"

    def position_text(self, position: float) -> str:
        """Return a position with its unit."""
        if self._unit:
            return f"{self._unit} {position:,.0f}"
        return f"epoch {position:.2f}".removesuffix(".00") if self._options.epochs else f"step {position:,.0f}"

    def _texts(self, room: int) -> tuple[Text, Text | list[Text]]:
        """Return the border's title and subtitle, or the title and texts that are put into the chart."""
        named = [line for line in self._lines if line.label]
        shown = [line for line in named if len(line.x)]
        where = self.position_text(self.cursor) if self.cursor is not None else ""
        values = [self._value_of(line) for line in shown]
        sign = MODES[self._options.mode].sign
        return labels.border(printable(self._title), shown or named, values, where, sign, room)

    def _value_of(self, line: Line) -> str:
        options = self._options
        if self.cursor is None or self._drawing is None:
            return self.value_text(float(self._plot.values_of(line, options)[-1]))
        start, end = self._drawing.window
        reach = (end - start) / max(1, self._drawing.width - 1)
        return self.value_text(self._plot.readings(line, options, self.cursor, reach)[1])
