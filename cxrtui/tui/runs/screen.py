"""Runs: every run of the workspace, what became of it, and the way into it."""

from __future__ import annotations

import time
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.markup import escape
from textual.widgets import DataTable, Static
from textual.widgets.data_table import RowKey

from cxrtui.errors import CxrtuiError
from cxrtui.printable import printable
from cxrtui.runs.folder import Run
from cxrtui.runs.glance import summary
from cxrtui.runs.listing import all_runs
from cxrtui.runs.state import RunState
from cxrtui.tui.classify.results import shortened
from cxrtui.tui.classify.screen import ClassifyScreen
from cxrtui.tui.door import titled
from cxrtui.tui.inspect.screen import DataScreen
from cxrtui.tui.keys import bindings
from cxrtui.tui.launch.screen import LaunchScreen
from cxrtui.tui.page import Page
from cxrtui.tui.questions import Choice, Notice, Question
from cxrtui.tui.theme import WARN
from cxrtui.tui.weights.screen import WeightsScreen
from cxrtui.tui.widgets.bars import ago
from cxrtui.tui.widgets.early import amount, metric_name
from cxrtui.tui.widgets.results import cell
from cxrtui.tui.widgets.status import status_text, status_word
from cxrtui.tui.widgets.table import Table

COLUMNS = ("Run", "Status", "Best", "Epoch", "Test", "Age")
LIVE = ("starting", "preparing", "compiling", "training", "validating", "evaluating", "paused")
LEFT_OUT = {"Best": 74, "Age": 70}
"""Columns that need so many cells of the table."""
SHORT = 12  # cells of a metric with its name that there is always room for


