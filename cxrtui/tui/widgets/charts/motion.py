"""Zoom, pan and the cursor of a chart, by its methods and by the mouse."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message
from textual.widget import Widget

from cxrtui.tui.widgets.charts.line import Line
from cxrtui.tui.widgets.charts.request import Drawing

ZOOM = 1.5
_PAN = 0.2


class Motion(Widget):
    """What moves the part in view and the cursor; `chart.Chart` draws them."""

    class Moved(Message):
        """The cursor or the part in view of `chart` has changed."""

        def __init__(self, chart: Motion) -> None:
            super().__init__()
            self.chart = chart

    window: tuple[float, float] | None = None
    """Positions at the left and the right edge; None while all is shown."""
    values: tuple[float, float] | None = None
    """Values at the lower and the upper edge (of a logarithmic axis their logarithms); None if they fit."""
    cursor: float | None = None
    """Position of the cursor; None if there is none."""
    _drawing: Drawing | None = None
    _lines: Sequence[Line] = ()
    _span: tuple[float, float] | None = None
    _dragged = False

    def _redraw(self) -> None:
        """Draw anew."""
        raise NotImplementedError

    def zoom(self, factor: float, around: float | None = None) -> None:
        """Show `factor` times as much of the positions, around a position, the cursor, or the middle."""
        if self._drawing is None:
            return
        start, end = self._drawing.window
        fixed = around if around is not None else self.cursor
        fixed = (start + end) / 2 if fixed is None or not start <= fixed <= end else fixed
        whole = self._whole()
        start, end = fixed + (start - fixed) * factor, fixed + (end - fixed) * factor
        if factor > 1 and start <= whole[0] and end >= whole[1]:
            self._see(None)
        elif end - start > 1e-6 * max(abs(start), abs(end), 1e-3):
            self._see((max(start, whole[0]), min(end, whole[1])) if factor > 1 else (start, end))

    def pan(self, share: float) -> None:
        """Move the part in view by a share of its width, to the right if positive; not beyond the curves."""
        if self._drawing is None:
            return
        (start, end), whole = self._drawing.window, self._whole()
        most, least = max(0.0, whole[1] - end), min(0.0, whole[0] - start)
        shift = min(most, max(least, share * (end - start)))
        if shift:
            self._see((start + shift, end + shift))

    def zoom_values(self, factor: float) -> None:
        """Show `factor` times as much of the value axis, around its middle."""
        if self._drawing is not None:
            low, high = self._drawing.values
            middle, half = (low + high) / 2, (high - low) / 2 * factor
            if half > 1e-9 * max(abs(middle), 1e-6):
                self.values = middle - half, middle + half
                self._redraw()

    def pan_values(self, share: float) -> None:
        """Move along the value axis by a share of its length, to greater values if positive."""
        if self._drawing is not None:
            low, high = self._drawing.values
            shift = share * (high - low)
            self.values = low + shift, high + shift
            self._redraw()

    def reset(self) -> None:
        """Show all of the curves, without a cursor."""
        self.window = self.values = self.cursor = None
        self._moved()

    def point(self, cells: int) -> None:
        """Move the cursor by cells; the first time it appears at the newest value."""
        if self._drawing is None:
            return
        drawing = self._drawing
        start, end = drawing.window
        if self.cursor is None or not start <= self.cursor <= end:
            column = drawing.width - 1
        else:
            column = drawing.column(self.cursor) + cells
        if not 0 <= column < drawing.width:
            self.pan(_PAN if column > 0 else -_PAN)
            drawing = self._drawing
            column = min(drawing.width - 1, max(0, column))
            self.cursor = drawing.position(drawing.left + column)
        else:
            self.cursor = drawing.position(drawing.left + column)
        self._moved()

    def follow(self, other: Motion) -> None:
        """Take cursor and positions in view from another chart of the same screen."""
        if (self.window, self.cursor) != (other.window, other.cursor):
            self.window, self.cursor = other.window, other.cursor
            self._redraw()

    def _see(self, window: tuple[float, float] | None) -> None:
        self.window = window
        self._moved()

    def _moved(self) -> None:
        self._redraw()
        self.post_message(self.Moved(self))

    def _whole(self) -> tuple[float, float]:
        if self._span is not None:
            return self._span
        filled = [line for line in self._lines if len(line.x)]
        return min(float(line.x[0]) for line in filled), max(float(line.x[-1]) for line in filled)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Put the cursor under the mouse; with the button down, move the curves."""
        drawing = self._drawing
        if drawing is None:
            return
        at = event.get_content_offset(self)
        if event.button and self._dragged and (event.delta_x or event.delta_y):
            if event.delta_x and self.window is not None:
                self.pan(-event.delta_x / max(1, drawing.width))
            if event.delta_y:
                self.pan_values(event.delta_y / max(1, drawing.height))
            return
        inside = at is not None and drawing.left <= at.x < drawing.left + drawing.width
        self.cursor = drawing.position(at.x) if at is not None and inside else None
        self._moved()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to move the curves."""
        self._dragged = True
        self.capture_mouse()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Stop moving the curves."""
        self._dragged = False
        self.release_mouse()

    def on_leave(self) -> None:
        """Remove the mouse's cursor."""
        if self.cursor is not None:
            self.cursor = None
            self._moved()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in around the mouse, or with Control or Shift along the value axis."""
        self._wheel(event, 1 / ZOOM)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out."""
        self._wheel(event, ZOOM)

    def _wheel(self, event: events.MouseEvent, factor: float) -> None:
        event.stop()
        if event.ctrl or event.shift:
            self.zoom_values(factor)
        elif self._drawing is not None:
            at = event.get_content_offset(self)
            self.zoom(factor, self._drawing.position(at.x) if at is not None else None)
