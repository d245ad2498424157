"""This module shares pieces of work among processes, also of several machines, by files in a folder that all see.

A process claims a piece by making a file, and touches it as long as it works. A claim that is not touched any more is
of a process that died, and is removed. In rare cases two processes do one piece, so that a piece must be the same
whoever makes it, and appear by a rename.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from cxrtui.files import read_text

ENDING = ".claim"
_BEAT = 5.0  # seconds between two touches
_DEAD = 60.0  # seconds without one, by the clock of the process that looks: those of machines may differ


class Claims:
    """The claims in `folder`, as one process sees them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, tuple[tuple[int, int], float]] = {}

    @contextmanager
    def claimed(self, name: str) -> Iterator[bool]:
        """Yield whether this process has the piece `name`; it has it as long as the block lasts.

        Raises:
            OSError: the claim cannot be written.
        """
        file = self._folder / f"{name}{ENDING}"
        if not self._take(file):
            yield False
            return
        ended = threading.Event()
        beating = threading.Thread(target=_beat, args=(file, ended), name="cxrtui-claim", daemon=True)
        beating.start()
        try:
            yield True
        finally:
            ended.set()
            beating.join()
            with suppress(OSError):
                file.unlink()

    def _take(self, file: Path) -> bool:
        if self._dead(file):
            with suppress(OSError):
                file.unlink()
        try:
            descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644)
        except FileExistsError:
            return False
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(f"{os.getpid()}\n{os.uname().nodename}\n")
        return True

    def _dead(self, file: Path) -> bool:
        """Whether the process that has the claim died: on this machine it is gone, on another it touches no more."""
        try:
            status = file.stat()
            pid, _, machine = read_text(file).strip().partition("\n")
        except (OSError, ValueError):
            return False
        if machine == os.uname().nodename and pid.isdecimal() and not psutil.pid_exists(int(pid)):
            return True
        mark = status.st_ino, status.st_mtime_ns
        before, since = self._seen.get(file.name, (None, 0.0))
        if before != mark:
            self._seen[file.name] = mark, time.monotonic()
            return False
        return time.monotonic() - since > _DEAD


def _beat(file: Path, ended: threading.Event) -> None:
    while not ended.wait(_BEAT):
        with suppress(OSError):
            os.utime(file)
