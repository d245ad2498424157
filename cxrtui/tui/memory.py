"""Choices of the user that are kept between sessions, such as the theme or the last folder.

They are one JSON object in a file. A file that is missing, damaged or not ours is the same as an empty one, and a disk
that refuses costs no more than the memory. Several dashboards share the file: each writes only what was chosen in it.
Without `open_at`, choices live as long as the process.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
import threading
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, TypeVar

from cxrtui import strict_json
from cxrtui.disk import explained
from cxrtui.files import read_text, write_atomic
from cxrtui.tui import threads
from cxrtui.workspace import state_root

T = TypeVar("T", bool, int, float, str, tuple[str, ...])

MOST = 256 * 1024
"""Bytes of the file at most; a longer one is not ours."""
LONGEST = 4096  # characters of a text at most
_LOCK_SECONDS = 1.0  # after this a writer no longer waits for another one


class Memory:
    """The choices of one process, and the file that they are kept in, if there is one."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self.note = ""
        """Why the file could not be read, for the user; empty if it was read or is missing."""
        self._lock = threading.Lock()
        self._chosen: dict[str, Any] = {}  # in this process
        self._writer: threading.Thread | None = None
        self._unwritten = False
        self._known: dict[str, Any] = {}
        if file is not None:
            self._known, self.note = _read(file)

    def get(self, key: str, default: T, choices: Collection[T] | None = None) -> T:
        """Return what was chosen for `key`, or `default` if that is nothing, of another type, or none of `choices`."""
        value = _of_type(self._chosen.get(key, self._known.get(key)), default)
        return default if value is None or (choices is not None and value not in choices) else value

    def set(self, key: str, value: T) -> None:
        """Keep `value` for `key`. A thread writes the file, so this never waits for the disk."""
        with self._lock:
            if key in self._chosen and self._chosen[key] == value:
                return
            self._chosen[key] = value
            if self.file is None:
                return
            self._unwritten = True
            if self._writer is None:
                self._writer = threads.start("keep choices", self._write)

    def flush(self, seconds: float = 2.0) -> None:
        """Wait until the file is written, for `seconds` at most."""
        writer = self._writer
        if writer is not None:
            writer.join(seconds)

    def _write(self) -> None:
        assert self.file is not None
        while True:
            with self._lock:
                if not self._unwritten:
                    self._writer = None
                    return
                self._unwritten, chosen = False, dict(self._chosen)
            with contextlib.suppress(OSError):  # there is no room for it, say
                self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with _alone(self.file):
                    known, _ = _read(self.file)
                    write_atomic(self.file, strict_json.dumps(known | chosen, indent=1) + "\n", durable=False)


def _read(file: Path) -> tuple[dict[str, Any], str]:
    """Return what is in `file`, and why it cannot be read, if so."""
    try:
        found = json.loads(read_text(file, MOST))
    except FileNotFoundError:
        return {}, ""
    except OSError as error:
        return {}, f"{file} cannot be read ({explained(error)}); what was chosen in earlier sessions is left out."
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return {}, f"{file} is damaged; what was chosen in earlier sessions is left out."
    return {key: value for key, value in found.items() if not _is_nested(value)}, ""


def _is_nested(value: Any) -> bool:
    """Return whether `value` is something that is never kept: a table, or a list of other things than texts."""
    return isinstance(value, dict) or (isinstance(value, list) and not all(isinstance(item, str) for item in value))


def _of_type(value: Any, default: Any) -> Any:
    """Return `value` in the type of `default`; None if it has another type, or is not printable."""
    if isinstance(default, tuple):
        if isinstance(value, (list, tuple)) and all(_of_type(item, "") is not None for item in value):
            return tuple(value)
        return None
    if isinstance(default, float) and isinstance(value, (int, float)) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):
            return float(value) if math.isfinite(float(value)) else None
        return None
    if type(value) is not type(default):
        return None
    if isinstance(value, str) and not (value.isprintable() and len(value) <= LONGEST):
        return None
    return value


@contextlib.contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Let one dashboard at a time read and replace `file`; if the lock cannot be had soon, go on without it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(file.with_name(f"{file.name}.lock"), flags, 0o600)
    try:
        end = time.monotonic() + _LOCK_SECONDS
        while time.monotonic() < end:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


_memory = Memory()


def open_at(file: Path | None) -> str:
    """Keep choices in `file` from now on, or with None in no file; return why it cannot be read, if so."""
    global _memory
    _memory = Memory(file)
    return _memory.note


def default_file() -> Path:
    """Return the file of this user's choices."""
    return state_root() / "dashboard.json"


def get(key: str, default: T, choices: Collection[T] | None = None) -> T:
    """Return what was chosen for `key`, as `Memory.get` does.

    Args:
        key: SCREEN.CHOICE, such as ``monitor.smoothing``.
        default: a bool, int, float, str or tuple of str; a value of another type is left out.
        choices: the values that are allowed.
    """
    return _memory.get(key, default, choices)


def set(key: str, value: T) -> None:
    """Keep `value` for `key`, as `Memory.set` does."""
    _memory.set(key, value)


def flush() -> None:
    """Wait until the file is written, before the process ends."""
    _memory.flush()
