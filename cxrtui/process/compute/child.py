"""The side that computes: ``python -m cxrtui.process.compute.child NICE``."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import socket
import sys
import threading
from typing import Any

from cxrtui import errors
from cxrtui.collector import collect_seldom
from cxrtui.data.images.decoding.wire import WireError, receive, send
from cxrtui.errors import Cancelled, CxrtuiError
from cxrtui.import_guard import contain
from cxrtui.process.child import lower_priority, take_pipes
from cxrtui.process.compute import MOST
from cxrtui.process.compute.jobs import JOBS, Job


class Request:
    """One request, answered by a thread of its own."""

    def __init__(self, number: int, link: socket.socket, alone: threading.Lock) -> None:
        self._number, self._link, self._alone = number, link, alone
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Let the next `check_cancelled` raise."""
        self._cancelled.set()

    def check_cancelled(self) -> None:
        """See `cxrtui.errors.CheckCancelled`."""
        if self._cancelled.is_set():
            raise Cancelled

    def part(self, **words: Any) -> None:
        """Send what is done so far."""
        self._send(part=words)

    def answer(self, job: Job, arguments: dict[str, Any]) -> None:
        """Do the job, and send its result or its error."""
        try:
            words, body = job(self, **arguments)
        except Cancelled:
            self._send(cancelled=True)
        except CxrtuiError as error:
            # Of a class that only its own module knows, the one in `errors` that it is.
            kind = next(kind for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
            self._send(error=str(error), kind=kind.__name__)
        except Exception as error:  # the one who asked must hear of it
            self._send(error=f"{type(error).__name__}: {error}", kind=CxrtuiError.__name__)
        else:
            self._send(body, result=words)

    def _send(self, body: memoryview | bytes = b"", /, **words: Any) -> None:
        with self._alone, contextlib.suppress(OSError):  # the dashboard has ended
            send(self._link, {"id": self._number, **words}, body)


def serve(link: socket.socket) -> None:
    """Answer requests until the other side ends; those that are open then are left."""
    opened: dict[int, Request] = {}
    alone = threading.Lock()

    def answer(number: int, job: Job, arguments: dict[str, Any]) -> None:
        opened[number].answer(job, arguments)
        del opened[number]

    while True:
        try:
            words, body = receive(link, MOST)
        except (WireError, OSError):
            return
        if "cancel" in words:
            if (request := opened.get(words["cancel"])) is not None:
                request.cancel()
            continue
        number, job = words["id"], JOBS[words["job"]]
        opened[number] = Request(number, link, alone)
        threading.Thread(target=answer, args=(number, job, json.loads(body)), name=words["job"], daemon=True).start()


def main() -> None:
    """Answer the dashboard until it ends, and end with it, also in the middle of a compilation."""
    collect_seldom()
    faulthandler.enable()
    contain()
    stdin, _ = take_pipes()
    lower_priority(int(sys.argv[1]))
    serve(socket.socket(fileno=stdin))
    os._exit(0)


if __name__ == "__main__":
    main()
