"""The Compare screen: the curves of up to eight runs, what differs between them, and their results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.widgets import DataTable, Static

from cxrtui.evaluation.comparison.compare import SPLITS, Comparison
from cxrtui.evaluation.comparison.texts import footnotes
from cxrtui.printable import printable
from cxrtui.runs.compare import LEAST, MOST
from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Snapshot
from cxrtui.runs.status import status_word
from cxrtui.tui.compare.curves import Curves
from cxrtui.tui.compare.reading import Comparing, Logs
from cxrtui.tui.compare.tables import ResultsTable, SettingsTable
from cxrtui.tui.keys import bindings, key_of
from cxrtui.tui.page import COMFORTABLE, NARROW, Page
from cxrtui.tui.questions import Notice
from cxrtui.tui.routes import OpenMonitor
from cxrtui.tui.theme import WARN
from cxrtui.tui.watch import Seen, Watch
from cxrtui.tui.widgets.charts.actions import ChartActions
from cxrtui.tui.widgets.charts.chart import Chart
from cxrtui.tui.widgets.charts.curves import METRICS
from cxrtui.tui.widgets.charts.pace import Pace

POLL_SECONDS = 0.5
COMPARE_SECONDS = 0.3
BROAD = 150  # columns from which what differs stands beside curves and results
VIEWS = ("all", "curves", "results", "settings")


class CompareScreen(ChartActions, Page[None]):
    """Compares `runs`; the first one is the reference at first."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("compare", "everywhere", "chart")
    AUTO_FOCUS = "#compare-results"
    HORIZONTAL_BREAKPOINTS = [*Page.HORIZONTAL_BREAKPOINTS, (BROAD, "-broad")]  # noqa: RUF012
    sections = ("compare", "everywhere", "chart")

    def __init__(self, runs: Sequence[Run]) -> None:
        super().__init__()
        runs = tuple(dict.fromkeys(runs))[:MOST]
        self.runs: tuple[Run, ...] = runs
        self.reference = runs[0]
        self.places = {run: place for place, run in enumerate(runs)}
        self.snapshots: tuple[Snapshot, ...] = ()
        self.comparison: Comparison | None = None
        self.where = f"Compare · {len(runs)} runs"
        self._logs, self._comparing = Logs(runs), Comparing()
        self._logs_watch = Watch(self, self._logs.looks, POLL_SECONDS)
        self._comparing_watch = Watch(self, self._comparing.looks, COMPARE_SECONDS)
        self._curves = Curves(self.places)
        self._metric, self._metric_chosen = "loss", False
        self._split = SPLITS[0]
        self._training = False
        self._view = VIEWS[0]
        self._undrawn, self._pace = True, Pace()

    def compose_body(self) -> ComposeResult:
        """Put what to beware of above the curves, the results and what differs."""
        yield Static(id="compare-remarks", markup=False)
        with Container(id="compare-board"):
            with Vertical(id="compare-main"):
                yield Chart("loss", id="compare-chart", empty="no validation yet")
                yield ResultsTable(id="compare-results")
            yield SettingsTable(id="compare-settings")

    def on_mount(self) -> None:
        """Start the threads that read and compare."""
        self.add_class("-compare-all")
        self._logs_watch.start("read compared logs")
        self._comparing_watch.start("compare runs")

    def on_unmount(self) -> None:
        """Stop both."""
        self._logs_watch.stop()
        self._comparing_watch.stop()

    def on_screen_suspend(self) -> None:
        """Read nothing while another screen is in front."""
        self._logs_watch.pause()

    def on_screen_resume(self) -> None:
        """Read again."""
        self._logs_watch.look_now()

    def on_resize(self) -> None:
        """Fit the texts to the new width."""
        self._show_remarks()
        self.call_after_refresh(self._show_results)
        self.refresh_bindings()

    @on(Seen)
    def _seen(self, message: Seen) -> None:
        """Show what one of the threads has found."""
        found = message.watch.take()
        if found is None:
            return
        if isinstance(found, Comparison):
            if found.runs[found.reference].run == self.reference and {item.run for item in found.runs} == {*self.runs}:
                self.comparison = found
                self._show_comparison()
            return
        self.snapshots = tuple(item for item in found if item.run in self.runs)
        if all(item.read for item in self.snapshots):
            self._compare()
        self._choose_metric()
        self._show_results()
        self._undrawn |= self._curves.take(self.snapshots)
        if self._undrawn and self._pace.is_due():
            self.redraw_charts()

    def _compare(self) -> None:
        """Have the runs compared, if all were read and something has changed."""
        runs = [item.run for item in self.snapshots]
        if self.reference in runs:
            self._comparing.want(self.snapshots, runs.index(self.reference))

    def _choose_metric(self) -> None:
        """Show at first the metric that all runs watch."""
        watched = {str(item.state.config.get("stop", {}).get("metric", "loss")) for item in self.snapshots}
        if not self._metric_chosen and all(item.read for item in self.snapshots):
            self._metric_chosen = True
            self._metric = watched.pop() if len(watched) == 1 and watched <= METRICS.keys() else "loss"

    def _word(self, item: Snapshot) -> str:
        return status_word(item.state, item.alive or self.dashboard.trains(item.run)) if item.read else "reading"

    def _show_comparison(self) -> None:
        found = self.comparison
        if found is None:
            return
        if self._split not in found.results and found.results:
            self._split = next(iter(found.results))
        self.query_one(SettingsTable).show(found, self.places, self.chart_options.mode)
        self._show_results()
        self._show_remarks()
        self.refresh_bindings()

    def _show_results(self) -> None:
        table, found = self.query_one(ResultsTable), self.comparison
        if self.snapshots:
            table.show(self.snapshots, found, self._split, self.places, self.chart_options.mode, self._word)

    def _show_remarks(self) -> None:
        """Show the worst of what to beware of, on two lines at most, and how to read all of it."""
        line = self.query_one("#compare-remarks", Static)
        remarks = self.comparison.remarks if self.comparison is not None else ()
        line.display = bool(remarks)
        if not remarks:
            return
        more = f" ({key_of('compare', 'remarks')}: all {len(remarks)})" if len(remarks) > 1 else ""
        text, room = f"! {remarks[0]}", 2 * (self.size.width - 4) - 12
        if cell_len(text) + len(more) > room:
            more = more or f" ({key_of('compare', 'remarks')}: all of it)"
            text = f"{text[: room - len(more)].rstrip()}…"
        line.update(Text(text + more, style=WARN))

    def redraw_charts(self) -> None:
        """Give the chart its curves."""
        chart = self.query_one(Chart)
        if not chart.display or not self.snapshots:
            return
        self._undrawn, begin = False, self._pace.begin()
        epochs, metric = self.chart_options.epochs, METRICS[self._metric]
        chosen = self.query_one(ResultsTable).chosen
        chart.show(
            self._curves.lines(self.runs, self._metric, epochs=epochs, training=self._training),
            self._curves.marks(chosen, epochs=epochs) if chosen in self.runs and chosen is not None else (),
            settled=self._curves.settled(self.runs, epochs=epochs),
            title=f"validation {metric.title}" if metric.validated else metric.title,
            percent=metric.percent, floor=metric.floor, ceiling=metric.ceiling,
        )  # fmt: skip
        self.call_after_refresh(self._pace.end, begin)

    @on(DataTable.RowHighlighted, "#compare-results")
    def _another_run(self) -> None:
        self.redraw_charts()

    @on(DataTable.RowHighlighted, "#compare-settings")
    def _another_setting(self) -> None:
        self.query_one(SettingsTable).explain()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer keys for a run where the list of runs is seen, and the warnings if there are some."""
        if not self.is_mounted:
            return True
        if action in ("open", "leave_out", "reference"):
            return self._results_seen and self.query_one(ResultsTable).chosen is not None
        if action == "remarks":
            return self.comparison is not None
        return True

    @property
    def _small(self) -> bool:
        """Whether only one part fits at a time."""
        return self.size.height < COMFORTABLE or self.size.width < NARROW

    @property
    def _results_seen(self) -> bool:
        return self._view == "results" or (self._view == "all" and not self._small)

    def action_open(self) -> None:
        """Open the run under the cursor in the monitor."""
        if (run := self.query_one(ResultsTable).chosen) is not None:
            self.go(OpenMonitor(run))

    def action_leave_out(self) -> None:
        """Take the run under the cursor out of the comparison."""
        run = self.query_one(ResultsTable).chosen
        if run is None:
            return
        if len(self.runs) <= LEAST:
            self.notify(f"A comparison needs {LEAST} runs.", title="Compare")
            return
        self._logs.leave_out(run)
        self.runs = tuple(item for item in self.runs if item != run)
        self.snapshots = tuple(item for item in self.snapshots if item.run != run)
        if run == self.reference:
            self.reference = self.runs[0]
        self.where = f"Compare · {len(self.runs)} runs"
        self._changed()

    def action_reference(self) -> None:
        """Compare the other runs with the one under the cursor."""
        run = self.query_one(ResultsTable).chosen
        if run is not None and run != self.reference:
            self.reference = run
            self.notify(f"The others are compared with {printable(run.name)}.", timeout=2, markup=False)
            self._changed()

    def _changed(self) -> None:
        """Compare and draw anew because the user chose other runs."""
        self.comparison = None
        self._compare()
        self._comparing_watch.look_now()
        self._show_results()
        self.redraw_charts()

    def action_metric(self) -> None:
        """Show the next metric."""
        names = list(METRICS)
        self._metric = names[(names.index(self._metric) + 1) % len(names)]
        self.redraw_charts()

    def action_training(self) -> None:
        """Show the curves of the training split behind those of the validation split, or hide them."""
        self._training = not self._training
        self.redraw_charts()

    def action_split(self) -> None:
        """Show the results on the films of the next split."""
        splits = list(self.comparison.results) if self.comparison is not None else []
        if self._split in splits:
            self._split = splits[(splits.index(self._split) + 1) % len(splits)]
            self._show_results()

    def action_drawing(self) -> None:
        """Draw in Braille, in blocks or in ASCII, in turn; the markers in the tables too."""
        super().action_drawing()
        self._show_comparison()

    def action_view(self) -> None:
        """Show all parts, only the curves, only the results, or only what differs, in turn."""
        views = VIEWS[1:] if self._small else VIEWS
        current = "curves" if self._small and self._view == "all" else self._view
        self.remove_class(f"-compare-{self._view}")
        self._view = views[(views.index(current) + 1) % len(views)]
        self.add_class(f"-compare-{self._view}")
        seen = {"curves": "#compare-chart", "settings": "#compare-settings"}.get(self._view, "#compare-results")
        self.query_one(seen).focus()
        self.refresh_bindings()
        self.call_after_refresh(self.redraw_charts)

    def action_remarks(self) -> None:
        """Show all that speaks against the comparison, and how its numbers were made."""
        found = self.comparison
        if found is not None:
            notes = footnotes(found, self._split)
            parts = [*(f"! {remark}" for remark in found.remarks), *notes]
            self.app.push_screen(Notice("To beware of" if found.remarks else "How to read it", "\n\n".join(parts)))

    def action_back(self) -> None:
        """Go back."""
        self.dismiss()
