"""Ends the dashboard when a signal asks for it: the run saves a checkpoint first, and the terminal is restored.

A closed ssh session or window sends a hang-up. It never counts as the second signal, because shells and session
managers send it along with others, or twice.
"""

from __future__ import annotations

import os
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from cxrtui.process import parent
from cxrtui.tui.trainer import Trainer

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_LEAVE_SCREEN = b"\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?7h"


class Ending:
    """Holds the signal that asked for the end, 0 if there was none."""

    def __init__(self, trainer: Trainer) -> None:
        self.number = 0
        self._trainer = trainer
        self._attributes: list[object] | None = None

    @property
    def code(self) -> int:
        """The exit code: the run's, or 128 plus the signal's number if no run was trained, as in a shell."""
        return self._trainer.exit_code if self._trainer.run is not None else 128 + self.number

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Within the block a signal asks for the end; one that was ignored before, as by nohup, stays ignored."""
        with suppress(termios.error, OSError, ValueError):
            self._attributes = termios.tcgetattr(sys.__stdin__.fileno())  # type: ignore[union-attr]
        handled = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self._on_signal) for number in handled}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.number and number != signal.SIGHUP:
            self._end_at_once(number)
        self.number = self.number or number
        self._trainer.signal()

    def _end_at_once(self, number: int) -> None:
        """Restore the terminal, and end training and dashboard; the last saved checkpoint stays whole."""
        parent.kill_owned()
        with suppress(OSError):
            os.write(sys.__stdout__.fileno(), _LEAVE_SCREEN)  # type: ignore[union-attr]
        if self._attributes is not None:
            with suppress(termios.error, OSError):
                termios.tcsetattr(sys.__stdin__.fileno(), termios.TCSANOW, self._attributes)  # type: ignore
        os._exit(128 + number)
