"""Reads the evaluations of a run in the screen's thread, again whenever a file or the log has changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cxrtui.errors import Cancelled
from cxrtui.printable import printable_lines
from cxrtui.runs.events import PATIENTS_UNKNOWN, SPLIT_LEAKS
from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Follower, Snapshot
from cxrtui.tui.evaluate.content import View, view_of


@dataclass(frozen=True, eq=False)
class Look:
    """A run as it was read.

    Attributes:
        word: its status; "reading" until the log was read.
        views: its evaluations: validation, test, other films.
        problems: sentences on what cannot be used.
        working: whether intervals are computed meanwhile, for a run whose version wrote none.
    """

    word: str = "reading"
    views: tuple[View, ...] = ()
    problems: tuple[str, ...] = ()
    working: bool = False


class Reader:
    """Follows one run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._follower = Follower(run)
        self._key: tuple[object, ...] = ()
        self._latest = Look()

    def looks(self, stopped: Callable[[], bool]) -> Iterator[Look]:
        """Yield the run if something has changed; while intervals are computed, first what is known of it already."""
        snapshot = self._follower.snapshot(stopped)
        if stopped() or not snapshot.read:
            return
        key = (snapshot.word, snapshot.state.problem, snapshot.state.evaluations, *self._files())
        if key == self._key:
            return
        if not self._key or snapshot.word != self._latest.word:
            yield Look(snapshot.word, self._latest.views, self._latest.problems, working=True)
        try:
            self._latest = self._read(snapshot, stopped)
        except Cancelled:
            return
        self._key = key
        yield self._latest

    def _files(self) -> list[tuple[str, int, int]]:
        """Return name, time and size of each file of an evaluation."""
        found = []
        try:
            with os.scandir(self._run.evaluation) as entries:
                for entry in entries:
                    about = entry.stat()
                    found.append((entry.name, about.st_mtime_ns, about.st_size))
        except OSError:
            pass
        return sorted(found)

    def _read(self, snapshot: Snapshot, stopped: Callable[[], bool]) -> Look:
        from cxrtui.evaluation.report.evaluations import evaluations_of

        def on_progress(phase: str, done: int, total: int) -> None:
            if stopped():
                raise Cancelled

        state = snapshot.state
        found, problems = evaluations_of(self._run, state, on_progress)
        leaks, unknown = (
            " ".join(printable_lines(warned.message) for warned in state.warned(code))
            for code in (SPLIT_LEAKS, PATIENTS_UNKNOWN)
        )
        if state.problem:
            problems.insert(0, f"The log cannot be read: {state.problem}")
        views = tuple(view_of(item, leaks, unknown) for item in found)
        return Look(snapshot.word, views, tuple(map(printable_lines, problems)))
