"""The Monitor screen: it shows one run from its log, and its keys write commands into the run's folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical

from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Follower, Snapshot
from cxrtui.runs.state import RunState
from cxrtui.runs.status import status_word
from cxrtui.tui import memory
from cxrtui.tui.keys import bindings, key_of
from cxrtui.tui.monitor.facts import Facts
from cxrtui.tui.monitor.failure import FailurePanel, failure_text, messages, smaller_of
from cxrtui.tui.monitor.log_search import LogBox
from cxrtui.tui.monitor.overlay import Others, OverlayScreen
from cxrtui.tui.monitor.pending import Pending
from cxrtui.tui.monitor.resources import Resources
from cxrtui.tui.monitor.scores import Confusion, Histogram, Roc, ScorePanel
from cxrtui.tui.monitor.steering import SETTLED, SteeringActions
from cxrtui.tui.monitor.ways import WaysOut
from cxrtui.tui.page import Page
from cxrtui.tui.questions import Notice
from cxrtui.tui.watch import Seen, Watch
from cxrtui.tui.widgets.charts.actions import ChartActions
from cxrtui.tui.widgets.charts.chart import Chart
from cxrtui.tui.widgets.charts.curves import CHOSEN, METRICS, RunCurves
from cxrtui.tui.widgets.charts.pace import Pace
from cxrtui.tui.widgets.early import EarlyPanel
from cxrtui.tui.widgets.results import Results
from cxrtui.tui.widgets.status import StatusPanel

POLL_SECONDS = 0.2
DRAW_SECONDS = 0.25
OTHERS_SECONDS = 2.0

ROOMY = 100  # columns from which remarks in the line of the status are whole
BROAD = 170  # columns from which early stopping and facts stand beside the curves, which stay wider than on 110
VIEWS = ("all", "curves", "charts", "scores", "log")


class MonitorScreen(SteeringActions, ChartActions, WaysOut):
    """Shows `run` and steers it."""

    place = "Monitor"
    BINDINGS: ClassVar[list[BindingType]] = bindings("monitor", "everywhere", "chart")
    AUTO_FOCUS = "#log"
    HORIZONTAL_BREAKPOINTS = [*Page.HORIZONTAL_BREAKPOINTS, (BROAD, "-broad")]  # noqa: RUF012
    sections = ("monitor", "everywhere", "chart")

    def __init__(self, run: Run, pending: str = "") -> None:
        """Watch `run`; `pending` is a command that it has not answered yet."""
        super().__init__()
        self.run = run
        self.where = f"Monitor · {run.name}"
        self.state = RunState()
        self.pending = Pending(pending)
        self.alive = False
        self._read = self._stopping = self._after_epoch = False
        self._frozen: tuple[float, RunState] | None = None  # since when, and what is shown
        self._others = Others()
        self._others_watch = Watch(self, self._others.read, OTHERS_SECONDS)
        self._watch = Watch(self, self._looks, POLL_SECONDS, Snapshot.after)
        self._follower = Follower(run)
        self._curves = RunCurves()
        self._metric = memory.get("monitor.metric", CHOSEN[0], choices=CHOSEN)
        self._undrawn = True
        self._pace = Pace(DRAW_SECONDS)
        self._word = ""
        self._offered = ("", False, False, False)

    def compose_body(self) -> ComposeResult:
        """Put status, failure, curves, early stopping, results, facts and log."""
        yield StatusPanel(id="status")
        yield FailurePanel(id="failure", classes="box", markup=False)
        with Container(id="board"):
            yield Chart("loss", id="loss")
            yield Chart("accuracy", id="metric")
            yield Chart("learning rate", id="rate", classes="further")
            yield Chart("gradient norm", id="gradient", classes="further")
            yield Chart("AUROC", id="auroc", classes="further extra")
            yield Chart("images per second", id="speed", classes="further extra")
            yield Confusion(id="confusion")
            yield Histogram(id="histogram")
            yield Roc(id="roc")
            yield Resources(id="resources")
            with Vertical(id="side"):
                yield EarlyPanel(id="early")
                yield Results(id="results")
                yield Facts(id="facts")
            yield LogBox(id="logs")

    def on_mount(self) -> None:
        """Start a thread that reads and follows the log."""
        self.add_class("-view-all")
        self.alive = self.dashboard.is_alive(self.run)
        self.show_state()
        self._watch.start("read log")
        self._others_watch.start("read other logs")

    def on_unmount(self) -> None:
        """Stop reading."""
        self._watch.stop()
        self._others_watch.stop()

    def _looks(self, stopped: Callable[[], bool]) -> Iterator[Snapshot]:
        """Yield the run in the reader's thread; a long log is read in several parts."""
        while not stopped():
            end = time.monotonic() + POLL_SECONDS
            snapshot = self._follower.snapshot(lambda end=end: stopped() or time.monotonic() > end)  # type: ignore[misc]
            yield snapshot
            if snapshot.read:
                return

    @on(Seen)
    def _seen(self, message: Seen) -> None:
        """Show what the thread has read."""
        if message.watch is self._others_watch:
            if self._others.take(self._others_watch.take() or ()):
                self._undrawn = True
            self._draw()
            return
        snapshot = self._watch.take()
        if snapshot is None:
            return
        self.state, self._stopping = snapshot.state, snapshot.stopping
        self.alive = snapshot.alive or self.dashboard.trains(self.run)
        followed = self._read  # what the log had before is no answer
        if snapshot.read and not self._read:
            self._read = True
            self._pace.hurry()
        if snapshot.stopping_after_epoch != self._after_epoch:
            self._after_epoch = snapshot.stopping_after_epoch
            self.pending.set("stop-after-epoch", asked=self._after_epoch)
        if followed:
            self.pending.answer(snapshot.news)
        if not (snapshot.news or self.alive):
            self.pending.clear()
        self.show_state()

    @property
    def shown(self) -> RunState:
        """The state that the panels show: the latest, or an earlier one while the view is frozen."""
        return self.state if self._frozen is None else self._frozen[1]

    def show_state(self) -> None:
        """Show the state of the run, and the commands that it has not answered yet."""
        state = self.shown
        word = status_word(self.state, self.alive) if self._read else "reading"
        if self.alive and (self._stopping or self.dashboard.stops(self.run)):
            self.pending.set("stop", asked=True)
        self.query_one(StatusPanel).show(self.state, word, self.pending.text, self._remarks())
        self.query_one(EarlyPanel).show(state)
        self.query_one(Results).show(state)
        self.query_one(Facts).show(state)
        self._show_scores()
        if self._read:  # only the last lines are shown, so the log must be read to its end first
            self.query_one(LogBox).show(state)
        self.set_class(state.early is None, "-waiting")
        self.set_class(bool(state.evaluations), "-evaluated")
        self.set_class(state.stopped is not None and not state.evaluations, "-halted")
        offered = (word, self.state.checkpoint is not None, "resume" in self.pending, bool(self.state.evaluations))
        if offered != self._offered:
            self._word, self._offered = word, offered
            self.refresh_bindings()
        self._show_failure()
        self._draw()

    def _remarks(self) -> list[str]:
        """Return what must be seen in the line of the status."""
        found = []
        roomy = self.size.width >= ROOMY
        if self._frozen is not None:
            since = time.strftime("%H:%M:%S", time.localtime(self._frozen[0]))
            key = key_of("monitor", "freeze")
            found.append(f"‖ view frozen at {since}, {key} goes on" if roomy else f"‖ view frozen, {key} goes on")
        if self.state.problem:
            key = key_of("monitor", "messages")
            found.append(f"! the log cannot be read ({key})" if roomy else f"! log ({key})")
        if count := len(self.state.said):
            key = key_of("monitor", "messages")
            found.append(f"! {count} warning{'s' * (count != 1)} ({key})" if roomy else f"! {count} ({key})")
        return found

    def _show_scores(self) -> None:
        if self.has_class("-view-scores"):
            for panel in self.query(ScorePanel):
                panel.show(self.shown, self.chart_options.mode)
            self.query_one(Resources).show(self.shown)

    def _show_failure(self) -> None:
        trainer = self.dashboard.trainer
        problem = trainer.problem if trainer.owns(self.run) else ""
        text = failure_text(self.run, self.state, self._word, problem)
        self.query_one(FailurePanel).show(text, self._word)
        self.set_class(bool(text), "-broken")

    def _draw(self) -> None:
        """Draw the curves, a few times a second at most and only if something is new."""
        if self._curves.take(self.shown):
            self._undrawn = True
        written = self.dashboard.written
        if not self._undrawn or not self._pace.is_due(written):
            return
        begin = self._pace.begin(written)
        self.redraw_charts()
        if len(self.shown.steps):
            self.call_after_refresh(self._drawn_since, begin, self.dashboard.written)

    def redraw_charts(self) -> None:
        """Give each chart that is seen its curves, and each view of the last validation its numbers."""
        self._show_scores()
        self._undrawn = False
        epochs = self.chart_options.epochs
        marks, settled = self._curves.marks(epochs=epochs), self._curves.settled(epochs=epochs)
        span = self._others.span(self._curves.span(epochs=epochs), epochs=epochs)
        for chart in self.charts():
            if chart.display:
                name = self._metric if chart.id == "metric" else str(chart.id)
                metric = METRICS[name]
                lines = self._curves.lines(name, epochs=epochs) + self._others.lines(name, epochs=epochs)
                chart.show(lines, marks, settled=settled, span=span, robust=metric.robust, title=metric.title,
                           percent=metric.percent, floor=metric.floor, ceiling=metric.ceiling)  # fmt: skip

    def _drawn_since(self, begin: float, written: int) -> None:
        self._pace.end(begin, self.dashboard.written - written)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the actions that are possible now."""
        if action in ("pause", "checkpoint", "stop", "stop_after_epoch"):
            return self._word not in SETTLED
        if action == "resume":
            return self._word in ("stopped", "failed", "interrupted") and "resume" not in self.pending
        if action == "smaller":
            return self._word == "failed" and bool(smaller_of(self.state))
        if action == "classify":
            return self.state.checkpoint is not None
        if action == "evaluate":
            return bool(self.state.evaluations)
        return True

    def action_view(self) -> None:
        """Show all panels, the two main charts, all charts, the last validation, or only the log, in turn."""
        current = next(view for view in VIEWS if self.has_class(f"-view-{view}"))
        self._see(VIEWS[(VIEWS.index(current) + 1) % len(VIEWS)])

    def _see(self, view: str) -> None:
        for name in VIEWS:
            self.set_class(name == view, f"-view-{name}")
        self.call_after_refresh(self.redraw_charts)

    def action_metric(self) -> None:
        """Show accuracy, AUROC, sensitivity and specificity in turn."""
        self._metric = CHOSEN[(CHOSEN.index(self._metric) + 1) % len(CHOSEN)]
        memory.set("monitor.metric", self._metric)
        self.redraw_charts()

    def action_freeze(self) -> None:
        """Keep what is shown as it is while the run goes on, or follow the run again."""
        self._frozen = (time.time(), self.state) if self._frozen is None else None
        self.set_class(self._frozen is not None, "-frozen")
        self._pace.hurry()
        self.show_state()

    def action_messages(self) -> None:
        """Show the failure, the problem of the log and the warnings, each whole."""
        title, body = messages(self.state, self._word, self.query_one(FailurePanel).text)
        self.app.push_screen(Notice(title, body))

    def action_overlay(self) -> None:
        """Ask which runs are laid over, and lay them over."""

        def answered(runs: list[Run] | None) -> None:
            if runs is not None:
                self._others.choose(runs)
                self._others_watch.look_now()
                self.redraw_charts()

        screen = OverlayScreen(self.dashboard.workspace.checkpoints, self.run, self._others.runs)
        self.app.push_screen(screen, answered)

    def action_search(self) -> None:
        """Search in the log."""
        if not self.query_one(LogBox).display:
            self._see("log")
        self.query_one(LogBox).ask()

    def action_next_match(self) -> None:
        """Show the next place that has what is sought."""
        self.query_one(LogBox).step(1)

    def action_previous_match(self) -> None:
        """Show the place before."""
        self.query_one(LogBox).step(-1)

    def action_back(self) -> None:
        """End the search in the log, or else go back to the runs; the run goes on."""
        if not self.query_one(LogBox).leave():
            self.dismiss()
