"""The table of one protocol: a row for each training, and those of all of them together."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from cxrtui.evaluation.wording import estimate, title
from cxrtui.printable import printable
from cxrtui.runs.state import RunState
from cxrtui.tui.protocols.content import METRICS, Line
from cxrtui.tui.protocols.reading import TO_DO, Look, Training
from cxrtui.tui.theme import FAINT
from cxrtui.tui.widgets.bars import shortened
from cxrtui.tui.widgets.status import status_text
from cxrtui.tui.widgets.table import Table

_NAME = 26  # cells of what is held out


class TrainingsTable(Table):
    """A row for each training, and below them the table of all; enter opens a training's run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.open", "Open", tooltip="Open the training's run in the monitor")
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.fixed_columns = 1
        self._trainings: tuple[Training, ...] = ()

    @property
    def chosen(self) -> Training | None:
        """The training under the cursor, if its run is there."""
        place = self.cursor_row
        found = self._trainings[place] if 0 <= place < len(self._trainings) else None
        return found if found is not None and found.word != TO_DO else None

    def show(self, look: Look) -> None:
        """Show the protocol; the cursor stays on its row."""
        if not self.columns:
            for name in (
                "held out",
                "status",
                "AUROC",
                "without pixels",
                *map(title, METRICS[1:]),
                "films",
                "patients",
            ):
                self.add_column(name, key=name)
        at, several = self.cursor_row, len({item.fold.seed for item in look.trainings}) > 1
        self._trainings = look.trainings
        self.clear()
        lines = look.result.trainings if look.result is not None else {}
        for item in look.trainings:
            seed = f" · seed {item.fold.seed}" if several else ""
            held_out = Text(f"{shortened(printable(item.fold.held_out), _NAME)}{seed}", "bold")
            self.add_row(held_out, _status(item), *_cells(lines.get(item.fold.name) or _so_far(item.state)))
        for name, line in look.result.together if look.result is not None else ():
            self.add_row(Text(name, "italic"), Text("of all", FAINT), *_cells(line))
        self.move_cursor(row=min(at, max(0, self.row_count - 1)))


def _status(item: Training) -> Text:
    """Return the status of a training, with its epoch while it is under way."""
    if item.word == TO_DO:
        return Text(f"· {TO_DO}", FAINT)
    text = status_text(item.word)
    if item.word == "training" and len(item.state.steps):
        last = item.state.steps[-1]
        text.append(f" {last.epoch}/{last.epochs}")
    return text


def _so_far(state: RunState) -> Line:
    """Return what the log of a run has before there is a table: the values without intervals."""
    found = state.evaluations.get("test")
    if found is None:
        return Line()
    counts = found.counts
    values = (estimate(name, {"value": found.metrics[name]} if name in found.metrics else None) for name in METRICS)
    return Line(f"{counts.get('positive', 0)}+{counts.get('negative', 0)}", "", tuple(values))


def _cells(line: Line) -> tuple[Text, ...]:
    texts = (line.metrics[0], line.without, *line.metrics[1:], line.films, line.patients)
    return tuple(Text(text, "bold" if place == 0 else "") for place, text in enumerate(texts))
