"""Learning curves: a metric of every training step, and the same metric on the validation split, over the steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static
from textual_plot import AxisFormatter, HiResMode, PlotWidget

from cxrtui.tui.keys import bindings
from cxrtui.tui.theme import TRAIN, TRAIN_RAW, VALIDATION

Array = NDArray[np.float64]
_MOST = 1e100
_FRAME = 6  # cells of a border that its text does not reach


def decimate(x: Array, y: Array, buckets: int) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Reduce a curve to `buckets` columns, so that drawing a long run costs no more than a short one.

    Returns:
        The envelope, in which each bucket keeps its least and its greatest value in their order, so that no spike is
        lost; and the means of the buckets. Shapes ([n] x, [n] y), n at most 2 `buckets` and `buckets`.
    """
    finite = np.isfinite(y)
    if not finite.all():
        x, y = x[finite], y[finite]
    if len(x) <= max(1, buckets):
        return (x, y), (x, y)
    edges = np.linspace(0, len(x), buckets + 1).astype(int)
    low, high = np.empty(buckets, dtype=int), np.empty(buckets, dtype=int)
    for index, (start, stop) in enumerate(pairwise(edges)):
        low[index] = start + int(np.argmin(y[start:stop]))
        high[index] = start + int(np.argmax(y[start:stop]))
    kept = np.sort(np.concatenate([low, high]))
    sizes = np.diff(edges)
    means = np.add.reduceat(y, edges[:-1]) / sizes
    centres = np.add.reduceat(x, edges[:-1]) / sizes
    return (x[kept], y[kept]), (centres, means)


def _drawable(y: Array) -> Array:
    """Return the values ``[N]`` with NaN for those too large to be summed and scaled."""
    beyond = np.abs(y) > _MOST
    return np.where(beyond, np.nan, y) if beyond.any() else y


class _Ticks(AxisFormatter):  # type: ignore[misc]
    """Makes at most `most` ticks at round numbers, as whole steps, fractions or percentages."""

    def __init__(self, *, whole: bool = False, percent: bool = False) -> None:
        self.most = 4
        self._whole, self._percent = whole, percent

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 8) -> list[float]:
        span = max(max_ - min_, 1e-9)
        power = 10.0 ** math.floor(math.log10(span / self.most))
        spacing = next((k * power for k in (1, 2, 5, 10, 20, 50) if span / (k * power) < self.most), span)
        if self._whole:
            spacing = max(1.0, round(spacing))
        first = math.ceil(min_ / spacing - 1e-6)
        last = math.floor(max_ / spacing + 1e-6)
        self._decimals = max(0, -math.floor(math.log10(spacing) + 1e-9))
        return [number * spacing for number in range(first, last + 1)]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        if self._percent:
            return [f"{100 * tick:.{max(0, self._decimals - 2)}f}%" for tick in ticks]
        return [f"{tick:.{self._decimals}f}" for tick in ticks]


class Chart(PlotWidget, inherit_bindings=False):  # type: ignore[misc, call-arg]
    """textual-plot's widget with our keys, because its own keys would hide some of the screen's."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("chart")


class Curves(Vertical):
    """One chart with its legend on the border."""

    def __init__(self, title: str, *, percent: bool = False, id: str | None = None) -> None:
        super().__init__(id=id, classes="box curves")
        self._percent = percent
        self._limited = False
        self._x_ticks, self._y_ticks = _Ticks(whole=True), _Ticks(percent=percent)
        self._title, self._ends = title, ("", "")
        self._label()

    def compose(self) -> ComposeResult:
        """Put a text for the time before the first step, and the chart."""
        yield Static("no step yet", classes="curves-empty")
        yield Chart()

    def on_mount(self) -> None:
        """Set narrow margins, to leave the room to the curve."""
        chart = self.query_one(Chart)
        chart.margin_top, chart.margin_bottom, chart.margin_left = 0, 1, 7
        chart.set_x_formatter(self._x_ticks)
        chart.set_y_formatter(self._y_ticks)
        chart.display = False

    class Resized(Message):
        """The chart has another size and must be drawn again."""

    def _label(self) -> None:
        """Show the legend above and the newest values below, shortened if they would be cut."""
        room = self.outer_size.width - _FRAME

        def legend(gap: str, validation: str) -> Text:
            text = Text(f"{self._title} {gap}").append("⣀⡠⠔", style=TRAIN).append(f"{gap}train {gap}")
            return text.append("◆", style=VALIDATION).append(f"{gap}{validation}")

        legends = [legend(" ", "validation"), legend(" ", "val."), legend("", "val.")]
        fitting = (text for text in legends if text.cell_len <= room or room < 0)
        self.border_title = next(fitting, legends[-1]).markup
        train, validation = self._ends
        ends = " · ".join([train] * bool(train) + [f"validation {validation}"] * bool(validation))
        if len(ends) > room >= 0:
            ends = f"{train} val. {validation}".replace(" %", "%").lstrip()
        self.border_subtitle = ends

    def on_resize(self) -> None:
        """Ask the screen to draw the curves again."""
        self._label()
        self.post_message(self.Resized())

    @property
    def columns(self) -> int:
        """Width of a curve in cells; 0 before the chart is laid out."""
        return max(0, int(self.query_one(Chart).size.width) - 9)

    def show(self, steps: Array, values: Array, seen_steps: Array, seen_values: Array) -> None:
        """Draw the training curve, ``[N]`` steps and values, and the validation curve, ``[M]``; a zoom stays."""
        raw, seen = (steps, _drawable(values)), (seen_steps, _drawable(seen_values))
        chart = self.query_one(Chart)
        chart.display = bool(len(steps) or len(seen_steps))
        self.query_one(".curves-empty").display = not chart.display
        columns = self.columns
        if not chart.display or not columns:
            return
        if not self._limited:
            self._limited = True
            chart.set_ylimits(None if self._percent else 0.0, 1.0 if self._percent else None)
        envelope, _ = decimate(*raw, columns)
        _, smooth = decimate(*raw, max(8, columns // 2))
        self._x_ticks.most, self._y_ticks.most = max(3, columns // 12), max(3, chart.size.height // 3)
        chart.clear()
        farthest = max(float(x.max()) for x, _ in (raw, seen) if len(x))
        newest = (seen if len(seen_steps) else raw)[1][-1]
        chart.scatter([farthest * 1.02], [newest], marker=" ")  # keeps the newest value off the frame
        if len(envelope[0]) > len(smooth[0]):
            chart.plot(*envelope, line_style=TRAIN_RAW, hires_mode=HiResMode.BRAILLE)
        if len(smooth[0]) == 1:
            chart.scatter(*smooth, marker="•", marker_style=TRAIN)
        chart.plot(*smooth, line_style=TRAIN, hires_mode=HiResMode.BRAILLE)
        if len(seen_steps):
            chart.plot(*seen, line_style=VALIDATION, hires_mode=HiResMode.BRAILLE)
            first = 0 if len(seen_steps) <= columns // 2 else -1
            chart.scatter(seen[0][first:], seen[1][first:], marker="◆", marker_style=VALIDATION)
        newest = self._value(seen[1][-1]) if len(seen_steps) and np.isfinite(seen[1][-1]) else ""
        self._ends = (f"train {self._value(smooth[1][-1])}" if len(smooth[1]) else "", newest)
        self._label()

    def _value(self, value: float) -> str:
        return f"{100 * value:.1f} %" if self._percent else f"{value:.3f}"
