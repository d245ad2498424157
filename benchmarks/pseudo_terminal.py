"""A dashboard at a pseudo-terminal that is read all the time, and its screen as pyte, a terminal emulator, draws it."""

from __future__ import annotations

import fcntl
import os
import pty
import queue
import signal
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyte


class Dashboard:
    """``cxrtui ARGUMENT…``, or another `program` of Python, at a terminal of `columns` × `rows`."""

    def __init__(
        self, arguments: list[str], environment: dict[str, str], columns: int, rows: int,
        program: tuple[str, ...] = ("-m", "cxrtui"),
    ) -> None:  # fmt: skip
        sys.setswitchinterval(1e-4)  # the thread that reads must not wait for the one that draws
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._chunks: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        self.written = 0
        """Bytes written to the terminal so far."""
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [sys.executable, *program, *arguments],
                      {**os.environ, **environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"})  # fmt: skip
        self.resize(columns, rows)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with suppress(OSError):  # it has ended
            while data := os.read(self._master, 1 << 16):
                self.written += len(data)
                self._chunks.put((time.monotonic(), data))

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the terminal."""
        self._screen.resize(rows, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def text(self) -> str:
        """The screen as the terminal shows it."""
        return "\n".join(self._screen.display)

    def wait(self, condition: Callable[[str], bool], seconds: float) -> float:
        """Return when the first output was read with which `condition` holds of the screen; NaN if it came too late."""
        if condition(self.text):
            return time.monotonic()
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                at, data = self._chunks.get(timeout=left)
            except queue.Empty:
                break
            self._stream.feed(data)
            if condition(self.text):
                return at
        return float("nan")

    def rest(self, seconds: float) -> None:
        """Let it draw for so long."""
        self.wait(lambda text: False, seconds)

    def press(self, key: str) -> float:
        """Press `key`, and return when."""
        at = time.monotonic()
        os.write(self._master, key.encode())
        return at

    @property
    def alive(self) -> bool:
        """Whether the process has not ended."""
        return os.waitpid(self.pid, os.WNOHANG) == (0, 0)

    def end(self) -> None:
        """Ask it to end as a closed window does, and kill it after a minute; a run in it saves its checkpoint."""
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGTERM)
            end = time.monotonic() + 60
            while self.alive:
                if time.monotonic() > end:
                    os.kill(self.pid, signal.SIGKILL)
                self.rest(0.2)
        os.close(self._master)


def processor_seconds(pid: int) -> float:
    """Return the processor time that the process has used, all of its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
