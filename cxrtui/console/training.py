"""This module prints the events of a training in this process as lines and a bar."""

from __future__ import annotations

from cxrtui.console.progress import Printer
from cxrtui.durations import duration
from cxrtui.runs import events
from cxrtui.runs.describe import describe, speed_text
from cxrtui.runs.state import RunState, fold

_WITHIN_EPOCHS = ("validating", "evaluating")  # phases of every epoch; a line for each would be too many lines


def step_text(state: RunState) -> str:
    """Return the progress of the training as one line."""
    last = state.steps[-1]
    return (
        f"epoch {last.epoch}/{last.epochs} · step {last.step}/{state.total_steps} · loss {last.loss:.4f}"
        f" · {speed_text(last.images_per_second, state.devices)} · ETA {duration(state.eta_seconds)}"
    )


class RunPrinter:
    """Prints the events of a run through `printer`: some as lines, and the progress as a bar."""

    def __init__(self, printer: Printer) -> None:
        self._printer, self._state = printer, RunState()

    def __call__(self, line: str, event: events.Event) -> None:
        """Show one event."""
        del line
        self._state = fold(self._state, event)
        if (text := describe(event)) is not None:
            self._printer.say(text.text, text.level, event.time)
        if isinstance(event, events.StepDone):
            total = self._state.total_steps or 0
            self._printer.show("training", event.step, total, step_text(self._state), announce=False)
        elif isinstance(event, events.Preparing):
            announce = event.stage not in _WITHIN_EPOCHS
            self._printer.show(event.stage, event.done, event.total, announce=announce)

    def close(self) -> None:
        """Remove what is not to stay on the terminal."""
        self._printer.close()


class SeriesPrinter:
    """Prints the runs of a series, a study's or a protocol's: the one under way as a bar, and each warning once."""

    def __init__(self, printing: Printer) -> None:
        self._printing = printing
        self._state, self._phase = RunState(), "preparing"
        self._warned: set[str] = set()

    def on_event(self, line: str, event: events.Event) -> None:
        """Show one event of the run under way."""
        del line
        if isinstance(event, events.RunStarted):
            self._state = RunState()
        self._state = fold(self._state, event)
        if isinstance(event, events.StepDone):
            self._printing.show(
                self._phase, event.step, self._state.total_steps, step_text(self._state), announce=False
            )
        elif isinstance(event, events.Preparing):
            self._printing.show(f"{self._phase} · {event.stage}", event.done, event.total, announce=False)
        elif isinstance(event, events.Warned) and event.message not in self._warned:  # every run repeats it
            self._warned.add(event.message)
            self._printing.say(event.message, "warning", event.time)

    def close(self) -> None:
        """Remove what is not to stay on the terminal."""
        self._printing.close()
