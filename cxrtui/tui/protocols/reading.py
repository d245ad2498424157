"""Reads protocols in the threads of the screens, and posts immutable snapshots of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cxrtui.errors import CxrtuiError
from cxrtui.evaluation.protocols.folder import Fold, Folds, ProtocolFolder
from cxrtui.printable import printable_lines
from cxrtui.runs.folder import Run, is_run
from cxrtui.runs.glance import Glance
from cxrtui.runs.state import RunState
from cxrtui.runs.status import LIVE, status_word
from cxrtui.settings.protocol import Plan
from cxrtui.tui.protocols.content import Result, cautions_of, result_of

TO_DO = "to do"
"""The word of a training that has not begun."""


@dataclass(frozen=True)
class Training:
    """One training of a protocol: its run, the status of that in a word, and its state as of a list."""

    fold: Fold
    run: Run
    word: str = TO_DO
    state: RunState = field(default_factory=RunState)

    @property
    def done(self) -> bool:
        """Whether it has ended and its test films were evaluated."""
        return self.word == "finished" and "test" in self.state.evaluations


@dataclass(frozen=True, eq=False)
class Look:
    """A protocol as it was read.

    Attributes:
        folder: where it is.
        plan: what is trained and tested; None if it could not be read.
        trainings: all of them; empty until the films are divided.
        result: the table; None until all are done.
        alive: whether a process of this machine works on it.
        problem: why it cannot be read, or how its last process failed; else empty.
        updated: when its files changed last, in seconds since the epoch.
    """

    folder: ProtocolFolder
    plan: Plan | None = None
    trainings: tuple[Training, ...] = ()
    result: Result | None = None
    alive: bool = False
    problem: str = ""
    updated: float = 0.0

    @property
    def word(self) -> str:
        """What it is doing, as a status of a run."""
        if self.plan is None:
            return "unreadable" if self.problem else "reading"
        if self.alive:
            return "training" if any(item.word in LIVE or item.done for item in self.trainings) else "preparing"
        if self.result is not None:
            return "finished"
        return "failed" if self.problem or any(item.word == "failed" for item in self.trainings) else "stopped"

    @property
    def done(self) -> int:
        """How many trainings are done."""
        return sum(item.done for item in self.trainings)

    @property
    def live(self) -> list[Training]:
        """The trainings under way."""
        return [item for item in self.trainings if item.word in LIVE]

    @property
    def cautions(self) -> tuple[str, ...]:
        """What is to be known before the table is believed."""
        if self.result is not None:
            return self.result.cautions
        return cautions_of(self.plan) if self.plan is not None else ()


class Reader:
    """Reads one protocol again if it has changed."""

    def __init__(self, folder: ProtocolFolder) -> None:
        self._folder = folder
        self._stamps: tuple[float, ...] = ()
        self._plan: Plan | None = None
        self._folds: Folds | None = None
        self._result: Result | None = None
        self._unread = ""
        self._glances: dict[str, Glance] = {}
        self._key: tuple[object, ...] = ()
        self.latest = Look(folder)

    def look(self) -> bool:
        """Read; return whether there is something new. Only a thread may call this."""
        files = (self._folder.file, self._folder.folds_file, self._folder.result_file)
        stamps = tuple(map(_changed, files))
        if stamps != self._stamps:
            self._stamps = stamps
            self._read()
        trainings = tuple(map(self._training, self._folds.folds if self._folds is not None else ()))
        alive = self._folder.alive()
        problem = self._unread or ("" if alive or self._result is not None else self._last_words(trainings))
        key = (stamps, alive, problem, *((item.word, item.state) for item in trainings))
        if key == self._key:
            return False
        self._key = key
        logs = (_changed(item.run.events_file) for item in trainings)
        self.latest = Look(self._folder, self._plan, trainings, self._result, alive, problem, max(*stamps, *logs, 0.0))
        return True

    def _read(self) -> None:
        from cxrtui.evaluation.protocols.result import read_result

        self._plan, self._folds, self._result, self._unread = None, None, None, ""
        try:
            self._plan = self._folder.read()
        except CxrtuiError as error:
            self._unread = printable_lines(error)
            return
        self._folds = self._folder.read_folds()
        body = read_result(self._folder)
        self._result = result_of(body) if body is not None else None
        if self._result is None and self._stamps[-1]:
            self._unread = "result.json is no table; the protocol makes it anew when it goes on."

    def _training(self, fold: Fold) -> Training:
        run = self._folder.run(fold)
        if not is_run(run.folder):
            self._glances.pop(fold.name, None)
            return Training(fold, run)
        glance = self._glances.setdefault(fold.name, Glance(run))
        glance.look()
        state = glance.state
        alive = (state.live or state.status == "empty") and run.seems_alive()
        return Training(fold, run, status_word(state, alive), state)

    def _last_words(self, trainings: Sequence[Training]) -> str:
        """Return how the last process failed, if it said so after all else that was written."""
        from cxrtui.process.background import last_words

        said = _changed(self._folder.folder / "worker.log")
        if not said or any(_changed(item.run.events_file) > said for item in trainings):
            return ""
        return printable_lines(last_words(self._folder.folder))


class OneProtocol:
    """Follows the protocol of a screen."""

    def __init__(self, folder: ProtocolFolder) -> None:
        self._reader = Reader(folder)

    def looks(self, stopped: Callable[[], bool]) -> Iterator[Look]:
        """Yield the protocol if it has changed."""
        if self._reader.look() and not stopped():
            yield self._reader.latest


def _changed(file: Path) -> float:
    """Return when the file was changed, in seconds since the epoch; 0 if it is not there."""
    try:
        return os.stat(file).st_mtime
    except OSError:
        return 0.0
