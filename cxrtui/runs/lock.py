"""The lock of a run gives one process the right to write it; the kernel releases it when the process ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path

from cxrtui.errors import UsageError
from cxrtui.files import open_file, read_text

_MOST = 1 << 16  # bytes of a lock at most
_LOCK_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC


class RunLock:
    """The exclusive right to write a run; the kernel releases it when the process ends, however it ends."""

    def __init__(self, path: Path, *, take_over: bool = False) -> None:
        """Take the lock at `path`.

        Args:
            path: of the lock.
            take_over: take it from a process that hangs; if that goes on, it finds that it holds the lock no more.

        Raises:
            UsageError: another process holds it.
            OSError: the disk refuses.
        """
        self._file = os.fdopen(os.open(path, _LOCK_FLAGS, 0o644), "a+")
        if take_over and not self._taken():
            self._file.close()
            path.unlink(missing_ok=True)
            self._file = os.fdopen(os.open(path, _LOCK_FLAGS, 0o644), "a+")
        if not self._taken():
            self._file.close()
            raise UsageError(
                f"Run {path.parent.name} is being written by another process; attach to it or stop it first."
            )
        self._lock, self._path = path, path.parent
        self._folder = -1
        try:
            self._folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            self._file.truncate(0)
            self._file.write(f"{os.getpid()}\n{os.uname().nodename}\n")
            self._file.flush()
        except OSError as error:
            error.filename = str(path)
            self.release()
            raise

    def _taken(self) -> bool:
        # `Run.alive` in another process takes the lock for an instant, so this tries again; a writer keeps the lock.
        for _ in range(20):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except OSError:
                time.sleep(0.01)
        return False

    def release(self) -> None:
        """Release the lock."""
        with contextlib.suppress(OSError):  # the disk may be too full for what is left in the buffer
            self._file.close()
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1

    @property
    def holds(self) -> bool:
        """Whether the run's folder is still the same folder at the same path, with its files, and the lock as well."""
        try:
            there = os.path.samestat(os.fstat(self._folder), self._path.stat())
        except OSError:
            return False
        return there and not self._emptied and not self.taken_over

    @property
    def _emptied(self) -> bool:
        """Whether somebody deletes the folder: ``rm -r`` leaves it where this process writes a file meanwhile."""
        try:
            return not os.fstat(self._file.fileno()).st_nlink and not self._has(self._lock.name, "config.toml")
        except (OSError, ValueError):
            return False

    def _has(self, *names: str) -> bool:
        return bool(set(names) & set(os.listdir(self._folder)))

    @property
    def taken_over(self) -> bool:
        """Whether another process took the lock, because this one seemed to hang."""
        try:
            return not os.path.samestat(os.fstat(self._file.fileno()), self._lock.stat())
        except (OSError, ValueError):  # somebody deleted it, or the folder has moved: there is no other holder
            return False

    @property
    def place(self) -> Path | None:
        """The present path of the folder, also after it was moved; None if it was deleted, or nobody knows its path."""
        if self._emptied:
            return None
        try:
            place = Path(f"/proc/self/fd/{self._folder}").readlink()
            return place if os.path.samestat(os.fstat(self._folder), place.stat()) else None
        except OSError:
            return None


def held(path: Path) -> bool:
    """Return whether some process holds the lock at `path` right now."""
    try:
        with open_file(path) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared, so that two such checks do not collide
    except (BlockingIOError, PermissionError):
        return True
    except OSError:  # it is missing or not a regular file, so nobody holds it
        return False
    return False


def holder(path: Path) -> int | None:
    """Return the pid of the process that holds the lock at `path`, or None."""
    if not held(path):
        return None
    try:
        return int(read_text(path, _MOST).split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def taken_elsewhere(path: Path) -> bool:
    """Return whether the latest process that took the lock at `path` was on another machine; False if it is unknown."""
    try:
        lines = read_text(path, _MOST).split("\n")
    except (OSError, ValueError):
        return False
    return len(lines) > 2 and lines[1] not in ("", os.uname().nodename)


def held_since(path: Path) -> int | None:
    """Return when the lock at `path` was taken, in nanoseconds since the epoch; None if nobody holds it."""
    try:
        return path.stat().st_mtime_ns if held(path) else None
    except OSError:
        return None
