"""How a training that runs in this process gets on, on stderr: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from cxrtui.durations import duration
from cxrtui.runs import events
from cxrtui.runs.describe import LogLine, describe
from cxrtui.runs.state import RunState, fold

_PLAIN_SECONDS = 15.0
_PREFIXES = {"warning": "warning: ", "error": "error: "}
_STYLES = {"warning": "yellow", "error": "red", "good": "green"}


def step_text(state: RunState) -> str:
    """Where the training stands, on one line."""
    last = state.steps[-1]
    return (
        f"epoch {last.epoch}/{last.epochs} · step {last.step}/{state.total_steps} · loss {last.loss:.4f}"
        f" · {last.images_per_second:.1f} images/s · ETA {duration(state.eta_seconds)}"
    )


class TrainingProgress(ABC):
    """Follows a run by its events, and shows each."""

    def __init__(self) -> None:
        self.state = RunState()

    def __call__(self, line: str, event: events.Event) -> None:
        """Take the next event of the run; `line` is what the log has of it."""
        del line
        self.state = fold(self.state, event)
        self.show(event, describe(event))

    @abstractmethod
    def show(self, event: events.Event, said: LogLine | None) -> None:
        """Show `event`, which `state` holds by now; `said` is its line of the readable log."""

    @abstractmethod
    def close(self) -> None:
        """Leave nothing on the screen that is not to stay."""


class PlainProgress(TrainingProgress):
    """Lines without colour or carriage returns, for a pipe or a log file."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._phase, self._printed = "", time.monotonic()

    def show(self, event: events.Event, said: LogLine | None) -> None:
        """Print what the log says; of long work a line every `_PLAIN_SECONDS`."""
        due = time.monotonic() - self._printed > _PLAIN_SECONDS
        if said is not None:
            self._print(f"{_PREFIXES.get(said.level, '')}{said.text}", event.time)
        elif isinstance(event, events.Preparing) and event.stage not in ("validating", "evaluating"):
            if event.stage != self._phase or due:
                self._phase = event.stage
                count = f" {event.done}/{event.total}" if event.total else ""
                self._print(f"{event.stage}{count} …", time.time())
        elif isinstance(event, events.StepDone) and due:
            self._print(step_text(self.state), time.time())

    def close(self) -> None:
        """Nothing is left on the screen to clear."""

    def _print(self, text: str, at: float) -> None:
        self._printed = time.monotonic()
        print(f"{time.strftime('%H:%M:%S', time.localtime(at))}  {text}", file=self._stream, flush=True)


class BarProgress(TrainingProgress):
    """A bar at the bottom of a terminal, and the log above it."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._progress = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(bar_width=24),
            TextColumn("{task.fields[text]}", markup=False),
            console=console, transient=True, redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        self._task = self._progress.add_task("starting", total=None, text="")
        self._progress.start()

    def show(self, event: events.Event, said: LogLine | None) -> None:
        """Print what the log says, and move the bar."""
        if said is not None:
            text = f"{_PREFIXES.get(said.level, '')}{said.text}"
            style = _STYLES.get(said.level, "default")
            self._progress.console.print(text, style=style, markup=False, highlight=False)
        if isinstance(event, events.StepDone):
            self._move("training", event.step, self.state.total_steps, step_text(self.state))
        elif isinstance(event, events.Preparing):
            count = f"{event.done}/{event.total}" if event.total else ""
            self._move(event.stage, event.done, event.total or None, count)

    def _move(self, phase: str, done: int, total: int | None, text: str) -> None:
        self._progress.update(self._task, description=phase, completed=done, total=total, text=text)

    def close(self) -> None:
        """Take the bar away."""
        self._progress.stop()
