"""The dashboard as a process at a terminal of ours: ``python -m tests.tui.terminal ARGUMENT…`` is ``cxrtui`` there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from cxrtui.clock import Clock

ROOT = Path(__file__).parents[2]
_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
LEFT_THE_SCREEN = b"\x1b[?1049l"
TOOK_THE_SCREEN = b"\x1b[?1049h"


class Terminal:
    """A process whose controlling terminal is ours; what it writes is in `output`."""

    def __init__(self, *arguments: str, fault: bool = False, columns: int = 80, rows: int = 24) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "FAULT": "1" * fault}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.tui.terminal", *arguments], stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, cwd=ROOT, env=environment,
        )  # fmt: skip
        os.close(slave)
        self.output = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.hang_up()

    def read(self, seconds: float = 0.05) -> None:
        """Take what was written, for `seconds` at most."""
        if self._master < 0:
            time.sleep(seconds)
        elif select.select([self._master], [], [], seconds)[0]:
            try:
                self.output += os.read(self._master, 1 << 16)
            except OSError:  # the process has closed its end
                time.sleep(seconds)

    @property
    def text(self) -> str:
        """All that was written, without the escapes."""
        return _ESCAPES.sub(b"", self.output).decode(errors="replace")

    def until(self, condition: Callable[[], object], seconds: float = 180.0, *, gone: bool = False) -> None:
        """Read until `condition` holds; fail where it does not, or if the process ends, unless it is `gone` already.

        A time in which everything was stopped, as with the machine, does not count.
        """
        clock = Clock()
        end = clock.now() + seconds
        while not condition():
            ended = not gone and self.process.poll() is not None
            if clock.now() > end or ended:
                self.read()
                if condition():
                    return
                raise AssertionError(f"{'it ended' if ended else 'too late'}; the terminal has: {self.text[-3000:]}")
            self.read()

    def shows(self, *texts: str) -> None:
        """Wait until each of `texts` was written."""
        for text in texts:
            self.until(lambda text=text: text in self.text)  # type: ignore[misc]

    @property
    def attributes(self) -> list[object]:
        """How the terminal is set: echo, line by line or key by key, …"""
        return termios.tcgetattr(self._master)

    def press(self, keys: str) -> None:
        """Type `keys`."""
        os.write(self._master, keys.encode())

    def wait(self, seconds: float = 180.0) -> int:
        """The exit code; what is written until then is read."""
        clock = Clock()
        end = clock.now() + seconds
        while self.process.poll() is None:
            assert clock.now() < end, f"it does not end; the terminal has: {self.text[-3000:]}"
            self.read()
        self.read()
        return self.process.wait()

    def hang_up(self) -> None:
        """Close our end, as an ssh session that is cut does."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1


def main() -> None:
    """Make stdin the controlling terminal, and run the command line."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests may run under nohup, which the dashboard heeds
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    if os.environ.get("FAULT"):
        from cxrtui.tui.runs.screen import RunsScreen

        def fail(screen: RunsScreen) -> None:
            raise LookupError("a fault of a screen")

        RunsScreen.action_data = fail  # type: ignore[method-assign]
    from cxrtui.cli import main as cxrtui

    cxrtui()


if __name__ == "__main__":
    main()
