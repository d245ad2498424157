"""The Monitor screen: it shows one run from its log, and its keys write commands into the run's folder."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import ClassVar

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.widgets import Static

from cxrtui.errors import EXIT_FAULT, CxrtuiError, MovedError, OtherFilmsError
from cxrtui.printable import printable, printable_lines
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Follower, Snapshot
from cxrtui.runs.reading import News
from cxrtui.runs.state import RunState
from cxrtui.tui.keys import bindings
from cxrtui.tui.monitor.curves import Array, Curves
from cxrtui.tui.monitor.facts import Facts
from cxrtui.tui.monitor.log import LogPanel
from cxrtui.tui.page import Page
from cxrtui.tui.routes import OpenClassify, ResumeRun
from cxrtui.tui.watch import Seen, Watch
from cxrtui.tui.widgets.early import EarlyPanel
from cxrtui.tui.widgets.results import Results
from cxrtui.tui.widgets.status import StatusPanel, status_word

POLL_SECONDS = 0.2
DRAW_SECONDS = 0.25
DRAW_SHARE = 0.1  # largest fraction of the time that is spent on curves; the training needs the cores
DRAW_MOST = 2.0

PENDING = {"pause": "pausing…", "resume": "going on…", "checkpoint": "saving…", "stop": "stopping…"}
ANSWERS: dict[str, News] = {
    "pause": frozenset((ev.Paused, ev.Stopped, ev.Failed)),
    "resume": frozenset((ev.Resumed, ev.Stopped, ev.Failed)),
    "checkpoint": frozenset((ev.CheckpointSaved, ev.Stopped, ev.Failed)),
    "stop": frozenset((ev.Stopped, ev.Failed)),
}
VIEWS = ("all", "curves", "log")
SETTLED = ("finished", "stopped", "failed", "interrupted", "unreadable", "empty", "reading", "")
"""Status words of a run that takes no commands."""


class MonitorScreen(Page[None]):
    """Shows `run` and steers it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("monitor", "everywhere")
    AUTO_FOCUS = "#log"
    sections = ("monitor", "everywhere", "chart")

    def __init__(self, run: Run, pending: str = "") -> None:
        """Watch `run`; `pending` is a command that it has not answered yet."""
        super().__init__()
        self.run = run
        self.where = f"Monitor · {run.name}"
        self.state = RunState()
        self.pending = pending
        self.alive = False
        self._read = self._stopping = False
        self._watch = Watch(self, self._looks, POLL_SECONDS, Snapshot.after)
        self._follower = Follower(run)
        self._drawn: tuple[int, int, int] | None = None
        self._next_draw = 0.0
        self._word = self._failure = ""
        self._offered = ("", False)

    def compose_body(self) -> ComposeResult:
        """Put status, failure, curves, early stopping, results, facts and log."""
        yield StatusPanel(id="status")
        yield Static(id="failure", classes="box", markup=False)
        with Container(id="board"):
            yield Curves("loss", id="loss")
            yield Curves("accuracy", percent=True, id="accuracy")
            with Vertical(id="side"):
                yield EarlyPanel(id="early")
                yield Results(id="results")
                yield Facts(id="facts")
            yield LogPanel(id="log")

    def on_mount(self) -> None:
        """Start a thread that reads and follows the log."""
        self.add_class("-view-all")
        self.alive = self.dashboard.is_alive(self.run)
        self._show()
        self._watch.start("read log")

    def on_unmount(self) -> None:
        """Stop reading."""
        self._watch.stop()

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
        snapshot = message.watch.take()
        if snapshot is None:
            return
        self.state, self._stopping = snapshot.state, snapshot.stopping
        self.alive = snapshot.alive or self.dashboard.trains(self.run)
        if snapshot.read and not self._read:
            self._read, self._next_draw = True, 0.0
        ended = not (snapshot.news or self.alive)
        if self.pending and (ended or snapshot.news & ANSWERS[self.pending]):
            self.pending = ""
        self._show()

    def _show(self) -> None:
        word = status_word(self.state, self.alive) if self._read else "reading"
        told = self._stopping or self.dashboard.stops(self.run)
        stopping = "stop" if not self.pending and self.alive and told else ""
        self.query_one(StatusPanel).show(self.state, word, PENDING.get(self.pending or stopping, ""))
        self.query_one(EarlyPanel).show(self.state)
        self.query_one(Results).show(self.state)
        self.query_one(Facts).show(self.state)
        if self._read:  # only the last lines are shown, so the log must be read to its end first
            self.query_one(LogPanel).show(self.state)
        self.set_class(self.state.early is None, "-waiting")
        self.set_class(bool(self.state.evaluations), "-evaluated")
        offered = (word, self.state.checkpoint is not None)
        if offered != self._offered:
            self._word, self._offered = word, offered
            self.refresh_bindings()
        self._show_failure()
        self._draw()

    def _show_failure(self) -> None:
        panel = self.query_one("#failure", Static)
        failed, trainer = self.state.failed, self.dashboard.trainer
        text = ""
        if failed is not None and self._word == "failed":
            text = failed.message
            if failed.traceback and failed.exit_code == EXIT_FAULT:  # it does not help with an error of the user
                text += f"\nTraceback: {printable(self.run.folder / failed.traceback)}"
            if failed.error in (MovedError.__name__, OtherFilmsError.__name__):
                text += "\nOr here: r asks where they lie now."
        elif trainer.owns(self.run) and trainer.problem:
            text = printable_lines(trainer.problem)
        elif self._word == "interrupted":
            text = "No process writes this run any more. r goes on from its last checkpoint."
        elif self._word == "unreadable":
            text = self.state.problem
        panel.display = bool(text)
        self.set_class(bool(text), "-broken")
        panel.border_title = {"interrupted": "interrupted", "unreadable": "cannot be read"}.get(self._word, "failed")
        if text != self._failure:
            self._failure = text
            panel.update(text)

    def _draw(self) -> None:
        """Draw the curves, a few times a second at most and only if something is new."""
        state = self.state
        began = time.monotonic()
        shape = (len(state.steps), len(state.validations), self.query_one("#loss", Curves).columns)
        resized = self._drawn is None or self._drawn[2] != shape[2]
        hurried = not resized and began < self._next_draw
        if shape == self._drawn or hurried:
            return
        self._drawn, self._next_draw = shape, began + DRAW_SECONDS
        for name in ("loss", "accuracy"):
            self.query_one(f"#{name}", Curves).show(*_training(state, name), *_validation(state, name))
        if len(state.steps) and shape[2]:
            self.call_after_refresh(self._drawn_since, began)

    @on(Curves.Resized)
    def _redraw(self) -> None:
        """Draw the curves at once for another size."""
        self._drawn = None
        self._draw()

    def _drawn_since(self, began: float) -> None:
        """Delay the next drawing by the time that this one took, because long curves on large screens take long."""
        now = time.monotonic()
        self._next_draw = max(self._next_draw, now + min(DRAW_MOST, (now - began) / DRAW_SHARE))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the actions that are possible now."""
        if action in ("pause", "checkpoint", "stop"):
            return self._word not in SETTLED
        if action == "resume":
            return self._word in ("stopped", "failed", "interrupted")
        if action == "classify":
            return self.state.checkpoint is not None
        return True

    def _command(self, command: str) -> None:
        try:
            self.run.command(command)
        except CxrtuiError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.pending = command
        self._show()

    def action_pause(self) -> None:
        """Pause the run, or let a paused run go on."""
        paused = self.pending == "pause" or (self.state.status == "paused" and self.pending != "resume")
        self._command("resume" if paused else "pause")

    def action_checkpoint(self) -> None:
        """Save a checkpoint."""
        self._command("checkpoint")

    def action_stop(self) -> None:
        """Save a checkpoint and stop."""
        self._command("stop")
        self.notify("The run saves a checkpoint and stops; r goes on with it later.", title="Stopping")

    def action_resume(self) -> None:
        """Resume the run from its checkpoint, in this dashboard."""
        self.go(ResumeRun(self.run))

    def expect(self, command: str) -> None:
        """Show that the run has not yet answered `command`, which the application has given."""
        self.pending = command
        self.alive = self.dashboard.is_alive(self.run)
        self._show()

    def action_classify(self) -> None:
        """Classify with this run."""
        self.go(OpenClassify(self.run))

    def action_view(self) -> None:
        """Show all panels, only the curves, or only the log, in turn."""
        current = next(view for view in VIEWS if self.has_class(f"-view-{view}"))
        following = VIEWS[(VIEWS.index(current) + 1) % len(VIEWS)]
        self.remove_class(f"-view-{current}")
        self.add_class(f"-view-{following}")
        self._drawn = None

    def action_back(self) -> None:
        """Go back to the runs; the run goes on."""
        self.dismiss()


def _training(state: RunState, metric: str) -> tuple[Array, Array]:
    """Return step numbers and values of `metric` on the training split, both ``[steps]``."""
    steps = state.steps
    return np.asarray(steps.column("step"), dtype=np.float64), np.asarray(steps.column(metric), dtype=np.float64)


def _validation(state: RunState, metric: str) -> tuple[Array, Array]:
    """Return step numbers and values of `metric` on the validation split, both ``[validations]``."""
    steps = [item.step for item in state.validations]
    values = [item.metrics.get(metric, math.nan) for item in state.validations]
    return np.array(steps, dtype=np.float64), np.array(values, dtype=np.float64)
