"""The leaderboard: a row for each trial, the best first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message

from cxrtui.printable import printable
from cxrtui.runs.size import counted
from cxrtui.settings.space import short
from cxrtui.tui.door import titled
from cxrtui.tui.theme import FAINT
from cxrtui.tui.tune.looks import STATES
from cxrtui.tui.tune.scale import names
from cxrtui.tui.widgets.early import amount, metric_name
from cxrtui.tui.widgets.find import matches
from cxrtui.tui.widgets.table import Table

if TYPE_CHECKING:
    from cxrtui.search.optuna_study import TrialRecord
    from cxrtui.search.snapshot import Snapshot

_BEST = "★"


class Leaderboard(Table):
    """Rows of trials; enter opens a run. The cursor is on the best trial, and stays on another once it was moved."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.open", "Open", tooltip="Open the trial's run in the monitor")
    ]

    class Moved(Message):
        """Another trial is under the cursor."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.fixed_columns = 1
        self.border_title = "trials"
        self.was_moved = False
        """Whether the user has moved the cursor."""
        self._order: list[int] = []  # the numbers of the trials of the rows
        self._cells: dict[int, tuple[Text, ...]] = {}
        self._columns: tuple[str, ...] = ()
        self._made: dict[int, tuple[TrialRecord, bool, tuple[Text, ...]]] = {}
        self._moves_by_itself = False
        self._told = 0

    @property
    def chosen(self) -> int:
        """The number of the trial under the cursor; 0 if there is none."""
        return self._order[self.cursor_row] if 0 <= self.cursor_row < len(self._order) else 0

    def show(self, found: Snapshot, words: str) -> None:
        """Show the trials that have all of `words`; only cells that have changed are written again."""
        known, best = names(found.plan.space), found.best
        columns = ("trial", metric_name(found.plan.tune.objective), "state", *known.values())
        if columns != self._columns:
            self._columns, self._order, self._cells, self._made = columns, [], {}, {}
            self.clear(columns=True)
            for name in columns:
                self.add_column(name, key=name)
        rows = {trial.number: self._cells_of(found, trial, known, best) for trial in found.ranked}
        if words.strip():
            rows = {number: cells for number, cells in rows.items() if matches(words, _searched(columns, cells))}
        chosen = self.chosen
        self._moves_by_itself = True
        if rows.keys() != self._cells.keys():
            self._fill(rows)
        else:
            self._change(rows)
        if self._order != list(rows):
            place = {str(number): at for at, number in enumerate(rows)}
            self._order = list(rows)
            self.sort("trial", key=lambda cell: place[_number(cell)])
        self._cells = rows
        at = self._order.index(chosen) if self.was_moved and chosen in self._order else 0
        self.move_cursor(row=at, scroll=self.was_moved or not at)
        self._moves_by_itself = False
        total = counted(len(found.trials), "trial")
        self.border_title = titled(f"{len(rows)} of {total}" if words.strip() else total)
        self.tell()

    def _cells_of(
        self, found: Snapshot, trial: TrialRecord, known: Mapping[str, str], best: TrialRecord | None
    ) -> tuple[Text, ...]:
        """Return the cells of a row, as they were made before if nothing of it has changed."""
        is_best = best is not None and trial.number == best.number
        made = self._made.get(trial.number)
        if made is None or made[0] is not trial or made[1] != is_best:
            made = self._made[trial.number] = (trial, is_best, _cells(found, trial, known, is_best=is_best))
        return made[2]

    def _fill(self, rows: Mapping[int, tuple[Text, ...]]) -> None:
        """Write rows that were not there, or all of them if some must go."""
        kept = self._cells.keys() & rows.keys()
        if kept != self._cells.keys():
            self.clear()
            self._order, kept = [], set()
        for number in kept:
            self._update(number, rows[number])
        for number, cells in rows.items():
            if number not in kept:
                self._order.append(number)
                self.add_row(*cells, key=str(number))

    def _change(self, rows: Mapping[int, tuple[Text, ...]]) -> None:
        for number, cells in rows.items():
            self._update(number, cells)

    def _update(self, number: int, cells: Sequence[Text]) -> None:
        if cells is self._cells[number]:
            return
        for name, cell, before in zip(self._columns, cells, self._cells[number], strict=True):
            if cell != before:
                self.update_cell(str(number), name, cell)

    def go_to(self, number: int) -> None:
        """Put the cursor on a trial, if it is listed."""
        if number in self._order:
            self.was_moved = True
            self.move_cursor(row=self._order.index(number))

    def tell(self) -> None:
        """Post that another trial is under the cursor, if one is."""
        if not self._moves_by_itself and self.chosen != self._told:
            self._told = self.chosen
            self.post_message(self.Moved())

    def watch_cursor_coordinate(self, old_coordinate: object, new_coordinate: object) -> None:
        """Notice that the user has moved the cursor."""
        super().watch_cursor_coordinate(old_coordinate, new_coordinate)  # type: ignore[arg-type]
        if not self._moves_by_itself and self.is_mounted and old_coordinate != new_coordinate:
            self.was_moved = True
            self.tell()


def _cells(found: Snapshot, trial: TrialRecord, known: Mapping[str, str], *, is_best: bool) -> tuple[Text, ...]:
    mark, style = STATES[trial.state]
    metric = found.plan.tune.objective
    value = amount(metric, trial.value)
    if not math.isnan(trial.spread):
        value += f" ± {amount(metric, trial.spread)}"
    number = f"{trial.number}{f' {_BEST}' if is_best else ''}"
    state = Text(f"{mark} {trial.state}", style=style)
    if trial.state == "running" and trial.reported:
        state.append(f" {max(trial.reported)}/{_epochs(found)}")
    bold = "bold" if is_best else "" if trial.state == "finished" else FAINT
    return (
        Text(number, style=bold), Text(value, style=bold), state,
        *(Text(printable(short(trial.settings[key])) if key in trial.settings else "–", style=bold) for key in known),
    )  # fmt: skip


def _epochs(found: Snapshot) -> int:
    tune = found.plan.tune
    return found.plan.base.optim.epochs * max(1, tune.folds) * tune.repeats


def _number(cell: Text) -> str:
    return cell.plain.partition(" ")[0]


def _searched(columns: Sequence[str], cells: Sequence[Text]) -> str:
    """Return what words are searched in: ``trial=7 state=finished dropout=0.1 …`` and the cells as they are shown."""
    return " ".join(f"{name}={cell.plain} {cell.plain}" for name, cell in zip(columns, cells, strict=True))


def explain(found: Snapshot, number: int) -> str:
    """Return what there is to say of a trial beside its row: why it was pruned or failed, or its runs."""
    trial = next((trial for trial in found.trials if trial.number == number), None)
    if trial is None:
        return ""
    runs = f"run {trial.runs[0]}" if len(trial.runs) == 1 else f"{len(trial.runs)} runs" if trial.runs else ""
    return " · ".join(filter(None, (f"trial {number}", trial.reason or runs)))
