"""Runs work in a thread while the main thread takes signals: one asks it to stop, a second Ctrl-C ends at once."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

from rich.console import Console

from cxrtui.console.rich_text import PrintableConsole
from cxrtui.errors import EXIT_FAULT


class StderrConsole(PrintableConsole):
    """A console on stderr; if its reader has gone, writing raises an error and does not end the program."""

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def on_broken_pipe(self) -> None:
        """Raise the error again; Rich calls this within its ``except`` block."""
        raise


def steered(console: Console, work: Callable[[Callable[[], bool]], int], note: str) -> int:
    """Return the exit code of `work`, which is given a function that returns whether it is to stop.

    SIGINT, SIGTERM and a hang-up (the ssh session is gone) ask it to stop; then `note` is printed.
    """
    asked = threading.Event()
    outcome = [EXIT_FAULT]
    raised: list[BaseException] = []

    def on_signal(number: int, frame: FrameType | None) -> None:
        del frame
        if asked.is_set() and number == signal.SIGINT:
            os._exit(128 + number)  # the last checkpoint is safe, even while another one is written
        asked.set()
        with contextlib.suppress(OSError):  # after a hang-up nobody reads stderr
            console.print(note, style="yellow")

    def target() -> None:
        try:
            outcome[0] = work(asked.is_set)
        except BaseException as error:
            raised.append(error)

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, on_signal) for number in signals}
    # The training has a thread of its own, so that the main thread answers signals while JAX compiles.
    worker = threading.Thread(target=target, name="training", daemon=True)
    try:
        worker.start()
        while worker.is_alive():
            worker.join(0.2)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if raised:
        raise raised[0]
    return outcome[0]
