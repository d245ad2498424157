"""The panel that shows the readable log of a run, with a search."""

from __future__ import annotations

import bisect
import time
from collections.abc import Iterator
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from cxrtui.printable import printable
from cxrtui.runs.describe import LogLine
from cxrtui.runs.state import RunState
from cxrtui.tui.door import titled
from cxrtui.tui.theme import BAD, GOOD, WARN

KEPT = 2_000
"""Latest lines that are shown; a search finds what is in them."""
MARKS = {"info": (" ", ""), "good": ("✔", GOOD), "warning": ("!", WARN), "error": ("✗", BAD)}
_HEAD = len("HH:MM:SS m ")
_INDENT = 2
_DIM, _FOUND, _CURRENT = Style(dim=True), Style(reverse=True), Style(reverse=True, bold=True, underline=True)


def wrapped(text: str, width: int, following: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of each row of `text`: `width` cells in the first one, `following` in the others."""
    start, room = 0, max(1, width)
    while start < len(text):
        end = start + room
        if not text.isascii():
            end = start
            used = 0
            while end < len(text) and used + cell_len(text[end]) <= room:
                used += cell_len(text[end])
                end += 1
            end = max(end, start + 1)
        if end < len(text):
            space = text.rfind(" ", start, end + 1)
            if space > start:
                yield start, space
                start, room = space + 1, max(1, following)
                continue
        yield start, min(end, len(text))
        start, room = end, max(1, following)


class LogPanel(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows the lines of `state.log`, the newest at the bottom, and follows them unless it was scrolled up."""

    DEFAULT_CSS = "LogPanel { overflow: hidden auto; scrollbar-gutter: stable; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_up", "Scroll up", show=False),
        Binding("down", "scroll_down", "Scroll down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
        Binding("home", "scroll_home", "First line", show=False),
        Binding("end", "scroll_end", "Newest line", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box")
        self.border_title = "log"
        self._state = RunState()
        self._taken = 0  # lines of the log that were looked at
        self._lines: list[LogLine] = []
        self._rows: list[tuple[int, int, int]] = []  # line, start and end of its text
        self._width = 0
        self._follows = True
        self._sought = ""
        self._found: list[tuple[int, int]] = []  # line and place
        self._current = -1

    def show(self, state: RunState) -> None:
        """Show the lines that have come."""
        self._state = state
        width = self.scrollable_content_region.width
        if width <= 0:  # it is not laid out yet; on_resize calls this again
            return
        if len(state.log) < self._taken:  # the log was begun anew
            self._begin()
        fresh = state.log.tail(min(KEPT, len(state.log) - self._taken)) if len(state.log) > self._taken else []
        self._taken = len(state.log)
        if not fresh:
            return
        following = self._follows
        for line in fresh:
            self._add(line)
        if len(self._lines) > 2 * KEPT:
            self._begin()
            self.show(state)
            return
        self._laid_out(following)

    @property
    def _at_end(self) -> bool:
        """Whether the newest line is in view."""
        return self.scroll_offset.y >= self.max_scroll_y - 1

    def _begin(self) -> None:
        self._taken, self._lines, self._rows, self._found, self._current = 0, [], [], [], -1

    def _add(self, line: LogLine) -> None:
        number = len(self._lines)
        self._lines.append(line)
        self._rows += [(number, *place) for place in self._places(line.text)]
        self._found += [(number, place) for place in self._matches(line.text)]

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        width = self.scrollable_content_region.width
        self._width = width
        yield from wrapped(text, width - _HEAD, width - _INDENT) if text else [(0, 0)]

    def _laid_out(self, following: bool) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._rows))
        if following:
            self.scroll_end(animate=False, immediate=True, force=True)
        self._say()
        self.refresh()

    def on_resize(self, event: Resize) -> None:
        """Wrap the lines to the new width."""
        del event
        if self.scrollable_content_region.width != self._width:
            following, top = self._follows, self._top_line()
            self._rows = [
                (number, *place) for number, line in enumerate(self._lines) for place in self._places(line.text)
            ]
            self._laid_out(following)
            if not following:
                self._go_to(top)
        elif self._follows:  # a lower panel would keep its first row in view, and lose its last ones
            self.scroll_end(animate=False, immediate=True, force=True)
        self.show(self._state)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Say below whether newer lines are out of view."""
        super().watch_scroll_y(old_value, new_value)
        self._follows = self._at_end
        self._say()

    def render_line(self, y: int) -> Strip:
        """Return one row on the screen."""
        width = self.scrollable_content_region.width
        place = self.scroll_offset.y + y
        if not 0 <= place < len(self._rows):
            return Strip.blank(width, self.rich_style)
        number, start, end = self._rows[place]
        line = self._lines[number]
        mark, colour = MARKS.get(line.level, MARKS["info"])
        style = Style.parse(colour) if colour else Style()
        if start == 0:
            when = time.strftime("%H:%M:%S ", time.localtime(line.time))
            segments = [Segment(when, _DIM), Segment(f"{mark} ", style)]
        else:
            segments = [Segment(" " * _INDENT, Style())]
        segments += self._marked(number, line.text, start, end, style)
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)

    def _marked(self, number: int, text: str, start: int, end: int, style: Style) -> Iterator[Segment]:
        """Yield a row's text, with what was sought in reverse."""
        if not self._sought:
            yield Segment(text[start:end], style)
            return
        first = bisect.bisect_left(self._found, (number, start - len(self._sought) + 1))
        at = start
        for index in range(first, len(self._found)):
            line, place = self._found[index]
            if line != number or place >= end:
                break
            begin, stop = max(place, at), min(end, place + len(self._sought))
            yield Segment(text[at:begin], style)
            yield Segment(text[begin:stop], style + (_CURRENT if index == self._current else _FOUND))
            at = stop
        yield Segment(text[at:end], style)

    # ------------------------------------------------------------------------------------------------- search

    @property
    def searching(self) -> bool:
        """Whether something is sought."""
        return bool(self._sought)

    def search(self, text: str) -> None:
        """Mark each place that has `text`, whatever its case, and show the newest; "" ends the search."""
        self._sought = text
        self._found = [(number, place) for number, line in enumerate(self._lines) for place in self._matches(line.text)]
        self._current = len(self._found) - 1
        self._show_current()

    def step(self, by: int) -> None:
        """Show the next match (`by` 1) or the one before (-1); after the last one comes the first."""
        if self._found:
            self._current = (self._current + by) % len(self._found)
        self._show_current()

    def _matches(self, text: str) -> Iterator[int]:
        sought, within = self._sought.lower(), text.lower()
        if not sought or len(within) != len(text):  # the places in a text whose lower case is longer would be others
            return
        place = within.find(sought)
        while place >= 0:
            yield place
            place = within.find(sought, place + len(sought))

    def _show_current(self) -> None:
        if 0 <= self._current < len(self._found):
            number, place = self._found[self._current]
            row = next(row for row, (line, _, end) in enumerate(self._rows) if line == number and place < end)
            if not self.scroll_offset.y <= row < self.scroll_offset.y + self.size.height:
                self.scroll_to(y=max(0, row - self.size.height // 2), animate=False, immediate=True, force=True)
        self._say()
        self.refresh()

    def _top_line(self) -> int:
        place = min(self.scroll_offset.y, len(self._rows) - 1)
        return self._rows[place][0] if self._rows else 0

    def _go_to(self, number: int) -> None:
        row = bisect.bisect_left(self._rows, (number, 0, 0))
        self.scroll_to(y=row, animate=False, immediate=True, force=True)

    def _say(self) -> None:
        """Write below what was found, and whether newer lines are out of view."""
        parts = []
        if self._sought:
            place = f"{self._current + 1} of {len(self._found)}" if self._found else "not found"
            parts.append(f"{printable(self._sought)}: {place}")
        if not self._follows:
            parts.append("end: newest line")
        self.border_subtitle = titled(" · ".join(parts))
