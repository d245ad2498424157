"""The Runs screen: it lists every run of the workspace with its status, and opens the other screens."""

from __future__ import annotations

import operator
import time
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from cxrtui.printable import printable
from cxrtui.runs.arrange import LATEST, arranged, order_of
from cxrtui.runs.filter import Filter
from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Snapshot
from cxrtui.runs.glance import Overview
from cxrtui.tui import memory
from cxrtui.tui.door import titled
from cxrtui.tui.keys import bindings
from cxrtui.tui.runs.actions import RunActions
from cxrtui.tui.runs.columns import SORTED_BY
from cxrtui.tui.runs.filter_line import FilterLine
from cxrtui.tui.runs.first_start import FirstStart
from cxrtui.tui.runs.rows import KnownCells
from cxrtui.tui.runs.table import Row, RunsTable
from cxrtui.tui.runs.ways import WaysOut
from cxrtui.tui.watch import Seen

LOOK_SECONDS = 1.0


class RunsScreen(WaysOut, RunActions):
    """Lists the runs; it is the first screen of the dashboard."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("runs", "everywhere")
    sections = ("runs", "everywhere")
    where = "Runs"
    place = "Runs"
    AUTO_FOCUS = "#runs"

    def __init__(self) -> None:
        super().__init__()
        self._runs: tuple[Snapshot, ...] = ()
        self._rows: list[Row] = []  # those that match the filter, in order
        self._cells = KnownCells()
        self._filter, self._order, self._column = Filter(), LATEST, "Age"
        self._selected: set[Path] = set()
        self._aim: Run | None = None  # the run that gets the cursor once it is listed
        self._all_were_read = False  # whether the logs of all runs have been read once
        self._offered: tuple[Run | None, str] = (None, "")
        self._around = ("", "")  # the border's title and subtitle
        self._overview: Overview | None = None

    def compose_body(self) -> ComposeResult:
        """Put the filter above the table, and a text that is shown if there is nothing to list."""
        yield FilterLine(id="filter")
        yield RunsTable(id="runs")
        yield FirstStart(id="no-runs")

    def on_mount(self) -> None:
        """Start a thread that lists the runs each second."""
        checkpoints = self.dashboard.workspace.checkpoints
        self._column = memory.get("runs.sort", "Age", choices=tuple(SORTED_BY))
        self._order = order_of(SORTED_BY[self._column], memory.get("runs.reverse", False))
        self.query_one("#no-runs").display = False
        self._overview = Overview(checkpoints)
        self.follow("list runs", self._overview.looks, LOOK_SECONDS)

    @property
    def _table(self) -> RunsTable:
        return self.query_one("#runs", RunsTable)

    @on(Seen)
    def _seen(self, message: Seen) -> None:
        """Show what the thread has read; the cursor stays on its run."""
        runs = message.watch.take()
        if runs is None:
            return
        own, known = self.dashboard.trainer.run, {snapshot.run.folder for snapshot in self._runs}
        if own is not None and known and own.folder not in known:  # the run was just started here
            self._aim = own
        if len(runs) != len(self._runs) or not all(map(operator.is_, runs, self._runs)):
            self._selected &= {snapshot.run.folder for snapshot in runs}
        self._runs = runs
        self._show()

    def _show(self) -> None:
        """Filter and sort the runs, and show them."""
        chosen, now = self._aim or self.chosen, time.time()
        found = arranged(self._runs, self._filter, self._order, now)
        self._rows = [(snapshot, self._cells.of(snapshot, self.dashboard)) for snapshot in found]
        self._cells.keep(self._runs)
        place = None
        if self._aim is None and not (self._all_were_read or self._table.was_moved):
            place = 0  # runs still change places while they are read at the start
        elif chosen is not None:
            place = next((place for place, item in enumerate(found) if item.run.folder == chosen.folder), None)
        if place is not None:
            self._aim = None
        self._all_were_read = self._all_were_read or all(run.read for run in self._runs)
        cursor = self._table.cursor_row if place is None else place
        self._say_if_empty()
        self._table.show(self._rows, cursor, frozenset(self._selected), self._column, self._order.descending)
        self._want_curves()
        self._offer()

    def _say_if_empty(self) -> None:
        """Say what to do next if there is nothing to list."""
        nothing = self.query_one("#no-runs", FirstStart)
        nothing.display, self._table.display = not self._rows, bool(self._rows)
        if self._rows:
            if self.focused is None or isinstance(self.focused, FirstStart):
                self._table.focus()
            return
        if self._runs:
            nothing.no_match(len(self._runs))
            return
        problem = self._overview.problem if self._overview is not None else ""
        nothing.welcome(self.dashboard.workspace.checkpoints, printable(problem))
        if self.focused is None or self.focused is self._table:
            nothing.focus()

    def _want_curves(self) -> None:
        """Have the curves of the runs read that are seen."""
        if self._overview is None or "Curve" not in self._table.columns:
            return
        seen = {snapshot.run.folder for snapshot, _ in self._table.seen if snapshot.read}
        if not seen <= self._overview.wanted:
            self._overview.wanted = frozenset(seen)
            self.look_now()

    def _offer(self) -> None:
        """Refresh the footer if the keys that can be used have changed, and say what is special."""
        snapshot, table, own = self._table.under_cursor, self._table, self.dashboard.trainer
        title = f"runs in {self.dashboard.workspace.checkpoints}"
        if self._filter.tests:
            title = f"{len(self._rows)} of {len(self._runs)} {title}"
        if self._selected:
            title = f"{len(self._selected)} selected · {title}"
        problem = (snapshot.state.problem or snapshot.notes.problem) if snapshot else ""
        around = title, problem or ("★ trains in this dashboard" if own.active else "")
        if around != self._around:
            self._around = around
            table.border_title, table.border_subtitle = map(titled, around)
        offered = (snapshot.run, self._cells.word(snapshot)) if snapshot else (None, "")
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()

    @property
    def chosen(self) -> Run | None:
        """The run under the cursor."""
        snapshot = self._table.under_cursor
        return snapshot.run if snapshot is not None else None

    @property
    def targets(self) -> list[Snapshot]:
        """The selected runs in the order of the list, else the run under the cursor."""
        chosen = [snapshot for snapshot in self._runs if snapshot.run.folder in self._selected]
        under = self._table.under_cursor
        return chosen or ([under] if under is not None else [])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer keys for a run only if there is one; only a run that ended without finishing can be resumed."""
        if not self.is_mounted:
            return True
        if action in ("open", "evaluate", "delete", "resume", "fork", "note", "tags", "export", "select", "compare"):
            snapshot = self._table.under_cursor
            if snapshot is None:
                return False
            if action == "resume":
                return self._cells.word(snapshot) in ("interrupted", "stopped", "failed")
        if action == "filter" and self.query_one(FilterLine).has_focus_within:
            return False
        if action in ("filter", "sort", "reverse", "select_all"):
            return bool(self._runs)
        if action == "back":
            return bool(self._selected) or self.query_one(FilterLine).display
        return True

    @on(RunsTable.Moved)
    def _moved(self) -> None:
        self._offer()

    @on(RunsTable.Scrolled)
    def _scrolled(self) -> None:
        self._want_curves()

    @on(FilterLine.Changed)
    def _filtered(self, message: FilterLine.Changed) -> None:
        self._filter = message.wanted
        self._show()

    @on(FilterLine.Left)
    def _left_filter(self) -> None:
        self._table.focus()

    @on(RunsTable.Sorted)
    def _clicked(self, message: RunsTable.Sorted) -> None:
        column = message.column if message.column in SORTED_BY else "Best"
        self._sort(column, reverse=column == self._column and not self._order.reverse)

    def _sort(self, column: str, *, reverse: bool) -> None:
        self._column, self._order = column, order_of(SORTED_BY[column], reverse)
        memory.set("runs.sort", column)
        memory.set("runs.reverse", reverse)
        self._show()

    def action_sort(self) -> None:
        """Sort by the next column."""
        names = list(SORTED_BY)
        self._sort(names[(names.index(self._column) + 1) % len(names)], reverse=False)

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._sort(self._column, reverse=not self._order.reverse)

    def action_filter(self) -> None:
        """Type a filter."""
        self.query_one(FilterLine).ask()

    def action_back(self) -> None:
        """Select no run; then remove the filter."""
        if self._selected:
            self.unselect()
        else:
            self.query_one(FilterLine).action_clear()

    def unselect(self) -> None:
        """Select no run."""
        self._selected.clear()
        self._show()

    def action_select(self) -> None:
        """Select or unselect the run under the cursor, and go to the next."""
        if run := self.chosen:
            self._selected ^= {run.folder}
            self._show()
            self._table.action_move(1)

    def action_select_all(self) -> None:
        """Select every run that is listed, or none if they are selected already."""
        listed = {snapshot.run.folder for snapshot, _ in self._rows}
        self._selected = set() if listed <= self._selected else self._selected | listed
        self._show()
