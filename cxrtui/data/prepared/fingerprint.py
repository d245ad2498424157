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
import stat
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cxrtui.data.films import FILE_PATIENT, RULE_SERIES, Collection, Film, printable
from cxrtui.files import sha256, write_atomic
from cxrtui.workspace import cache_root

_SETTLED = 2.0


def _identity(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns]


class Remembered:
    """Values about files by their paths, kept in a JSON file; if it cannot be written, the only effect is less speed.

    Several threads may use it at once, each with its own paths.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, Any] = {}
        self._new: dict[str, Any] = {}
        try:
            body = json.loads(file.read_text(encoding="utf-8"))
            self._known = body if isinstance(body, dict) else {}
        except (OSError, ValueError, RecursionError):
            pass

    def get(self, path: Path, under: Any = None) -> Any:
        """Return the value kept for the file at `path` if the file and `under` are unchanged; else None."""
        try:
            known = self._known.get(printable(path.absolute()))
            if isinstance(known, list) and known[:-1] == [_identity(path.stat()), *([under] if under else [])]:
                return known[-1]
        except OSError:
            pass
        return None

    def put(self, path: Path, status: os.stat_result, value: Any, under: Any = None) -> None:
        """Keep `value`, which JSON can hold, for a file that had `status` before it was read.

        Nothing is kept for a file that changed only a moment before.
        """
        if time.time() - max(status.st_mtime, status.st_ctime) > _SETTLED:
            self._new[printable(path.absolute())] = [_identity(status), *([under] if under else []), value]

    def save(self) -> None:
        """Write new values to the file, by a rename."""
        if not self._new:
            return
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._file, json.dumps({**self._known, **self._new}), durable=False)


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
    return Hashes(cache_root() / "prepared" / "hashes" / f"{mark}.json")


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
