"""The table of the shelf: a row for each folder, then one for each published network that is not there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from cxrtui.tui.theme import BUSY
from cxrtui.tui.weights.jobs import Job
from cxrtui.tui.weights.places import Place
from cxrtui.tui.widgets.table import Table

_STATE, _READING = "State", "↓ reading…"
COLUMNS = ("Name", _STATE, "Size", "Licence", "Format")
_SLIM, _NARROW, _NAME_MOST, _NAME_LEAST = 76, 84, 40, 19


class ShelfTable(Table):
    """Lists the places; enter uses one, and the cursor stays on its name when the list changes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.use", "Use", tooltip="Start a run from the weights under the cursor")
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.places: Sequence[Place] = ()

    @property
    def chosen(self) -> Place | None:
        """The place under the cursor, or None."""
        return self.places[self.cursor_row] if 0 <= self.cursor_row < len(self.places) else None

    def show(self, places: Sequence[Place], name: str = "") -> None:
        """List `places`, with the cursor on `name` if it is among them, else on its old row."""
        wanted = name or (self.chosen.name if self.chosen else "")
        row = self.cursor_row
        self.clear(columns=True)
        self.places = places
        narrow = self.app.size.width < _NARROW
        columns = COLUMNS[:-1] if self.app.size.width < _SLIM else COLUMNS  # the details below have the format too
        rows = [place.row(_NAME_LEAST if narrow else _NAME_MOST)[: len(columns)] for place in places]
        for label in columns:
            self.add_column(label, key=label, width=len(_READING) if label == _STATE else None)
        for place, cells in zip(places, rows, strict=True):
            self.add_row(*cells, key=place.name)
        names = [place.name for place in places]
        if places:
            self.move_cursor(row=names.index(wanted) if wanted in names else min(max(row, 0), len(names) - 1))

    def mark(self, job: Job | None) -> None:
        """Show the progress of a fetch in its row."""
        if job is None or job.ended or job.kind != "fetch":
            return
        if any(place.name == job.name for place in self.places):
            text = f"↓ {100 * job.here // job.total} %" if job.total else "↓ …"
            text = _READING if 0 < job.total <= job.here else text
            self.update_cell(job.name, _STATE, Text(text, style=BUSY))
