"""The keys of charts, for each screen that has some."""

from __future__ import annotations

from dataclasses import replace

from textual import on
from textual.dom import DOMNode
from textual.widget import Widget

from cxrtui.tui.widgets.charts.canvas import ASCII
from cxrtui.tui.widgets.charts.chart import Chart
from cxrtui.tui.widgets.charts.motion import ZOOM
from cxrtui.tui.widgets.charts.options import Options, kept

_PAN = 0.2


class ChartActions(DOMNode):
    """Actions of a screen with charts, for the section ``chart`` of the table of keys.

    Mix it into the screen (``class CompareScreen(ChartActions, Page[None])``), add ``bindings("chart")`` to its
    BINDINGS and ``"chart"`` to its `sections`, call `take_options` once the charts are there, and redefine
    `redraw_charts`, which is called when positions have another unit.
    """

    @property
    def chart_options(self) -> Options:
        """The settings of all charts of the screen."""
        charts = self.charts()
        return charts[0].options if charts else kept()

    def charts(self) -> list[Chart]:
        """Return the charts of the screen."""
        return list(self.query(Chart))

    def current_chart(self) -> Chart | None:
        """Return the chart that has the focus, else the first one that is seen."""
        seen = [chart for chart in self.charts() if chart.display]
        return next((chart for chart in seen if chart.has_focus), seen[0] if seen else None)

    def take_options(self, options: Options) -> None:
        """Draw all charts with `options`, and later ones too."""
        lines_differ = (options.mode == ASCII.name) != (kept().mode == ASCII.name)
        options.keep()
        if lines_differ:  # borders too are drawn in ASCII
            for screen in self.app.screen_stack:
                for widget in screen.walk_children(Widget, with_self=True):
                    widget.refresh()
        converted = options.epochs != self.chart_options.epochs
        for chart in self.charts():
            chart.options = options
        if converted:
            self.redraw_charts()

    def redraw_charts(self) -> None:
        """Give all charts their lines anew, with positions in the unit of `chart_options`."""

    @on(Chart.Moved)
    def _follow_chart(self, message: Chart.Moved) -> None:
        for chart in self.charts():
            if chart is not message.chart:
                chart.follow(message.chart)

    def action_smoother(self) -> None:
        """Smooth more."""
        self.take_options(self.chart_options.smoother(1))

    def action_rougher(self) -> None:
        """Smooth less."""
        self.take_options(self.chart_options.smoother(-1))

    def action_log_axis(self) -> None:
        """Make the value axes logarithmic, or linear again."""
        self.take_options(replace(self.chart_options, log=not self.chart_options.log))

    def action_raw(self) -> None:
        """Hide the raw values behind smoothed curves, or show them."""
        self.take_options(replace(self.chart_options, raw=not self.chart_options.raw))

    def action_unit(self) -> None:
        """Count positions in steps, or in epochs."""
        self.take_options(replace(self.chart_options, epochs=not self.chart_options.epochs))

    def action_drawing(self) -> None:
        """Draw in Braille, in blocks or in ASCII, in turn."""
        self.take_options(self.chart_options.next_mode())

    def _zoom(self, factor: float) -> None:
        if (chart := self.current_chart()) is not None:
            chart.zoom(factor)

    def action_zoom_in(self) -> None:
        """Zoom in."""
        self._zoom(1 / ZOOM)

    def action_zoom_out(self) -> None:
        """Zoom out."""
        self._zoom(ZOOM)

    def _pan(self, share: float) -> None:
        if (chart := self.current_chart()) is not None:
            chart.pan(share)

    def action_pan_left(self) -> None:
        """Move the part in view to the left."""
        self._pan(-_PAN)

    def action_pan_right(self) -> None:
        """Move the part in view to the right."""
        self._pan(_PAN)

    def _pan_values(self, share: float) -> None:
        if (chart := self.current_chart()) is not None:
            chart.pan_values(share)

    def action_pan_up(self) -> None:
        """Move to greater values."""
        self._pan_values(_PAN)

    def action_pan_down(self) -> None:
        """Move to smaller values."""
        self._pan_values(-_PAN)

    def _zoom_values(self, factor: float) -> None:
        if (chart := self.current_chart()) is not None:
            chart.zoom_values(factor)

    def action_taller(self) -> None:
        """Zoom into the value axis."""
        self._zoom_values(1 / ZOOM)

    def action_flatter(self) -> None:
        """Zoom out of the value axis."""
        self._zoom_values(ZOOM)

    def action_whole(self) -> None:
        """Show all of the curves, without a cursor."""
        for chart in self.charts():
            chart.reset()

    def _point(self, cells: int) -> None:
        if (chart := self.current_chart()) is not None:
            chart.point(cells)

    def action_cursor_left(self) -> None:
        """Move the cursor to the left."""
        self._point(-1)

    def action_cursor_right(self) -> None:
        """Move the cursor to the right."""
        self._point(1)
