"""A list of lines with a cursor, which draws only what is seen, so that a hundred thousand lines are as fast as ten."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip


class Lines(ScrollView, can_focus=True):
    """Shows `count` lines; `line` draws one for a width in cells."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "end(-1)", "First line", show=False),
        Binding("end", "end(1)", "Last line", show=False),
        Binding("enter", "enter", "Choose", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"lines--cursor"}
    DEFAULT_CSS = """
    Lines { height: 1fr; scrollbar-size: 1 1; overflow-x: hidden; background: $background; }
    Lines > .lines--cursor { background: $panel; }
    Lines:focus > .lines--cursor { background: $block-cursor-background; text-style: bold; }
    """

    cursor: reactive[int] = reactive(0)

    class Moved(Message):
        """The cursor is on another line, or its line may have another content."""

        def __init__(self, lines: Lines) -> None:
            super().__init__()
            self.lines = lines

        @property
        def control(self) -> Lines:
            """The list."""
            return self.lines

    class Entered(Moved):
        """Enter was pressed on the line of the cursor, or it was clicked twice."""

    def __init__(self, line: Callable[[int, int], Text], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._line, self._count = line, 0

    @property
    def count(self) -> int:
        """The number of lines."""
        return self._count

    def refresh_lines(self, count: int, cursor: int | None = None) -> None:
        """Draw again because the lines have changed; the cursor goes to `cursor`, or stays where it is."""
        self._count = count
        self.virtual_size = Size(self.scrollable_content_region.width, count)
        self.cursor = self.validate_cursor(self.cursor if cursor is None else cursor)
        self._follow()
        self.refresh()
        self.post_message(self.Moved(self))

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on a line."""
        return max(0, min(self._count - 1, cursor))

    def watch_cursor(self) -> None:
        """Say that the cursor has moved, and keep it in sight."""
        self._follow()
        self.refresh()
        self.post_message(self.Moved(self))

    def _follow(self) -> None:
        height, top = self.size.height, self.scroll_offset.y
        if height and not top <= self.cursor < top + height:
            self.scroll_to(y=self.cursor if self.cursor < top else self.cursor - height + 1, animate=False, force=True)

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.cursor += by

    def action_page(self, by: int) -> None:
        """Move the cursor by what is seen."""
        self.cursor += by * max(1, self.size.height - 1)

    def action_end(self, end: int) -> None:
        """Move the cursor to the first or the last line."""
        self.cursor = 0 if end < 0 else self._count - 1

    def action_enter(self) -> None:
        """Choose the line."""
        if self._count:
            self.post_message(self.Entered(self))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; choose the line with the second click."""
        place = event.y + self.scroll_offset.y
        if place < self._count:
            self.cursor = place
            if event.chain > 1:
                self.action_enter()

    def on_resize(self) -> None:
        """Lay out for the new size."""
        self.refresh_lines(self._count)

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width, place = self.scrollable_content_region.width, y + self.scroll_offset.y
        blank = self.rich_style
        if place >= self._count:
            return Strip.blank(width, blank)
        text = self._line(place, width)
        text.no_wrap, text.end = True, ""
        strip = Strip(text.render(self.app.console)).adjust_cell_length(width)
        style = blank + self.get_component_rich_style("lines--cursor", partial=True) if place == self.cursor else blank
        return strip.apply_style(style)
