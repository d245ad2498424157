"""The Runs screen: it lists every run of the workspace with its status, and opens the other screens."""

from __future__ import annotations

import time
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.markup import escape
from textual.widgets import DataTable, Static

from cxrtui.durations import age as age_of
from cxrtui.errors import CxrtuiError
from cxrtui.printable import printable
from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Snapshot
from cxrtui.runs.glance import Overview
from cxrtui.tui.door import titled
from cxrtui.tui.keys import bindings
from cxrtui.tui.page import Page
from cxrtui.tui.questions import Choice, Notice, Question
from cxrtui.tui.routes import OpenClassify, OpenData, OpenLaunch, OpenMonitor, OpenWeights, ResumeRun
from cxrtui.tui.theme import WARN
from cxrtui.tui.watch import Seen, Watch
from cxrtui.tui.widgets.bars import shortened
from cxrtui.tui.widgets.early import amount, metric_name
from cxrtui.tui.widgets.results import cell
from cxrtui.tui.widgets.status import status_text, status_word
from cxrtui.tui.widgets.table import Table

COLUMNS = ("Run", "Status", "Best", "Epoch", "Test", "Age")
LIVE = ("starting", "preparing", "compiling", "training", "validating", "evaluating", "paused")
LEFT_OUT = {"Best": 74, "Age": 70}
"""The width of the screen, in cells, below which a column is left out."""
LOOK_SECONDS = 1.0
ROWS_AT_ONCE = 100  # rows of a long list that are written before keys are handled again
SHORT = 12  # longest metric with its name, in cells, that always fits


