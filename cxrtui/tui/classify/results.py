"""The table of classified films: each has a row with its probability as a bar, on which a tick marks the threshold."""

from __future__ import annotations

from pathlib import Path

from rich.cells import cell_len
from rich.text import Text
from textual.events import Resize

from cxrtui.data.films import printable
from cxrtui.tui.backend import Classified
from cxrtui.tui.door import titled
from cxrtui.tui.theme import BUSY, WARN
from cxrtui.tui.widgets.bars import probability, shortened
from cxrtui.tui.widgets.table import Table

SLIM = 40
"""Width in cells below which the label takes the place of the bar."""


def row(item: Classified, width: int, name_width: int) -> tuple[Text, Text, Text]:
    """Return the cells of a row: file, bar and percentage of the positive class, and label with notes or an error."""
    name = Text(shortened(printable(Path(item.file).name), name_width), no_wrap=True)
    if not item.ok:
        return name, Text("✗ no result" if width else "✗ none", style=WARN), Text(printable(item.error), style=WARN)
    value = list(item.probabilities.values())[-1]
    positive = value >= item.threshold
    text = probability(value, item.threshold, width, WARN if positive else BUSY) if width else Text()
    text.append(f"{' ' if width else ''}{100 * value:{5.1 if width else 4.1}f} %")
    label = Text(f"{'▲' if positive else '▽'} {printable(item.label)}", style="bold" if positive else "")
    for note in item.notes:
        label.append(f" · {printable(note)}", style=f"not bold {WARN}")
    return name, text, label


class ClassifiedTable(Table):
    """Holds the rows in the order in which they came."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.border_title = "results"
        self.items: list[Classified] = []
        self._laid_out_for = 0

    def on_mount(self) -> None:
        """Add the columns."""
        self._add_columns()

    def _add_columns(self) -> None:
        probable = "Probability" if self._widths()[0] else "Prob."
        for key, title in (("film", "Film"), ("probability", probable), ("label", "Label")):
            self.add_column(title, key=key)

    def start(self) -> None:
        """Remove the rows of the last classification."""
        self.clear()
        self.items = []
        self.border_subtitle = ""

    def add(self, item: Classified) -> None:
        """Add a row."""
        self.items.append(item)
        self.add_row(*row(item, *self._widths()))
        self._say_threshold()

    def _say_threshold(self) -> None:
        """Show on the border the class of the probability, and the threshold, which must never be cut off."""
        if item := next((item for item in self.items if item.ok), None):
            label, threshold = list(item.probabilities)[-1], f"┃ threshold {item.threshold:.2f}"
            text = f"probability of {label} · {threshold}"
            self.border_subtitle = titled(text if cell_len(text) <= self.size.width - 2 else f"{threshold} · {label}")

    def _widths(self) -> tuple[int, int]:
        """Return the widths of the bar and of the name, in cells."""
        room = self.size.width
        if room < SLIM:
            return 0, max(7, room - 27)
        width = 24 if room > 80 else 12 if room > 60 else 6
        return width, max(12, min(48, room - width - (30 if room < 60 else 40)))

    def on_resize(self, event: Resize) -> None:
        """Draw the table for the new width; the cursor stays."""
        if event.size.width != self._laid_out_for:
            cursor = self.cursor_row
            self.clear(columns=True)
            self._add_columns()
            for item in self.items:
                self.add_row(*row(item, *self._widths()))
            self.move_cursor(row=cursor)
            self._say_threshold()
        self._laid_out_for = event.size.width

    @property
    def file_under_cursor(self) -> Path | None:
        """The film of the row under the cursor."""
        return Path(self.items[self.cursor_row].file) if 0 <= self.cursor_row < len(self.items) else None
