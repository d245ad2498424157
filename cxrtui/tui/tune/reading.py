"""Reads studies in the threads of the screens, and posts immutable snapshots of them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cxrtui.errors import EXIT_DONE, EXIT_STOPPED, CxrtuiError
from cxrtui.printable import printable_lines
from cxrtui.process.gpus import Share
from cxrtui.search.study import Study
from cxrtui.tui.backend import Backend

if TYPE_CHECKING:
    from cxrtui.search.follow import Follower
    from cxrtui.search.snapshot import Snapshot


@dataclass(frozen=True)
class Look:
    """A study as it was read.

    Attributes:
        study: the folder.
        found: the latest snapshot; None if it could not be read yet.
        problem: why it cannot be read now; empty if it can.
        updated: when its files changed last, in seconds since the epoch.
    """

    study: Study
    found: Snapshot | None = None
    problem: str = ""
    updated: float = 0.0


class Reader:
    """Reads one study again if it has changed."""

    def __init__(self, backend: Backend, study: Study) -> None:
        self._backend = backend
        self._follower: Follower | None = None
        self.latest = Look(study)

    def look(self) -> bool:
        """Read; return whether there is something new. Only a thread may call this."""
        before = self.latest
        try:
            if self._follower is None:
                self._follower = self._backend.follow_study(before.study)
            found = self._follower.look()
            if found is not None:
                self.latest = replace(before, found=found, problem="")
        except CxrtuiError as error:
            self.latest = replace(before, problem=printable_lines(str(error)))
        except Exception as error:  # Optuna's own, on a journal that is written while it is read
            self.latest = replace(before, problem=printable_lines(f"{type(error).__name__}: {error}"))
        if self.latest is not before:
            self.latest = replace(self.latest, updated=_changed(before.study))
        return self.latest is not before


class OneStudy:
    """Follows the study of a screen, and the workers that the screen has started."""

    def __init__(self, backend: Backend, study: Study) -> None:
        self._reader = Reader(backend, study)
        self._backend = backend
        self._started: list[subprocess.Popen[bytes]] = []
        self.problem = ""
        """How a worker of this screen died without a word in the study."""

    def start_worker(self, share: Share) -> None:
        """Start a worker that goes on by itself, with its share of the GPUs.

        Raises:
            CxrtuiError: the system cannot start a process.
        """
        self._started.append(self._backend.start_worker(self._reader.latest.study, share))

    @property
    def starting(self) -> bool:
        """Whether a worker that was started here has neither begun its work nor ended."""
        found = self._reader.latest.found
        return len(self._started) > (found.workers if found is not None else 0)

    def looks(self, stopped: Callable[[], bool]) -> Iterator[Look]:
        """Yield the study if it has changed."""
        changed = self._reader.look()
        if not stopped() and (self._watch_workers() or changed):
            yield self._reader.latest

    def _watch_workers(self) -> bool:
        """Return whether a worker has died."""
        ended = [child for child in tuple(self._started) if child.poll() is not None]
        for child in ended:  # in place: another thread may append at the same time
            self._started.remove(child)
        found = self._reader.latest.found
        told = found is not None and found.outcome is not None and found.outcome.reason == "failed"
        for child in ended:
            if child.returncode not in (EXIT_DONE, EXIT_STOPPED) and not told:
                from cxrtui.process.worker import last_words

                words = last_words(self._reader.latest.study)
                self.problem = printable_lines(f"A worker ended with exit code {child.returncode}: "
                                               f"{words or 'it said nothing'} (worker.log of the study)")  # fmt: skip
        return bool(ended)


def _changed(study: Study) -> float:
    times = [0.0]
    for file in (study.file, study.journal, study.result_file, study.outcome_file):
        try:
            times.append(os.stat(file).st_mtime)
        except OSError:
            continue
    return max(times)
