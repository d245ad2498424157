"""The table of runs. It holds no cells: a row is made when it is drawn, so that a thousand runs cost as much as fit.

A row whose text has not changed is not written to the terminal again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from cxrtui.runs.follow import Snapshot
from cxrtui.tui.runs.columns import Cell, Cells, Layout, header, layout, line, needed

Row = tuple[Snapshot, Cells]


class RunsTable(ScrollView, can_focus=True):
    """Rows of runs under a line of names; enter opens the run under the cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"runs--header", "runs--row", "runs--other-row", "runs--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.open", "Open", tooltip="Open the run in the monitor"),
        Binding("up", "move(-1)", "Row above", show=False),
        Binding("down", "move(1)", "Row below", show=False),
        Binding("pageup", "page(-1)", "Page above", show=False),
        Binding("pagedown", "page(1)", "Page below", show=False),
        Binding("home,ctrl+home", "end(-1)", "First row", show=False),
        Binding("end,ctrl+end", "end(1)", "Last row", show=False),
    ]

    class Moved(Message):
        """The cursor is on another row, or another run is under it."""

    class Scrolled(Message):
        """Other rows or columns are seen."""

    class Sorted(Message):
        """The name of a column was clicked."""

        def __init__(self, column: str) -> None:
            super().__init__()
            self.column = column

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box")
        self._rows: Sequence[Row] = ()
        self._selected: frozenset[Path] = frozenset()
        self._needs = needed(())
        self._layout = Layout({}, 1)
        self._sorted: tuple[str, bool] = ("", False)
        self._now = time.time()
        self._drawn: dict[int, tuple[str, list[Cell]]] = {}  # what is on each line, by its place on the screen
        self.cursor_row = 0
        self.was_moved = False
        """Whether the user has moved the cursor."""

    @property
    def rows(self) -> Sequence[Row]:
        """All rows, in order."""
        return self._rows

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return len(self._rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that are shown."""
        return tuple(self._layout.widths)

    @property
    def under_cursor(self) -> Snapshot | None:
        """The run under the cursor."""
        return self._rows[self.cursor_row][0] if self.cursor_row < len(self._rows) else None

    @property
    def seen(self) -> Sequence[Row]:
        """The rows that are on the screen."""
        top = self.scroll_offset.y
        return self._rows[top : top + max(0, self.size.height - 1)]

    def text_of(self, row: int, column: str) -> str:
        """Return the text in a cell, without the blanks around it; the column must be shown."""
        cells = line(self._layout, self._rows[row][1], selected=False, now=self._now)
        return cells[1 + 2 * self.columns.index(column)][0].strip()

    def show(self, rows: Sequence[Row], cursor: int, selected: frozenset[Path], column: str, descending: bool) -> None:
        """Show `rows` with the cursor on row `cursor`; they are sorted by `column`."""
        before = self.under_cursor
        self._rows, self._selected, self._sorted = rows, selected, (column, descending)
        self._needs, self._now = needed(cells for _, cells in rows), time.time()
        self.virtual_size = Size(0, len(rows) + 1)
        self._lay_out()
        self.cursor_row = max(0, min(cursor, len(rows) - 1))
        self._keep_cursor_in_view()
        self._draw_changes()
        after = self.under_cursor
        if (before and before.run) != (after and after.run):
            self.post_message(self.Moved())

    def _lay_out(self) -> None:
        self._layout = layout(self.scrollable_content_region.width, self._needs)

    def on_mount(self) -> None:
        """Choose the columns again when the scroll bar comes or goes."""
        self.watch(self, "show_vertical_scrollbar", self._refit, init=False)

    def on_resize(self) -> None:
        """Choose the columns that fit, and keep the cursor in view."""
        self._refit()

    def _refit(self) -> None:
        self._lay_out()
        self._keep_cursor_in_view()
        self.refresh()
        self.post_message(self.Scrolled())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Draw the rows that are seen now."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.post_message(self.Scrolled())

    def _keep_cursor_in_view(self) -> None:
        page, top = max(1, self.size.height - 1), self.scroll_offset.y
        if self.cursor_row < top:
            self.scroll_to(y=self.cursor_row, animate=False)
        elif self.cursor_row >= top + page:
            self.scroll_to(y=self.cursor_row - page + 1, animate=False)

    def _content(self, y: int) -> tuple[str, list[Cell]]:
        """Return what is on line `y` of the screen: the kind of the line and its texts with their styles."""
        if y == 0:
            return "runs--header", [(header(self._layout, *self._sorted), "")]
        row = self.scroll_offset.y + y - 1
        if row >= len(self._rows):
            return "", []
        snapshot, cells = self._rows[row]
        kind = "runs--cursor" if row == self.cursor_row else "runs--other-row" if row % 2 else "runs--row"
        return kind, line(self._layout, cells, selected=snapshot.run.folder in self._selected, now=self._now)

    def _draw_changes(self) -> None:
        """Draw the lines whose content is no longer what was drawn."""
        for y in range(self.size.height):
            if self._drawn.get(y) != self._content(y):
                self.refresh_line(self.scroll_offset.y + y)

    def render_line(self, y: int) -> Strip:
        """Draw a line."""
        kind, cells = self._drawn[y] = self._content(y)
        width = self.size.width
        if not kind:
            return Strip.blank(width, self.rich_style)
        base = self.get_component_rich_style(kind)
        segments = [Segment(text, base + Style.parse(style)) for text, style in cells]
        return Strip(segments).adjust_cell_length(width, base)

    def go_to(self, row: int) -> None:
        """Move the cursor to `row`, or to the first or last one if there is no such row."""
        row = max(0, min(row, len(self._rows) - 1))
        self.was_moved = True
        if row != self.cursor_row:
            self.cursor_row = row
            self._keep_cursor_in_view()
            self._draw_changes()
            self.post_message(self.Moved())

    def action_move(self, rows: int) -> None:
        """Move the cursor up or down."""
        self.go_to(self.cursor_row + rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor by a screen of rows."""
        self.go_to(self.cursor_row + pages * max(1, self.size.height - 2))

    def action_end(self, side: int) -> None:
        """Move the cursor to the first or the last row."""
        self.go_to(0 if side < 0 else len(self._rows) - 1)

    async def on_click(self, event: Click) -> None:
        """Sort by a name of a column; move the cursor to a row, or open the run that is under it already."""
        place = event.get_content_offset(self)
        if place is None:
            return
        row = self.scroll_offset.y + place.y - 1
        if place.y == 0:
            if column := self._layout.at(place.x):
                self.post_message(self.Sorted(column))
        elif row < len(self._rows) and row == self.cursor_row:
            await self.run_action("screen.open")
        else:
            self.go_to(row)
