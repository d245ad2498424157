"""The question that is asked when a user quits while a run trains here: stop with a checkpoint, or quit at once."""

from __future__ import annotations

import time

from textual import on
from textual.widgets import Button, Static

from cxrtui.errors import EXIT_STOPPED, CxrtuiError
from cxrtui.runs import events as ev
from cxrtui.runs.follow import Follower, Snapshot
from cxrtui.tui.door import titled
from cxrtui.tui.questions import Choice, Question
from cxrtui.tui.trainer import Trainer
from cxrtui.tui.watch import Seen, Watch

GRACE_SECONDS = 2.0


class QuitScreen(Question):
    """Asks how to quit; after "stop" the question stays, and still takes answers, until the run has stopped."""

    def __init__(self, trainer: Trainer) -> None:
        assert trainer.run is not None
        super().__init__(
            f"Run {trainer.run.name} is training",
            "It trains in this dashboard and cannot go on without it. Stopping saves a checkpoint first; the run can be"
            " resumed later.",
            Choice("s", "Stop with checkpoint, then quit", "stop", "primary"),
            Choice("n", "Quit now", "now", "warning"),
            Choice("c", "Cancel", ""),
        )
        self._trainer, self._run = trainer, trainer.run
        self._stopping = False
        self._begun = 0.0
        self._stopped_at = 0.0
        self._watch: Watch[Snapshot] | None = None

    def on_mount(self) -> None:
        """Watch for the end of the run, which may come while the question is open."""
        super().on_mount()
        self.set_interval(0.2, self._notice_end)

    def _notice_end(self) -> None:
        if not (self._stopping or self._trainer.active):
            self.query_one(".dialog").border_title = titled(f"Run {self._run.name} has ended")
            self.query_one(".dialog-text Static", Static).update(
                "Nothing trains here any more: quitting loses nothing."
            )

    def action_answer(self, answer: str) -> None:
        """Stop the run, quit at once, or close the question."""
        if answer == "stop" and not self._stopping:
            self._stopping, self._begun = True, time.monotonic()
            follower = Follower(self._run, from_end=True)  # only new lines of the log can be the answer
            try:
                self._run.command("stop")
            except CxrtuiError:  # a full disk, say; the training is a thread of this process and needs no file
                self._trainer.signal()
            self._watch = Watch(self, lambda stopped: [follower.snapshot(stopped)], 0.1, Snapshot.after)
            self._watch.start("read log")
            self.query(Button).first().disabled = True
            self._wait()
            self.set_interval(0.1, self._wait)
        elif answer == "now":
            self.app.exit(self._trainer.exit_code)
        elif not answer:
            self.dismiss("")

    def on_unmount(self) -> None:
        """Stop reading."""
        if self._watch is not None:
            self._watch.stop()

    @on(Seen)
    def _seen(self, message: Seen) -> None:
        snapshot = message.watch.take()
        if snapshot is not None and snapshot.news & {ev.Stopped, ev.Failed}:
            self._stopped_at = self._stopped_at or time.monotonic()

    def _wait(self) -> None:
        late = self._stopped_at and time.monotonic() - self._stopped_at > GRACE_SECONDS
        if not self._trainer.active or late:
            self.app.exit(EXIT_STOPPED if self._trainer.active else self._trainer.exit_code)
            return
        waited = time.monotonic() - self._begun
        self.query_one(".dialog-text Static", Static).update(
            f"stopping… {waited:.0f} s. The run finishes its step and saves a checkpoint.\n"
            "n quits now: the last checkpoint stays, later steps are lost. c closes this question; the run still stops."
        )
