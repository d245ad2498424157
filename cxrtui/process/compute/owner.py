"""The side that asks: it starts the process that computes, when something is asked, and watches it."""

from __future__ import annotations

import itertools
import json
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

from cxrtui import errors
from cxrtui.data.images.decoding.wire import WireError, receive, send
from cxrtui.disk import explained
from cxrtui.errors import Cancelled, CheckCancelled, CxrtuiError, never_cancelled
from cxrtui.process.children import environment, how_ended
from cxrtui.process.compute import MOST

NICE = 5
"""How much lower the priority of the process is than the dashboard's; a training's is lower still."""

_TICK = 0.1  # seconds between two looks whether a request is cancelled
_LAST_WORDS = 500  # bytes of what the process printed last
_PREALLOCATE = "XLA_PYTHON_CLIENT_PREALLOCATE"

Message = tuple[dict[str, Any], bytearray]


class _Child:
    """One process, and a thread that gives each of its answers to the request that it belongs to."""

    def __init__(self) -> None:
        link, theirs = socket.socketpair()
        self._link = link
        self._printed: Any = tempfile.TemporaryFile()  # noqa: SIM115 - closed once the process has ended
        try:
            # By itself JAX takes three quarters of a GPU's memory, and a training would find no room.
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "cxrtui.process.compute.child", str(NICE)], stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL, stderr=self._printed, start_new_session=True,
                env={_PREALLOCATE: "false", **environment()},
            )  # fmt: skip
        except OSError as error:
            link.close()
            self._printed.close()
            raise CxrtuiError(f"The process that computes cannot be started ({explained(error)}).") from None
        finally:
            theirs.close()
        self.open = True
        """Whether it can be asked; it may have died without that being noticed yet."""
        self.ended = ""
        """How it ended, as a sentence."""
        self._numbers = itertools.count(1)
        self._waiting: dict[int, queue.SimpleQueue[Message | None]] = {}
        self._lock, self._sending = threading.Lock(), threading.Lock()
        threading.Thread(target=self._read, name="answers", daemon=True).start()

    def ask(self, job: str, arguments: dict[str, Any]) -> tuple[int, queue.SimpleQueue[Message | None]] | None:
        """Send a request; return its number and where its answers come, None at the end; None if it has ended."""
        answers: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        with self._lock:
            if not self.open:
                return None
            number = next(self._numbers)
            self._waiting[number] = answers
        if not self._send({"id": number, "job": job}, json.dumps(arguments).encode()):
            self.leave(number)
            return None
        return number, answers

    def cancel(self, number: int) -> None:
        """Ask it to end a request."""
        self._send({"cancel": number})

    def leave(self, number: int) -> None:
        """Wait for no more answers of a request."""
        with self._lock:
            self._waiting.pop(number, None)

    def _send(self, words: dict[str, Any], body: bytes = b"") -> bool:
        """Send a message; return whether the process was there to take it."""
        try:
            with self._sending:
                send(self._link, words, body)
        except OSError:
            self.open = False
        return self.open

    def _read(self) -> None:
        while True:
            try:
                words, body = receive(self._link, MOST)
            except (WireError, OSError):
                break
            with self._lock:
                answers = self._waiting.get(words["id"])
            if answers is not None:
                answers.put((words, body))
        with self._lock:
            self.open, waiting = False, list(self._waiting.values())
        self.ended = self._how_it_ended()
        for answers in waiting:
            answers.put(None)

    def _how_it_ended(self) -> str:
        try:
            code = self.process.wait(5)
        except subprocess.TimeoutExpired:  # it closed the socket, and nothing can be asked of it any more
            self.process.kill()
            code = self.process.wait()
        self._link.close()
        with self._printed as printed:
            printed.seek(max(0, os.fstat(printed.fileno()).st_size - _LAST_WORDS))
            lines = printed.read().decode(errors="replace").strip().splitlines()
        words = f" ({lines[-1]})" if lines and code != -9 else ""
        return f"The process that computes {how_ended(code)}{words}; the next try starts another one."


class ComputeProcess:
    """Asks a process of its own. Threads may share it; the process begins with the first request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: _Child | None = None

    @property
    def pid(self) -> int | None:
        """The number of the process; None before the first request, and once it has ended."""
        child = self._child
        return child.process.pid if child is not None and child.open else None

    def ask(
        self, job: str, arguments: dict[str, Any], check_cancelled: CheckCancelled = never_cancelled, *,
        stay: bool = False,
    ) -> Iterator[Message]:  # fmt: skip
        """Yield the parts of an answer as they come, and at last its result, each with its bytes.

        Args:
            job: one of `jobs.JOBS`.
            arguments: of the job, as JSON can hold them.
            check_cancelled: is called often while this waits.
            stay: once it has raised, go on until the job has noticed, so that nothing is under way any more.

        Raises:
            CxrtuiError: the job failed, with the class that the error had there, or the process died.
            Cancelled: `check_cancelled` raised it; without `stay` the process may be at the job for a while.
        """
        child, number, answers = self._asked(job, arguments)
        check, over = check_cancelled, False
        try:
            while True:
                try:
                    check()
                except Cancelled:
                    if not stay:
                        raise
                    child.cancel(number)
                    check = never_cancelled
                try:
                    message = answers.get(timeout=_TICK)
                except queue.Empty:
                    continue
                if message is None:
                    over = True
                    raise CxrtuiError(child.ended)
                words, body = message
                over = "part" not in words
                if "cancelled" in words:
                    raise Cancelled
                if "error" in words:
                    raise getattr(errors, words["kind"], CxrtuiError)(words["error"])
                yield words.get("part") or words.get("result") or {}, body
                if over:
                    return
        finally:
            child.leave(number)
            if not over:
                child.cancel(number)

    def result(self, job: str, arguments: dict[str, Any]) -> Message:
        """Return the result of a job that tells no parts; see `ask`."""
        *_, message = self.ask(job, arguments)
        return message

    def _asked(
        self, job: str, arguments: dict[str, Any]
    ) -> tuple[_Child, int, queue.SimpleQueue[Message | None]]:  # fmt: skip
        while True:
            with self._lock:
                if self._child is None or not self._child.open:
                    self._child = _Child()
                child = self._child
            if (asked := child.ask(job, arguments)) is not None:
                return child, *asked
