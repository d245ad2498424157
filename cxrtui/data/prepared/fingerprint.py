"""This module keeps content hashes of films between runs, and computes the fingerprint of a prepared store.

A kept hash is used only while the file's size, inode, modification and change time are the same. It is kept only if the
file had not changed for `_SETTLED` seconds when it was hashed, because a second write within one clock tick does not
change these times.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cxrtui.data.films import FILE_PATIENT, RULE_SERIES, Collection, Film, printable
from cxrtui.files import sha256
from cxrtui.workspace import cache_root

_SETTLED = 2.0
_AT_ONCE = 256  # values in one write
_PATIENCE = 5.0  # seconds that a process waits for another one's write


def _identity(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns]


class Remembered:
    """Values about files by their paths, kept in an SQLite file; if it cannot be used, the only effect is less speed.

    Memory holds few of them at a time, however many there are. Several threads and processes may use it at once.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._kept: sqlite3.Connection | None = None
        self._new: dict[str, str] = {}

    def get(self, path: Path, under: Any = None) -> Any:
        """Return the value kept for the file at `path` if the file and `under` are unchanged; else None."""
        with self._lock:
            found = self._run("SELECT value FROM kept WHERE path = ?", (printable(path.absolute()),))
        try:
            known = json.loads(found[0][0]) if found else None
            if isinstance(known, list) and known[:-1] == [_identity(path.stat()), *([under] if under else [])]:
                return known[-1]
        except (OSError, ValueError, TypeError, RecursionError):
            pass
        return None

    def put(self, path: Path, status: os.stat_result, value: Any, under: Any = None) -> None:
        """Keep `value`, which JSON can hold, for a file that had `status` before it was read.

        Nothing is kept for a file that changed only a moment before.
        """
        if time.time() - max(status.st_mtime, status.st_ctime) <= _SETTLED:
            return
        text = json.dumps([_identity(status), *([under] if under else []), value])
        with self._lock:
            self._new[printable(path.absolute())] = text
            if len(self._new) >= _AT_ONCE:
                self._write()

    def save(self) -> None:
        """Write what is not written yet, and close the file; the next use opens it again."""
        with self._lock:
            self._write()
            if self._kept is not None:
                self._kept.close()
                self._kept = None

    def _write(self) -> None:
        if self._new:
            self._run("INSERT OR REPLACE INTO kept VALUES (?, ?)", list(self._new.items()), new=True)
            self._new = {}

    def _run(self, command: str, values: Any, *, new: bool = False) -> list[tuple[Any, ...]]:
        """Return the rows that `command` finds; with `new`, run it for each of `values` and make the file if need be.

        A file that is damaged is removed, so that the next use begins anew.
        """
        try:
            if self._kept is None:
                if not new and not self._file.exists():
                    return []
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._kept = sqlite3.connect(self._file, timeout=_PATIENCE, check_same_thread=False)
                self._kept.execute("PRAGMA synchronous = OFF")  # what a crash of the machine loses is made again
                self._kept.execute("CREATE TABLE IF NOT EXISTS kept (path TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID")
            with self._kept:
                rows = self._kept.executemany(command, values) if new else self._kept.execute(command, values)
                return rows.fetchall()
        except sqlite3.OperationalError:  # another process has it locked, or the disk refuses
            return []
        except (OSError, sqlite3.DatabaseError):
            if self._kept is not None:
                self._kept.close()
                self._kept = None
            with contextlib.suppress(OSError):
                self._file.unlink()
            return []


class Hashes(Remembered):
    """Content hashes of files, kept between runs."""

    def of(self, path: Path) -> str:
        """Return the SHA-256 of the file at `path`, or a word that says why there is none; never raise `OSError`."""
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                return "not a file"
            if (known := self.get(path)) is not None:
                return str(known)
            digest = sha256(path)
            self.put(path, status, digest)
            return digest
        except OSError as error:
            return f"unreadable {error.errno}"


def hashes_of(collection: Collection) -> Hashes:
    """Return the kept content hashes of the films of `collection`."""
    mark = hashlib.sha256(os.fsencode(f"{collection.root.absolute()}|{collection.names}")).hexdigest()[:16]
    return Hashes(cache_root() / "prepared" / "hashes" / f"{mark}.sqlite")


def fingerprint(
    films: Sequence[tuple[Film, int]], digests: Iterable[str], settings: Mapping[str, Any], names: Sequence[str]
) -> str:
    """Return 32 hexadecimal digits that change with any film's content, name, label, patient, source, or a setting."""
    total = hashlib.sha256(json.dumps([dict(settings), list(names)], sort_keys=True).encode())
    for (film, index), digest in zip(films, digests, strict=True):
        # Before series of names were read, such a film was a patient of its own; stores and runs of then stay valid.
        patient = FILE_PATIENT + film.name if film.patient_rule == RULE_SERIES else film.patient
        line: list[Any] = [printable(film.name), film.label, patient, film.source, index, digest]
        if film.display is not None:
            line += [film.display.window, film.display.inverted]
        total.update(json.dumps(line).encode())
    return total.hexdigest()[:32]