class RunsTable(Table):
    """The table of runs; enter opens a run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.open", "Open", tooltip="Open the run in the monitor")
    ]


class RunsScreen(Page[None]):
    """Lists the runs; it is the first screen of the dashboard."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("runs", "everywhere")
    sections = ("runs", "everywhere")
    where = "Runs"

    def __init__(self) -> None:
        super().__init__()
        self._runs: tuple[Snapshot, ...] = ()
        self._rows: list[tuple[Snapshot, str, tuple[bool, bool]]] = []  # what each row of the table shows
        self._place = 0  # index of the next row to write
        self._rest_asked = False  # whether the event loop will write the rest of a long list
        self._columns: list[str] = []
        self._aim: Run | None = None  # the run that gets the cursor once its row is written
        self._looked = False
        self._laid_out_for = 0
        self._offered: tuple[Run | None, str] = (None, "")
        self._watch: Watch[tuple[Snapshot, ...]] | None = None

    def compose_body(self) -> ComposeResult:
        """Put the table, and a text that is shown if there is nothing to list."""
        yield RunsTable(id="runs")
        yield Static(id="no-runs")

    def on_mount(self) -> None:
        """Start a thread that lists the runs each second."""
        checkpoints = self.dashboard.workspace.checkpoints
        table, nothing = self.query_one("#runs", RunsTable), self.query_one("#no-runs", Static)
        table.border_title = titled(f"runs in {checkpoints}")
        nothing.update(
            "No runs yet.\n\nPress [b]n[/b] to set up the first one, [b]?[/b] for all keys.\n\n"
            f"They will live in {escape(printable(checkpoints))}."
        )
        nothing.display = False
        self._watch = Watch(self, Overview(checkpoints).looks, LOOK_SECONDS)
        self._watch.start("list runs")

    def on_unmount(self) -> None:
        """Stop listing."""
        if self._watch is not None:
            self._watch.stop()

    def on_screen_suspend(self) -> None:
        """Pause the listing, to leave the cores to the screen in front."""
        if self._watch is not None:
            self._watch.pause()

    def on_screen_resume(self) -> None:
        """List at once when another screen closes."""
        if self._watch is not None:
            self._watch.look_now()

    def on_resize(self) -> None:
        """Draw the table with the columns that fit the new width."""
        if self._looked:
            self._show()

    @on(Seen)
    def _seen(self, message: Seen) -> None:
        """Show what the thread has read; the cursor stays on its run."""
        runs = message.watch.take()
        if runs is None:
            return
        own, known = self.dashboard.trainer.run, {snapshot.run.folder for snapshot in self._runs}
        self._aim = self.chosen
        if own is not None and known and own.folder not in known:  # the run was just started here
            self._aim = own
        self._runs, self._looked = runs, True
        self._show()

    def _show(self) -> None:
        """Update the table: each row is an index of the list, and only changed cells are written."""
        table = self.query_one("#runs", RunsTable)
        table.display, self.query_one("#no-runs").display = bool(self._runs), not self._runs
        if self.size.width != self._laid_out_for:
            self._aim, self._laid_out_for = self.chosen, self.size.width
            self._columns = [name for name in COLUMNS if self.size.width >= LEFT_OUT.get(name, 0)]
            self._rows = []
            table.clear(columns=True)
            for name in self._columns:
                table.add_column(name, key=name)
        while len(self._rows) > len(self._runs):
            self._rows.pop()
            table.remove_row(str(len(self._rows)))
        self._place = 0
        self._write_rows()
        self._ask_for_rest()
        self._offer()

    def _ask_for_rest(self) -> None:
        """Have the rest of a long list written in the next turn of the event loop, once."""
        if not self._rest_asked and self._place < len(self._runs):
            self._rest_asked = True
            self.call_later(self._write_rest)

    def _write_rest(self) -> None:
        """Write the next rows of a long list, and ask for those after them."""
        self._rest_asked = False
        self._write_rows()
        self._ask_for_rest()

    def _write_rows(self) -> None:
        """Write the rows from `_place` on that have changed, at most `ROWS_AT_ONCE`."""
        table, own = self.query_one("#runs", RunsTable), self.dashboard.trainer
        trained = own.run.folder if own.run is not None and own.active else None
        now, left = time.time(), ROWS_AT_ONCE
        for place in range(self._place, len(self._runs)):
            snapshot = self._runs[place]
            age = age_of(now - snapshot.state.updated) if snapshot.state.updated else "–"
            mine = (True, own.stopping) if snapshot.run.folder == trained else (False, False)
            shown = (snapshot, age, mine)
            if place == len(self._rows):
                self._rows.append(shown)
                cells = self._row(snapshot, age)
                table.add_row(*(cells[name] for name in self._columns), key=str(place))
            elif self._rows[place][0] is not snapshot or self._rows[place] != shown:
                self._rows[place] = shown
                cells = self._row(snapshot, age)
                for name in self._columns:
                    if table.get_cell(str(place), name) != cells[name]:
                        table.update_cell(str(place), name, cells[name], update_width=False)
            else:
                continue
            left -= 1
            if not left:
                self._place = place + 1
                break
        else:
            self._place = len(self._runs)
        if self._aim is not None:
            aim = self._aim.folder
            found = next((place for place, snapshot in enumerate(self._runs) if snapshot.run.folder == aim), None)
            if found is None or found < len(self._rows):
                self._aim = None
                table.move_cursor(row=found)

    def _offer(self) -> None:
        """Refresh the footer if the keys that can be used have changed."""
        snapshot, own = self._under_cursor, self.dashboard.trainer
        said = (snapshot.state.problem if snapshot else "") or ("★ trains in this dashboard" if own.active else "")
        self.query_one("#runs", RunsTable).border_subtitle = titled(said)
        offered = (snapshot.run, self._word(snapshot)) if snapshot else (None, "")
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()

    def _word(self, snapshot: Snapshot) -> str:
        """Return the run's status in one word."""
        if not snapshot.read:
            return "reading"
        return status_word(snapshot.state, snapshot.alive or self.dashboard.trains(snapshot.run))

    def _row(self, snapshot: Snapshot, age: str) -> dict[str, Text]:
        run, state, roomy = snapshot.run, snapshot.state, self.size.width >= 100
        best = epoch = test = Text("–", style="dim")
        if state.early is not None:
            value = amount(state.early.metric, state.early.best)
            named = f"{metric_name(state.early.metric)} {value}"
            best = Text(named if roomy or len(named) <= SHORT else value)
        if len(state.steps):
            epoch = Text(f"{state.epoch}/{state.steps[-1].epochs}")
        if "test" in state.evaluations:
            test = Text(cell("accuracy", state.evaluations["test"], counted=roomy))
        word = self._word(snapshot)
        status = status_text(word)
        if word in LIVE and (snapshot.stopping or self.dashboard.stops(run)):
            status = Text("■ stopping…", style=WARN)
        mark = " ★" if self.dashboard.trains(run) else ""
        name = Text(shortened(printable(run.name), max(15, self.size.width - 56)) + mark)
        return {"Run": name, "Status": status, "Best": best, "Epoch": epoch, "Test": test,
                "Age": Text(age, style="dim")}  # fmt: skip

    @property
    def chosen(self) -> Run | None:
        """The run under the cursor."""
        snapshot = self._under_cursor
        return snapshot.run if snapshot is not None else None

    @property
    def _under_cursor(self) -> Snapshot | None:
        if self._aim is not None:
            return next((snapshot for snapshot in self._runs if snapshot.run == self._aim), None)
        row = self.query_one("#runs", RunsTable).cursor_row
        return self._runs[row] if 0 <= row < len(self._runs) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer keys for a run only if there is one; only a run that ended without finishing can be resumed."""
        if action in ("open", "delete", "resume") and self.is_mounted:
            snapshot = self._under_cursor
            if snapshot is None:
                return False
            if action == "resume":
                return self._word(snapshot) in ("interrupted", "stopped", "failed")
        return True

    @on(DataTable.RowSelected)
    def _selected(self) -> None:
        self.action_open()

    @on(DataTable.RowHighlighted)
    def _highlighted(self) -> None:
        self._offer()

    def action_open(self) -> None:
        """Open the run in the monitor."""
        if run := self.chosen:
            self.go(OpenMonitor(run))

    def action_new(self) -> None:
        """Open the form for a new run."""
        self.go(OpenLaunch())

    def action_data(self) -> None:
        """Look at films."""
        self.go(OpenData())

    def action_weights(self) -> None:
        """Look at the shelf of initial weights."""
        self.go(OpenWeights())

    def action_resume(self) -> None:
        """Resume the run."""
        if run := self.chosen:
            self.go(ResumeRun(run))

    def action_classify(self) -> None:
        """Classify films."""
        self.go(OpenClassify(self.chosen))

    @work
    async def action_delete(self) -> None:
        """Delete the run's folder, after asking."""
        run = self.chosen
        if run is None:
            return
        if self.dashboard.is_alive(run):
            self.app.push_screen(Notice("Not deleted", f"Run {run.name} is live; stop it before deleting it."))
            return
        what = "Its log, checkpoints and results are removed for good."
        if run.folder.is_symlink():
            what = "It is a symbolic link: the link is removed, and not what it points to."
        answer = await self.app.push_screen_wait(
            Question(
                f"Delete {run.name}?",
                f"{printable(run.folder)}\n\n{what}",
                Choice("n", "Keep", ""),
                Choice("y", "Delete", "delete", "error"),
            )
        )
        if answer == "delete":
            try:
                run.delete()
            except (CxrtuiError, OSError) as error:
                self.app.push_screen(Notice("Not deleted", str(error)))
            if self._watch is not None:
                self._watch.look_now()
