"""The writer of a run's log."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable

from cxrtui.disk import explained
from cxrtui.errors import CxrtuiError
from cxrtui.runs import events
from cxrtui.runs.events import Event
from cxrtui.runs.folder import Run
from cxrtui.runs.lock import RunLock
from cxrtui.runs.log import append
from cxrtui.runs.startup import StartUp
from cxrtui.runs.summary import Landmarks, read_landmarks
from cxrtui.training import endings
from cxrtui.training.mirror import Mirror

OnEvent = Callable[[str, Event], None]
_SUMMED_UP = (events.EarlyStopping, events.Resumed, events.Stopped, events.Failed)
_BEAT_SECONDS = 2.0


class Log:
    """Appends events to the run's log, keeps its summary, and passes each event to the listener."""

    def __init__(self, run: Run, on_event: OnEvent | None) -> None:
        self.run, self.on_event = run, on_event
        self.lock: RunLock | None = None
        self.step = 0
        self.ended: Event | None = None
        self.tested: Event | None = None
        self.mirror: Mirror | None = None
        self._marks = Landmarks()
        self._beaten = 0.0
        self._startup = StartUp()

    def go_on(self) -> bool:
        """Continue the log that an earlier process wrote; return whether it contains a RunStarted."""
        self._marks = read_landmarks(self.run.events_file)
        return self._marks.started

    def check(self) -> None:
        """Make sure that the run's folder is still the one that was locked.

        Raises:
            CheckpointError: the folder was renamed or deleted.
        """
        if self.lock is not None and not self.lock.holds:
            raise endings.gone(self.run, self.lock)

    def __call__(self, event: Event) -> None:
        """Append the event, pass it on, and append what follows from it.

        Raises:
            CheckpointError: as `check`.
            OSError: as `append`.
        """
        if isinstance(event, events.StepDone):
            self.step = event.step
        self.check()
        line = self.append(event)
        self.beat()
        self.notify(line, event)
        if (first := self._startup.after(event)) is not None:
            self(first)

    def append(self, event: Event) -> str:
        """Write the event's line, and once an epoch and at the end of the run the summary beside the log.

        Raises:
            OSError: the line could not be written. A summary that cannot be written is left out: readers need none.
        """
        if isinstance(event, (events.Stopped, events.Failed)):
            self.ended = event
        elif isinstance(event, events.Evaluated) and event.part == "test":
            self.tested = event
        written = append(self.run.events_file, event)
        self._marks.add_written(event, written)
        if isinstance(event, _SUMMED_UP):
            with contextlib.suppress(OSError):
                self._marks.write(self.run.events_file)
        return written.line

    def notify(self, line: str, event: Event) -> None:
        """Pass an event to the listener; if it fails (a closed pipe, say) it is not called again; the run goes on."""
        if self.on_event is not None:
            try:
                self.on_event(line, event)
            except Exception as error:
                self.on_event = None
                if not isinstance(error, (OSError, ValueError)):  # a fault of the listener does not end the run
                    message = f"The display of the run failed ({explained(error)}); the run and its log go on."
                    self.append(events.Warned(code="watcher", message=message))

    def add(self, news: Iterable[Event]) -> None:
        """Append what is reported after the end of the run, where that is possible."""
        for event in news:
            with contextlib.suppress(OSError, CxrtuiError):  # the disk, or the folder, may be gone
                self.check()
                self.notify(self.append(event), event)

    def beat(self) -> None:
        """Renew the run's heartbeat, if that is due."""
        if (now := time.monotonic()) - self._beaten > _BEAT_SECONDS:
            self._beaten = now
            self.run.beat()
