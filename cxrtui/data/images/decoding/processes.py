"""This module keeps the worker processes: one for each thread that asks. It reuses them and replaces any that dies."""

from __future__ import annotations

import atexit
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cxrtui.data.images.decoding.process import Answer, Cancelled, CancelledError, CrashedError, Limits, Process
from cxrtui.data.images.opening import open_film


def never() -> bool:
    """Return False: the work is not cancelled."""
    return False


class Processes:
    """Processes that run the jobs of the module `jobs`; several threads may use them at once.

    A process is started only when it is needed. Each thread that asks has a process to itself, so that it is clear
    which film a process died of. An earlier film may have damaged that process, so the film is tried a second time in a
    new process; only one second try runs at a time.
    """

    def __init__(self, jobs: str, limits: Limits | None = None) -> None:
        self._jobs = jobs
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._idle: list[Process] = []
        self._busy: set[Process] = set()
        self._large = threading.Semaphore(1)
        self._again = threading.Lock()
        self._keepers = 0

    def run(self, job: str, path: Path, arguments: dict[str, Any], cancelled: Cancelled = never) -> Answer:
        """Return the result of `job` for the film at `path`, unless `cancelled` returns True.

        Raises:
            FilmError: it cannot be read, or its decoding crashes, takes too long or too much; the message is the
                reason, without the path.
            CxrtuiError: no process can be started.
            CancelledError: `cancelled` said so.
        """
        try:
            return self._run(job, path, arguments, cancelled)
        except CrashedError:
            with self._again:
                return self._run(job, path, arguments, cancelled, anew=True)

    def warm(self, count: int = 1) -> None:
        """Start processes until `count` are idle, and do not wait for them."""
        with self._lock:
            missing = count - len(self._idle)
        for _ in range(missing):
            process = Process(self._jobs, self._limits)
            with self._lock:
                self._idle.append(process)

    def rest(self) -> None:
        """End all idle processes but one; call this when no film will be decoded for a while."""
        with self._lock:
            if self._keepers:
                return
            ended, self._idle = self._idle[1:], self._idle[:1]
        for process in ended:
            process.end()

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the idle processes while the block decodes films several times, and rest after it."""
        with self._lock:
            self._keepers += 1
        try:
            yield
        finally:
            with self._lock:
                self._keepers -= 1
            self.rest()

    def close(self) -> None:
        """End all processes; a thread that waits for one gets an error."""
        with self._lock:
            ended, self._idle = [*self._idle, *self._busy], []
        for process in ended:
            process.end()

    def _run(
        self, job: str, path: Path, arguments: dict[str, Any], cancelled: Cancelled, *, anew: bool = False
    ) -> Answer:
        held = False

        def may_be_large() -> None:
            nonlocal held
            while not held:
                if cancelled():
                    raise CancelledError
                held = self._large.acquire(timeout=1.0)

        try:
            with open_film(path) as film, self._borrowed(anew) as process:
                return process.run(job, film.fileno(), arguments, may_be_large, cancelled)
        finally:
            if held:
                self._large.release()

    @contextlib.contextmanager
    def _borrowed(self, anew: bool) -> Iterator[Process]:
        process = None
        with self._lock:
            while self._idle and not anew and process is None:
                process = self._idle.pop()
                if not process.alive:  # it ended while it was idle
                    process.end()
                    process = None
        process = process or Process(self._jobs, self._limits)
        with self._lock:
            self._busy.add(process)
        try:
            yield process
        finally:
            with self._lock:
                self._busy.discard(process)
                if process.alive:
                    self._idle.append(process)


processes = Processes("cxrtui.data.images.decoding.jobs")
atexit.register(processes.close)