class RunsTable(Table):
    """The table; its enter is the screen's."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.open", "Open", tooltip="Open the run in the monitor")
    ]


class RunsScreen(Page):
    """The first screen."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("runs", "everywhere")
    sections = ("runs", "everywhere")
    where = "Runs"

    def __init__(self) -> None:
        super().__init__()
        self._read: dict[str, tuple[tuple[int, int], RunState]] = {}
        self._shown: list[Run] = []
        self._offered: tuple[Run | None, str] = (None, "")
        self._laid_out_for = 0

    def compose_body(self) -> ComposeResult:
        """A table, or what to do where there is nothing to list."""
        yield RunsTable(id="runs")
        yield Static(id="no-runs")

    def on_mount(self) -> None:
        """List, and list again each second."""
        table = self.query_one("#runs", RunsTable)
        table.border_title = titled(f"runs in {self.dashboard.workspace.checkpoints}")
        self.query_one("#no-runs", Static).update(
            "No runs yet.\n\nPress [b]n[/b] to set up the first one, [b]?[/b] for all keys.\n\n"
            f"They will live in {escape(printable(self.dashboard.workspace.checkpoints))}."
        )
        self.refresh_runs()
        self.set_interval(1.0, self.refresh_runs)

    def on_screen_resume(self) -> None:
        """Be up to date when another screen closes."""
        if self.is_mounted:
            self.refresh_runs()

    def on_resize(self) -> None:
        """As many columns, and as much of a name, as there is room for."""
        if self.is_mounted:
            self.refresh_runs()

    def refresh_runs(self) -> None:
        """Read what changed and show it; the cursor stays on its run."""
        if self.app.screen is not self:
            return
        runs = all_runs(self.dashboard.workspace.checkpoints)
        table = self.query_one("#runs", RunsTable)
        table.display, self.query_one("#no-runs").display = bool(runs), not runs
        columns = [name for name in COLUMNS if self.size.width >= LEFT_OUT.get(name, 0)]
        if (self.size.width, [run.folder for run in runs]) != (self._laid_out_for, [run.folder for run in self._shown]):
            own, known = self.dashboard.trainer.run, [run.folder for run in self._shown]
            chosen, self._laid_out_for = self.chosen, self.size.width
            if own is not None and known and own.folder not in known:  # the run that was just set up here
                chosen = own
            table.clear(columns=True)
            for name in columns:
                table.add_column(name, key=name)
            for run in runs:
                table.add_row(*(self._row(run)[name] for name in columns), key=str(run.folder))
            self._shown = runs
            if chosen in runs:
                table.move_cursor(row=runs.index(chosen))
        else:
            for run in runs:
                row = self._row(run)
                for column in columns:
                    value = row[column]
                    if table.get_cell(RowKey(str(run.folder)), column) != value:  # type: ignore[arg-type]
                        table.update_cell(str(run.folder), column, value)
        self._offer()

    def _offer(self) -> None:
        """Renew the footer, where the keys that can be used changed."""
        chosen, own = self.chosen, self.dashboard.trainer
        problem = self.state(chosen).problem if chosen else ""
        said = problem or ("★ trains in this dashboard" if own.active else "")
        self.query_one("#runs", RunsTable).border_subtitle = titled(said)
        offered = (chosen, self.word(chosen) if chosen else "")
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()

    def state(self, run: Run) -> RunState:
        """The run's state, read again only where its log grew."""
        try:
            stat = run.events_file.stat()
        except OSError:
            return run.read()  # which says why
        stamp = (stat.st_size, stat.st_mtime_ns)
        cached = self._read.get(run.name)
        if cached is None or cached[0] != stamp:
            cached = self._read[run.name] = (stamp, summary(run))
        return cached[1]

    def word(self, run: Run) -> str:
        """The run's status in one word."""
        return status_word(self.state(run), self.dashboard.is_alive(run))

    def _row(self, run: Run) -> dict[str, Text]:
        state, roomy = self.state(run), self.size.width >= 100
        best = epoch = test = Text("–", style="dim")
        if state.early is not None:
            value = amount(state.early.metric, state.early.best)
            named = f"{metric_name(state.early.metric)} {value}"
            best = Text(named if roomy or len(named) <= SHORT else value)
        if len(state.steps):
            epoch = Text(f"{state.epoch}/{state.steps[-1].epochs}")
        if "test" in state.evaluations:
            test = Text(cell("accuracy", state.evaluations["test"], counted=roomy))
        age = ago(time.time() - state.updated) if state.updated else "–"
        word = self.word(run)
        status = status_text(word)
        if word in LIVE and self.dashboard.is_stopping(run):
            status = Text("■ stopping…", style=WARN)
        mark = " ★" if self.dashboard.trainer.active and self.dashboard.trainer.owns(run) else ""
        name = Text(shortened(printable(run.name), max(15, self.size.width - 56)) + mark)
        return {"Run": name, "Status": status, "Best": best, "Epoch": epoch, "Test": test,
                "Age": Text(age, style="dim")}  # fmt: skip

    @property
    def chosen(self) -> Run | None:
        """The run under the cursor."""
        row = self.query_one("#runs", RunsTable).cursor_row
        return self._shown[row] if 0 <= row < len(self._shown) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys for a run need a run; only one that ended without finishing can be resumed."""
        if action in ("open", "delete", "resume") and self.is_mounted:
            run = self.chosen
            if run is None:
                return False
            if action == "resume":
                return self.word(run) in ("interrupted", "stopped", "failed")
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
            self.dashboard.watch_run(run)

    def action_new(self) -> None:
        """Open the form for a new run."""
        self.app.push_screen(LaunchScreen())

    def action_data(self) -> None:
        """Look at films."""
        self.app.push_screen(DataScreen())

    def action_weights(self) -> None:
        """Look at the shelf of initial weights."""
        self.app.push_screen(WeightsScreen())

    def action_resume(self) -> None:
        """Go on with the run."""
        if run := self.chosen:
            self.dashboard.resume(run)

    def action_classify(self) -> None:
        """Classify films."""
        self.app.push_screen(ClassifyScreen(self.chosen))

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
            self.refresh_runs()
