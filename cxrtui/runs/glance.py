"""This module finds the status, epoch and best value of every run without reading every log from its beginning."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from cxrtui.files import open_file
from cxrtui.runs import codec, notes
from cxrtui.runs import events as ev
from cxrtui.runs.curve import Curve
from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Snapshot
from cxrtui.runs.listing import all_runs, why_unreadable
from cxrtui.runs.reading import fold_read
from cxrtui.runs.state import RunState, with_batch, with_problem
from cxrtui.runs.summary import read_summary
from cxrtui.runs.tail import EventTail

_RECENT = 1 << 14  # bytes at the end of a log that are always read, whatever its summary says
_END = 1 << 16  # bytes at the end of a log that are read first if there is no summary
_HEAD = 1 << 16  # bytes at the beginning of a log in which its configuration is looked for
_MOST = 1 << 28  # bytes that are searched at most for the last `EarlyStopping`
_LEAKS = f'"{ev.SPLIT_LEAKS}"'.encode()
_FIRST_POST = 50
"""Number of runs after which the first states are yielded; the next follow after twice as many, and so on."""


class Glance:
    """One run for a list. `state` holds what a list shows: not every step, and not the data. `notes` are the user's."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.state = RunState()
        self._log = str(run.events_file)
        self._tail: EventTail | None = None
        self._restarts = 0
        self._stamp: tuple[int, int, int] | None = None
        self.notes = notes.NONE
        self._notes_stamp: tuple[int, int, int] | None = None
        self.curve: tuple[float, ...] = ()
        """The watched metric of each validation, once `look_at_curve` was called."""
        self._curve: Curve | None = None
        self._curve_stamp: tuple[int, int, int] | None = None

    def look_at_curve(self) -> bool:
        """Read the new validations, the first time all of the log; return whether there were any."""
        if self._curve is not None and self._curve_stamp == self._stamp:
            return False
        self._curve, self._curve_stamp = self._curve or Curve(self.run.events_file), self._stamp
        early, stop = self.state.early, self.state.config.get("stop", {})
        found = self._curve.look(early.metric if early is not None else str(stop.get("metric", "loss")))
        if found == self.curve:
            return False
        self.curve = found
        return True

    def look_at_notes(self) -> None:
        """Read the notes if they have changed."""
        stamp = notes.stamp(self.run.folder)
        if stamp != self._notes_stamp:
            self._notes_stamp = stamp
            self.notes = notes.read(self.run.folder)

    def look(self) -> bool:
        """Read the log's new lines; return whether there were any."""
        stamp = self._stamp_now()
        if self._tail is not None and stamp == self._stamp:
            return False
        self._stamp, before = stamp, self.state
        if self._tail is None or not self._read_on(self._tail):
            self._begin()
            self._find_beginning()
        return self.state is not before

    def _stamp_now(self) -> tuple[int, int, int] | None:
        with contextlib.suppress(OSError):
            status = os.stat(self._log)
            return status.st_ino, status.st_size, status.st_mtime_ns
        return None

    def _read_on(self, tail: EventTail) -> bool:
        """Fold the appended lines; return False if earlier lines are needed: the log is another, or was taken back."""
        state = self.state
        for found in tail.read():
            if tail.restarts != self._restarts or any(isinstance(item, ev.Resumed) for item in found):
                return False
            state, _ = fold_read(state, found, tail)
        if tail.restarts != self._restarts:
            return False
        self.state = with_problem(state, tail.problem or self.run.config_problem())
        return True

    def _begin(self) -> None:
        log = self.run.events_file
        size = self._stamp[1] if self._stamp else 0
        marks, end = read_summary(log) or ([], 0)
        if marks:
            start = max(0, min(size - _RECENT, end))
            start = min((first for (first, after), _ in marks if first < start < after), default=start)
            kept = [event for (_, after), event in marks if after <= start]
            state = self._from(start, kept)
            if state.early is not None or not any(isinstance(event, ev.EarlyStopping) for event in kept):
                self.state = state
                return
        length = _END
        while True:
            state = self._from(max(0, size - length), [])
            whole = length >= min(size, _MOST)
            if whole or (state.early is not None and state.checkpoint is not None and len(state.steps)):
                self.state = state
                return
            length *= 8  # in a very long epoch the last `EarlyStopping` is further back

    def _find_beginning(self) -> None:
        """Take what the beginning of the log has if only its end was read.

        That is the configuration, the batch size that was chosen, the first `Compiled`, and a warning that the split
        leaks.
        """
        if self.state.config and self.state.compiled is not None:
            return
        with contextlib.suppress(OSError), open_file(self.run.events_file) as file:
            for line in file.read(_HEAD).split(b"\n")[:-1]:
                wanted = any(word in line for word in (b'"RunStarted"', b'"BatchChosen"', b'"Compiled"', _LEAKS))
                event = codec.decode(line) if wanted else None
                if isinstance(event, ev.RunStarted) and not self.state.config:
                    self.state = replace(self.state, run=event.run, started=event.time, config=event.config,
                                         device=event.device)  # fmt: skip
                elif isinstance(event, ev.BatchChosen):
                    self.state = with_batch(self.state, event)
                elif isinstance(event, ev.Warned) and event.code == ev.SPLIT_LEAKS:
                    if event in self.state.warnings:
                        continue
                    self.state = replace(self.state, warnings=self.state.warnings.appended(event))
                elif isinstance(event, ev.Compiled):
                    self.state = replace(self.state, compiled=self.state.compiled or event)
                    return

    def _from(self, start: int, before: list[ev.Event]) -> RunState:
        """Return the state of the events `before` and of the log from byte `start` on."""
        self._tail = tail = EventTail(self.run.events_file, offset=start)
        self._restarts = 0
        state, _ = fold_read(RunState(), before, tail)
        for found in tail.read():
            state, _ = fold_read(state, found, tail)
        return with_problem(state, tail.problem or self.run.config_problem())


