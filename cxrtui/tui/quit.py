"""The questions that are asked before a run that trains here is left, or what a screen has not written is lost."""

from __future__ import annotations

import time
from collections.abc import Sequence

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
            "Left running, it goes on by itself, and the list of runs shows it. Stopping saves a checkpoint first;"
            " the run can be resumed later.",
            Choice("l", "Leave it running", "leave", "primary"),
            Choice("s", "Stop with checkpoint", "stop"),
            Choice("c", "Cancel", ""),
        )
        self._trainer, self._run = trainer, trainer.run
        self._stopping = self._leaving = False
        self._begun = 0.0
        self._stopped_at = 0.0
        self._watch: Watch[Snapshot] | None = None

    def on_mount(self) -> None:
        """Watch for the end of the run, which may come while the question is open."""
        super().on_mount()
        self.set_interval(0.2, self._notice_end)

    def _notice_end(self) -> None:
        if self._leaving and not self._trainer.active:
            self.app.exit(self._trainer.exit_code)
        elif not (self._stopping or self._trainer.active):
            self.query_one(".dialog").border_title = titled(f"Run {self._run.name} has ended")
            self.query_one(".dialog-text Static", Static).update(
                "Nothing trains here any more: quitting loses nothing."
            )

    def action_answer(self, answer: str) -> None:
        """Leave the run, stop it, quit before it has stopped, or close the question."""
        if answer == "stop" and not self._stopping:
            self._stopping, self._begun = True, time.monotonic()
            follower = Follower(self._run, from_end=True)  # only new lines of the log can be the answer
            try:
                self._run.command("stop")
            except CxrtuiError:  # a full disk, say; the training is a thread of this process and needs no file
                self._trainer.signal()
            self._watch = Watch(self, lambda stopped: [follower.snapshot(stopped)], 0.1, Snapshot.after)
            self._watch.start("read log")
            self._offer_now()
            self._wait()
            self.set_interval(0.1, self._wait)
        elif answer == "leave" and not self._stopping:
            self._leaving = True
            self._trainer.leave()
        elif answer == "leave":
            self.app.exit(self._trainer.exit_code)
        elif not answer:
            self.dismiss("")

    def _offer_now(self) -> None:
        """Replace the first choice, which a run that stops no longer has."""
        self._choices = (Choice("n", "Quit now", "leave"), *self._choices[2:])
        first, second, *_ = self.query(Button)
        first.label, second.disabled = "Quit now (n)", True

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
            "n quits now; the run still saves its checkpoint and stops. c closes this question; the run still stops."
        )


class UnsavedScreen(Question):
    """Asks whether to quit while screens hold what is not written; `held` says what, screen by screen."""

    def __init__(self, held: Sequence[str]) -> None:
        super().__init__("Quit?", f"Chosen and not written yet: {'; '.join(held)}.",
                         Choice("escape", "Stay", ""), Choice("q", "Quit", "quit", "warning"))  # fmt: skip


class UnwrittenScreen(Question):
    """Asks whether to go to the screen of that `name` and lose what the screens above it hold and have not written."""

    def __init__(self, held: Sequence[str], name: str) -> None:
        super().__init__(f"Go to {name} without writing?", f"Chosen and not written yet: {'; '.join(held)}.",
                         Choice("escape", "Stay", ""), Choice("d", "Discard", "discard", "warning"))  # fmt: skip
