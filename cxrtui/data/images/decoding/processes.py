"""The processes that decode for this one: as many as there are threads that ask, kept warm, replaced where one dies."""

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
    """Of what is not cancelled."""
    return False


class Processes:
    """Processes that run the jobs of the module `jobs`; safe to ask from several threads.

    None is started before it is needed. A thread that asks has one process to itself, so that the film that a process
    dies of is certain; what a film before it may have left in that process is ruled out by a second try in a new one,
    with no other second try beside it.
    """

    def __init__(self, jobs: str, limits: Limits | None = None) -> None:
        self._jobs = jobs
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._idle: list[Process] = []
        self._busy: set[Process] = set()
        self._large = threading.Semaphore(1)
        self._again = threading.Lock()

    def run(self, job: str, path: Path, arguments: dict[str, Any], cancelled: Cancelled = never) -> Answer:
        """What `job` gives for the film at `path`, unless `cancelled` says that it is not wanted any more.

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
        """End the idle processes but one: much was decoded, and now nothing is for a while."""
        with self._lock:
            ended, self._idle = self._idle[1:], self._idle[:1]
        for process in ended:
            process.end()

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
                if not process.alive:  # someone else has ended it
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
