"""Content hashes of films, remembered between runs, and the fingerprint of a prepared store.

A remembered hash is believed only while the file's size, inode, modification and change time are the same, and only
where the file had been left alone for `_SETTLED` seconds when it was hashed (within a clock's tick, a second write
leaves no trace in them).
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cxrtui.data.films import Film, printable

_SETTLED = 2.0


def _identity(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns]


class Hashes:
    """Content hashes by path, kept in a JSON file; a file that cannot be written to is no error, only slower."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, Any] = {}
        self._new: dict[str, Any] = {}
        try:
            body = json.loads(file.read_text(encoding="utf-8"))
            self._known = body if isinstance(body, dict) else {}
        except (OSError, ValueError):
            pass

    def of(self, path: Path) -> str:
        """The SHA-256 of what is in the file at `path`, or a word for why there is none; never raises `OSError`."""
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                return "not a file"
            identity, key = _identity(status), printable(path.absolute())
            known = self._known.get(key)
            if isinstance(known, list) and len(known) == 2 and known[0] == identity:
                return str(known[1])
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            if time.time() - max(status.st_mtime, status.st_ctime) > _SETTLED:
                self._new[key] = [identity, digest]
            return digest
        except OSError as error:
            return f"unreadable {error.errno}"

    def save(self) -> None:
        """Write what was learnt, by a rename."""
        if not self._new:
            return
        temporary = self._file.with_name(f"{self._file.name}.{os.getpid()}.tmp")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps({**self._known, **self._new}), encoding="utf-8")
            os.replace(temporary, self._file)
        except OSError:
            temporary.unlink(missing_ok=True)


def fingerprint(
    films: Sequence[tuple[Film, int]], digests: Iterable[str], settings: Mapping[str, Any], names: Sequence[str]
) -> str:
    """32 hexadecimal digits that change with any film's content, name, label, patient or source, and any setting."""
    total = hashlib.sha256(json.dumps([dict(settings), list(names)], sort_keys=True).encode())
    for (film, index), digest in zip(films, digests, strict=True):
        line: list[Any] = [printable(film.name), film.label, film.patient, film.source, index, digest]
        if film.display is not None:
            line += [film.display.window, film.display.inverted]
        total.update(json.dumps(line).encode())
    return total.hexdigest()[:32]
