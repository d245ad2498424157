"""Monitor: one run, folded from its log, whoever writes it; every key becomes a command in its folder."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.message import Message
from textual.widgets import Static

from cxrtui.errors import EXIT_FAULT, CxrtuiError, MovedError, OtherFilmsError
from cxrtui.printable import printable, printable_lines
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.runs.state import RunState, fold_all, with_problem
from cxrtui.runs.tail import EventTail
from cxrtui.tui import threads
from cxrtui.tui.classify.screen import ClassifyScreen
from cxrtui.tui.keys import bindings
from cxrtui.tui.monitor.curves import Curves
from cxrtui.tui.monitor.facts import Facts
from cxrtui.tui.monitor.log import LogPanel
from cxrtui.tui.page import Page
from cxrtui.tui.widgets.early import EarlyPanel
from cxrtui.tui.widgets.results import Results
from cxrtui.tui.widgets.status import StatusPanel, status_word

POLL_SECONDS = 0.2
DRAW_SECONDS = 0.25
DRAW_SHARE = 0.1  # of the time at most is spent on curves; the training needs the cores
DRAW_MOST = 2.0

PENDING = {"pause": "pausing…", "resume": "going on…", "checkpoint": "saving…", "stop": "stopping…"}
ANSWERS: dict[str, tuple[type[ev.Event], ...]] = {
    "pause": (ev.Paused, ev.Stopped, ev.Failed),
    "resume": (ev.Resumed, ev.Stopped, ev.Failed),
    "checkpoint": (ev.CheckpointSaved, ev.Stopped, ev.Failed),
    "stop": (ev.Stopped, ev.Failed),
}
VIEWS = ("all", "curves", "log")
SETTLED = ("finished", "stopped", "failed", "interrupted", "unreadable", "empty", "reading", "")
"""Words of a run that takes no commands."""


class Loaded(Message):
    """The log so far was read and folded."""

    def __init__(self, tail: EventTail, state: RunState) -> None:
        super().__init__()
        self.tail, self.state = tail, state


class MonitorScreen(Page):
    """Watches `run` and steers it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("monitor", "everywhere")
    AUTO_FOCUS = "#log"
    sections = ("monitor", "everywhere", "chart")

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        self.where = f"Monitor · {run.name}"
        self.state = RunState()
        self.pending = ""
        self.alive = False
        self._tail: EventTail | None = None
        self._drawn: tuple[int, int, int] | None = None
        self._next_draw = 0.0
        self._word = self._failure = ""
        self._offered = ("", False)

    def compose_body(self) -> ComposeResult:
        """Status, curves, early stopping, results, log."""
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
        """Read the log so far off the UI's thread, then poll."""
        self.add_class("-view-all")
        self.alive = self.dashboard.is_alive(self.run)
        self._show()
        threads.start("read log", self._load)
        self.set_interval(POLL_SECONDS, self._poll)
        self.set_interval(1.0, self._check_alive)

    def _load(self) -> None:
        tail = self.run.tail()
        state = with_problem(fold_all(tail.poll()), tail.problem)
        self.post_message(Loaded(tail, state))

    def on_loaded(self, message: Loaded) -> None:
        """From here on the log is followed."""
        self._tail, self.state, self._next_draw = message.tail, message.state, 0.0
        self._show()

    def _check_alive(self) -> None:
        self.alive = self.dashboard.is_alive(self.run)

    def _poll(self) -> None:
        """Fold what the run wrote since the last look."""
        fresh = self._tail.poll() if self._tail is not None else []
        self.state = with_problem(self.state, self._tail.problem if self._tail is not None else "")
        if fresh:
            self.state = fold_all(fresh, self.state)
            if self.pending and any(isinstance(event, ANSWERS[self.pending]) for event in fresh):
                self.pending = ""
            if any(isinstance(event, (ev.RunStarted, ev.Stopped, ev.Failed, ev.Resumed)) for event in fresh):
                self._check_alive()
        elif self.pending and not self.alive and not self.dashboard.is_alive(self.run):
            self.pending = ""
        self._show()

    def _show(self) -> None:
        word = status_word(self.state, self.alive) if self._tail is not None else "reading"
        stopping = "stop" if not self.pending and self.alive and self.dashboard.is_stopping(self.run) else ""
        self.query_one(StatusPanel).show(self.state, word, PENDING.get(self.pending or stopping, ""))
        self.query_one(EarlyPanel).show(self.state)
        self.query_one(Results).show(self.state)
        self.query_one(Facts).show(self.state)
        self.query_one(LogPanel).show(self.state)
        self.set_class(self.state.early is None, "-waiting")
        self.set_class(bool(self.state.evaluations), "-judged")
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
            if failed.traceback and failed.exit_code == EXIT_FAULT:  # of no use where what the user gave is wrong
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
        """The curves, a few times a second at most and only where something is new."""
        state = self.state
        began = time.monotonic()
        shape = (len(state.steps), len(state.validations), self.query_one("#loss", Curves).columns)
        resized = self._drawn is None or self._drawn[2] != shape[2]
        hurried = not resized and began < self._next_draw
        if shape == self._drawn or hurried:
            return
        self._drawn, self._next_draw = shape, began + DRAW_SECONDS
        loss = ((item.step, item.loss) for item in state.steps)
        accuracy = ((item.step, item.accuracy) for item in state.steps)
        self.query_one("#loss", Curves).show(loss, _validation(state, "loss"))
        self.query_one("#accuracy", Curves).show(accuracy, _validation(state, "accuracy"))
        if len(state.steps) and shape[2]:
            self.call_after_refresh(self._drawn_since, began)

    @on(Curves.Resized)
    def _redraw(self) -> None:
        """Draw at once for another size."""
        self._drawn = None
        self._draw()

    def _drawn_since(self, began: float) -> None:
        """Long curves on large screens are drawn less often."""
        now = time.monotonic()
        self._next_draw = max(self._next_draw, now + min(DRAW_MOST, (now - began) / DRAW_SHARE))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now is offered."""
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
        """Pause, or let a paused run go on."""
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
        """Go on from the checkpoint, in this dashboard."""
        self.dashboard.resume(self.run)
        self._check_alive()
        self._show()

    def action_classify(self) -> None:
        """Classify with this run."""
        self.app.push_screen(ClassifyScreen(self.run))

    def action_view(self) -> None:
        """Give the room to another part."""
        current = next(view for view in VIEWS if self.has_class(f"-view-{view}"))
        following = VIEWS[(VIEWS.index(current) + 1) % len(VIEWS)]
        self.remove_class(f"-view-{current}")
        self.add_class(f"-view-{following}")
        self._drawn = None

    def action_back(self) -> None:
        """Back to the runs; the run goes on."""
        self.dismiss()


def _validation(state: RunState, metric: str) -> Iterable[tuple[int, float]]:
    return ((item.step, item.metrics.get(metric, float("nan"))) for item in state.validations)
