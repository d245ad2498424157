"""This module follows one run: it reads and folds the growing log, and checks whether a process still writes it.

A `Follower` has no thread of its own. The dashboard calls it from a reader thread (`tui/watch.py`); a `Snapshot` never
changes, so that another thread may draw it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.runs.notes import NONE, Notes
from cxrtui.runs.reading import News, fold_read
from cxrtui.runs.state import RunState, with_problem
from cxrtui.runs.status import status_word
from cxrtui.runs.tail import EventTail

_ALIVE_SECONDS = 1.0
_TURNS: News = frozenset((ev.RunStarted, ev.Stopped, ev.Failed, ev.Resumed))
"""Events after which a process has begun or ended."""


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment.

    `alive`: some process trains it (`Run.seems_alive`). `stopping`: that process was asked to stop and has not stopped
    yet. `stopping_after_epoch`: it was asked to stop at the end of its epoch. `read`: the log was read to its end;
    until then the state is that of an earlier moment. For a list it has the `notes`, and for a run that is seen the
    `curve`, the watched metric at each validation.
    """

    run: Run
    state: RunState
    alive: bool = False
    stopping: bool = False
    read: bool = False
    news: News = frozenset()
    notes: Notes = NONE
    curve: tuple[float, ...] = ()
    stopping_after_epoch: bool = False

    @property
    def word(self) -> str:
        """The run's status in one word; "reading" until the log was read."""
        return status_word(self.state, self.alive) if self.read else "reading"

    def after(self, earlier: Snapshot) -> Snapshot:
        """Return this snapshot with the news of `earlier` added, for a reader who has not seen `earlier`."""
        return replace(self, news=self.news | earlier.news)


class Follower:
    """Reads a run's log from its beginning, or from its end."""

    def __init__(self, run: Run, *, from_end: bool = False) -> None:
        self.run = run
        self.state = RunState()
        self._tail = EventTail(run.events_file)
        if from_end:
            self._tail.to_end()
        self._restarts = 0
        self._news: News = frozenset()
        self._alive = self._stopping = self._after_epoch = False
        self._looked = 0.0

    def read(self, enough: Callable[[], bool] = lambda: False) -> bool:
        """Read and fold new lines until `enough`, called after each block, is True; return whether all were read."""
        for found in self._tail.read():
            if self._tail.restarts != self._restarts:
                self._restarts, self.state = self._tail.restarts, RunState()
            self.state, fresh = fold_read(self.state, found, self._tail)
            self._news |= fresh
            if enough():
                return False
        if self._tail.restarts != self._restarts:  # the new log is still empty
            self._restarts, self.state = self._tail.restarts, RunState()
        self.state = with_problem(self.state, self._tail.problem)
        return True

    def snapshot(self, enough: Callable[[], bool] = lambda: False) -> Snapshot:
        """Read as `read` does, and return the run as it is now."""
        whole = self.read(enough)
        if self._news & _TURNS or time.monotonic() - self._looked > _ALIVE_SECONDS:
            self._looked = time.monotonic()
            self._alive = self.run.seems_alive()
            self._stopping = self._alive and self.run.stopping()
            self._after_epoch = self._alive and self.run.stopping_after_epoch()
        news, self._news = self._news, frozenset()
        return Snapshot(self.run, self.state, self._alive, self._stopping, whole, news,
                        stopping_after_epoch=self._after_epoch)  # fmt: skip
