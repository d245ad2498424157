"""This module starts one worker process, sends it films, watches its time and memory, and ends it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import psutil

from cxrtui import resources
from cxrtui.clock import Clock
from cxrtui.data.images.decoding.wire import EndedError, WireError, receive, send
from cxrtui.data.images.opening import MAX_PIXELS
from cxrtui.errors import CxrtuiError, FilmError
from cxrtui.printable import printable

Cancelled = Callable[[], bool]
_TICK = 0.1  # seconds between two checks of a worker that is decoding
_START = 120.0  # seconds
_PRINTED = 4096  # bytes kept of what a process printed last
_CODE = "import sys; sys.path[:] = {path!r}; from cxrtui.data.images.decoding.worker import main; main{arguments!r}"


@dataclass(frozen=True)
class Limits:
    """Limits on decoding one film: `seconds`, and `memory`, the resident memory of the process in bytes.

    While the process computes, its own CPU seconds count, up to ten times as many by the clock, so that a loaded
    machine can read the same films. The memory is at most half of what there is.
    """

    seconds: float = 30.0
    memory: int = field(default_factory=lambda: min(2 << 30, resources.total_memory() // 2))


class CancelledError(Exception):
    """The caller no longer wants the film."""


@dataclass(frozen=True)
class Answer:
    """The result of a job: plain values, and bytes."""

    words: dict[str, Any]
    body: bytearray


class CrashedError(FilmError):
    """The process died while it decoded the film."""


class RefusedFilmError(FilmError):
    """The decoder itself refused the film, so that a second try would fail in the same way."""


@cache
def _lifeline() -> tuple[int, int]:
    """Return a pipe of which only this process holds one end; when it ends, the kernel signals the workers."""
    return os.pipe()


def _scratch() -> int:
    """Return an open file without a name, in memory where possible, that receives what decoders print."""
    with contextlib.suppress(AttributeError, OSError):
        return os.memfd_create("cxrtui-decoding")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class Process:
    """A process that runs the jobs of the module `jobs`, one at a time. Only one thread may use it at a time.

    Raises:
        CxrtuiError: it cannot be started.
    """

    def __init__(self, jobs: str, limits: Limits) -> None:
        self._limits = limits
        self._ready = False
        path = [os.path.abspath(entry) for entry in sys.path]
        with contextlib.ExitStack() as undo:
            try:
                lifeline = _lifeline()[0]
                self._printed = _scratch()
                undo.callback(os.close, self._printed)
                self._link, theirs = socket.socketpair()
                undo.enter_context(self._link)
                with theirs:
                    arguments = (theirs.fileno(), lifeline, jobs, limits.memory)
                    # No Python runs between fork and exec, because it could deadlock on a lock of JAX's threads.
                    self._child = subprocess.Popen(
                        [sys.executable, "-c", _CODE.format(path=path, arguments=arguments)],
                        stdin=subprocess.DEVNULL, stdout=self._printed, stderr=self._printed,
                        pass_fds=(theirs.fileno(), lifeline), cwd="/",
                        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                        start_new_session=True,  # only the parent gets the terminal's signals
                    )  # fmt: skip
            except OSError as error:
                raise _cannot_start(error.strerror or str(error)) from None
            undo.pop_all()

    @property
    def alive(self) -> bool:
        """Whether the process runs and can take a job."""
        return self._child.poll() is None

    def run(
        self, job: str, film: int, arguments: dict[str, Any], may_be_large: Callable[[], None], cancelled: Cancelled
    ) -> Answer:
        """Return the result of `job` for the open file `film`; an error other than the film's own ends the process.

        `may_be_large` blocks until a large film may be decoded; this wait does not count as decoding time. `cancelled`
        returns True when the caller no longer wants the answer.

        Raises:
            CrashedError: the process died while it decoded the film.
            FilmError: the film cannot be read, takes too long, or too much memory; the message is the reason.
            CxrtuiError: the process cannot be started.
            CancelledError: `cancelled` said so.
        """
        try:
            self._wait_until_ready()
            try:
                send(self._link, {"job": job, "arguments": arguments}, file=film)
                while "large" in (found := self._receive(self._limits.seconds, cancelled)).words:
                    may_be_large()
                    send(self._link, {})
            except TimeoutError:
                raise FilmError(f"its decoder did not answer within {self._limits.seconds:g} s") from None
            except (EndedError, OSError):
                raise self._crash() from None
            except WireError:
                raise CrashedError("its decoder gave no valid answer") from None
        except BaseException:  # also KeyboardInterrupt: the state of the process is unknown then
            self.end()
            raise
        if "error" in found.words:
            raise RefusedFilmError(printable(found.words["error"]))
        if "memory" in found.words:
            raise self._too_large()
        return Answer(found.words.get("answer") or {}, found.body)

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._link.close()  # the process also ends by this, where it may not be killed
        with contextlib.suppress(OSError):
            self._child.kill()
        self._child.wait()
        if self._printed >= 0:
            os.close(self._printed)
            self._printed = -1

    def _wait_until_ready(self) -> None:
        if self._ready:
            return
        try:
            self._receive(_START)
        except (WireError, OSError):
            with contextlib.suppress(OSError):
                self._child.kill()
            self._child.wait()
            lines = self._last_words().strip().splitlines()
            raise _cannot_start(lines[-1] if lines else f"exit code {self._child.returncode}") from None
        self._ready = True

    def _receive(self, seconds: float, cancelled: Cancelled = lambda: False) -> Answer:
        """Return the next message; raise `TimeoutError` after `seconds`. Meanwhile, watch the process's limits."""
        clock = Clock()  # a film is not to blame for the time in which all of this was stopped
        started = clock.now()
        used: float | None = None
        self._link.settimeout(_TICK)
        while True:
            try:
                self._link.recv(1, socket.MSG_PEEK)
                break
            except TimeoutError:
                if cancelled():
                    raise CancelledError from None
                memory, used_now, computes = self._looked_at()
                used = used_now if used is None else used
                if memory > self._limits.memory:
                    raise self._too_large() from None
                waited = clock.now() - started
                if waited >= seconds and not (computes and used_now - used < seconds and waited < 10 * seconds):
                    raise
        self._link.settimeout(max(seconds, 1.0))
        return Answer(*receive(self._link, MAX_PIXELS))

    def _looked_at(self) -> tuple[int, float, bool]:
        """Return the process's memory in bytes, its CPU seconds so far, and whether it runs or waits for a core now."""
        try:
            process = psutil.Process(self._child.pid)
            times = process.cpu_times()
            return process.memory_info().rss, times.user + times.system, process.status() == psutil.STATUS_RUNNING
        except psutil.Error:
            return 0, 0.0, False

    def _too_large(self) -> FilmError:
        return FilmError(f"decoding it takes more than {self._limits.memory / 2**30:g} GiB")

    def _crash(self) -> FilmError:
        """Return the error for the film that says how the process ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(5)
        self._child.kill()
        code = self._child.wait()
        if "bad_alloc" in self._last_words():
            return self._too_large()
        if code < 0:
            return CrashedError(f"its decoder crashed (signal {-code})")
        return CrashedError(f"its decoder ended unasked (exit code {code})")

    def _last_words(self) -> str:
        """Return the end of what the process and its decoders printed."""
        try:
            size = os.fstat(self._printed).st_size
            return os.pread(self._printed, _PRINTED, max(0, size - _PRINTED)).decode("utf-8", "replace")
        except OSError:
            return ""


def _cannot_start(reason: str) -> CxrtuiError:
    return CxrtuiError(f"The process that decodes films cannot be started: {reason[:200]}.")
