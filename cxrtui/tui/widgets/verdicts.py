"""Classified films: a row each, with the probability as a bar and the threshold as a tick on it."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text
from textual.widgets import DataTable

from cxrtui.tui.backend import Verdict
from cxrtui.tui.theme import BUSY, WARN
from cxrtui.tui.widgets.bars import probability


def row(item: Verdict, width: int, name_width: int) -> tuple[Text, Text, Text]:
    """File, bar and percentage of the positive class, label; or the reason where there is none."""
    name = Text(Path(item.file).name, no_wrap=True, overflow="ellipsis")
    name.truncate(name_width, overflow="ellipsis", pad=True)
    if not item.ok:
        return name, Text("✗ not read", style=WARN), Text(item.error, style=WARN)
    value = list(item.probabilities.values())[-1]
    called = value >= item.threshold
    text = probability(value, item.threshold, width, WARN if called else BUSY)
    text.append(f" {100 * value:5.1f} %")
    return name, text, Text(f"{'▲' if called else '▽'} {item.label}", style="bold" if called else "")


class Verdicts(DataTable[Text]):
    """The rows, in the order of the answers."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box", cursor_type="row", zebra_stripes=True)
        self.border_title = "results"
        self.items: list[Verdict] = []

    def on_mount(self) -> None:
        """The columns; the second is named for the positive class when the first answer is there."""
        for key, title in (("film", "Film"), ("probability", "Probability"), ("label", "Label")):
            self.add_column(title, key=key)

    def start(self) -> None:
        """Forget the rows of before."""
        self.clear()
        self.items = []
        self.border_subtitle = ""

    def add(self, item: Verdict) -> None:
        """One row more."""
        self.items.append(item)
        room = self.size.width
        self.add_row(
            *row(item, 24 if room > 80 else 12 if room > 60 else 6, max(11, min(40, room - (60 if room < 70 else 52))))
        )
        if item.ok:
            label = list(item.probabilities)[-1]
            self.border_subtitle = f"probability of {label} · ┃ threshold {item.threshold:.2f}"

    @property
    def file_under_cursor(self) -> Path | None:
        """The film of the row under the cursor."""
        return Path(self.items[self.cursor_row].file) if 0 <= self.cursor_row < len(self.items) else None