def summary(run: Run) -> RunState:
    """Return the state of `run` for a list: status, latest step, best value, checkpoint and evaluations."""
    glance = Glance(run)
    glance.look()
    return glance.state


class Overview:
    """All runs of a workspace for a list; the run that was active last comes first."""

    def __init__(self, checkpoints: Path) -> None:
        self.checkpoints = checkpoints
        self.wanted: frozenset[Path] = frozenset()
        """Folders of the runs whose curves are read too; another thread may replace it."""
        self.problem = ""
        """Why no run can be listed; empty if they can."""
        self._glances: dict[Path, Glance] = {}
        self._known: dict[Path, Snapshot] = {}

    def looks(self, stopped: Callable[[], bool] = lambda: False) -> Iterator[tuple[Snapshot, ...]]:
        """Yield all runs whenever something is new: first only their names, at last all their states.

        A run that did not change is the same object as before. `stopped` is called after each run.
        """
        runs = all_runs(self.checkpoints)
        self.problem = "" if runs else why_unreadable(self.checkpoints)
        folders = {run.folder for run in runs}
        for folder in self._known.keys() - folders:
            del self._known[folder]
            self._glances.pop(folder, None)
        if any(run.folder not in self._known for run in runs):
            yield tuple(self._known.get(run.folder) or Snapshot(run, RunState()) for run in runs)
        looked, due = 0, _FIRST_POST
        for run in runs:
            looked += self._look(run)
            if stopped():
                return
            if looked == due:
                due *= 2
                yield tuple(self._known.get(item.folder) or Snapshot(item, RunState()) for item in runs)
        yield tuple(self._known[run.folder] for run in runs)
        news, wanted = False, self.wanted
        for run in [run for run in runs if run.folder in wanted]:
            news |= self._glances[run.folder].look_at_curve() and self._look(run)
            if stopped():
                return
        if news:
            yield tuple(self._known[run.folder] for run in runs)

    def _look(self, run: Run) -> bool:
        """Look at one run; return whether it changed."""
        glance = self._glances.get(run.folder)
        if glance is None:
            glance = self._glances[run.folder] = Glance(run)
        glance.look()
        glance.look_at_notes()
        # A process that holds the lock of an ended run is about to resume it, and the log will say so.
        alive = (glance.state.live or glance.state.status == "empty") and run.seems_alive()
        snapshot = Snapshot(
            run, glance.state, alive, alive and run.stopping(), True, notes=glance.notes, curve=glance.curve
        )
        known = self._known.get(run.folder)
        if (
            known is not None
            and (known.state is snapshot.state and known.notes is snapshot.notes and known.curve is snapshot.curve)
            and (known.alive, known.stopping) == (snapshot.alive, snapshot.stopping)
        ):
            return False
        self._known[run.folder] = snapshot
        return True

    def look(self) -> tuple[Snapshot, ...]:
        """Return all runs with their states."""
        found: tuple[Snapshot, ...] = ()
        for found in self.looks():  # noqa: B007
            pass
        return found
