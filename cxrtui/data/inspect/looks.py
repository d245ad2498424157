"""This module checks many films: whether each can be decoded, its header, and its notes. It keeps the results on disk.

A kept result is used while the file (see `fingerprint.Hashes`), the rules of decoding and the decoders are unchanged. A
film that crashed its decoder, or was refused for time or memory, is tried again.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cxrtui.data.films import Film, printable
from cxrtui.data.frontal.recognise import RULES, View
from cxrtui.data.frontal.reports import oddity
from cxrtui.data.images.decode import stored_size
from cxrtui.data.images.decoding.films import PIXELS_VERSION, Seen, decoders, look, read_header, rest
from cxrtui.data.images.decoding.process import RefusedFilmError
from cxrtui.data.images.headers import Header
from cxrtui.data.images.opening import open_film
from cxrtui.data.pool import OnProgress, windowed, workers
from cxrtui.data.prepared.fingerprint import Remembered
from cxrtui.errors import FilmError
from cxrtui.settings.config import DataConfig
from cxrtui.workspace import cache_root

_EVERY = 8  # films between two reports of progress


@dataclass(frozen=True, slots=True)
class Looked:
    """What is kept in memory of a film that can be read: its header, notes, and what is odd about its pixels."""

    header: Header
    notes: tuple[str, ...] = ()
    odd: str = ""


Work = Callable[[Film, Callable[[], bool]], Looked | str]


def headers_of(films: Sequence[Film], on_progress: OnProgress) -> list[Looked | str]:
    """Return each film's header, or why it cannot be read; an exception from `on_progress` ends the reading."""

    def work(film: Film, cancelled: Callable[[], bool]) -> Looked | str:
        del cancelled  # a header takes too little time to cancel
        try:
            return Looked(read_header(film.path))
        except FilmError as error:
            return printable(error)

    return _all(films, work, "reading headers", on_progress)


def looks_at(films: Sequence[Film], root: Path, data: DataConfig, on_progress: OnProgress) -> list[Looked | str]:
    """Decode each film as for a training by `data`; return its header and notes, or why it cannot be decoded."""
    size = stored_size(data.size)
    rules = (os.fspath(root.absolute()), size, data.resize_mode, PIXELS_VERSION, RULES, decoders())
    mark = hashlib.sha256(os.fsencode(repr(rules))).hexdigest()[:16]
    known = Remembered(cache_root() / "prepared" / "looks" / f"{mark}.sqlite")

    def work(film: Film, cancelled: Callable[[], bool]) -> Looked | str:
        shown = [film.display.window, film.display.inverted] if film.display is not None else None
        if (found := _kept_result(known.get(film.path, shown))) is not None:
            return found
        try:
            with open_film(film.path) as stream:  # this raises the reason where it cannot be opened
                status = os.fstat(stream.fileno())
            seen = look(film.path, size, data.resize_mode, film.display, cancelled)
        except RefusedFilmError as error:
            known.put(film.path, status, str(error), shown)
            return printable(error)
        except FilmError as error:
            return printable(error)
        known.put(film.path, status, asdict(seen), shown)
        return _looked(seen)

    try:
        return _all(films, work, "decoding films", on_progress)
    finally:
        known.save()


def _all(films: Sequence[Film], work: Work, phase: str, on_progress: OnProgress) -> list[Looked | str]:
    seen: list[Looked | str] = []
    same: dict[Looked | str, Looked | str] = {}  # most films of a collection look alike, and one object is enough
    cancelled = threading.Event()
    try:
        with ThreadPoolExecutor(workers(), "cxrtui-look") as pool:
            try:
                for item in windowed(pool, films, lambda film: work(film, cancelled.is_set)):
                    seen.append(same.setdefault(item, item))
                    if len(seen) % _EVERY == 0 or len(seen) == len(films):
                        on_progress(phase, len(seen), len(films))
            finally:
                cancelled.set()
    finally:
        rest()
    return seen


def _looked(seen: Seen) -> Looked:
    return Looked(seen.header, seen.notes, oddity(seen.view))


def _kept_result(kept: Any) -> Looked | str | None:
    """Return a kept result; None where it is not usable."""
    if isinstance(kept, str):
        return printable(kept)
    try:
        notes = tuple(str(note) for note in kept["notes"])
        found = Looked(Header(**kept["header"]), notes, oddity(View.checked(kept["view"])))
        hash(found)  # a list where a number belongs cannot be hashed
        return found
    except (TypeError, KeyError, ValueError):
        return None
