"""This module measures many films in worker processes and keeps the results on disk.

A kept result is used while the file (see `fingerprint.Remembered`), the rules of decoding and measuring, and the
decoders are unchanged.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from cxrtui.data.confounders.features import numbers_of_pixels
from cxrtui.data.confounders.film import Measures, unpacked
from cxrtui.data.films import Film
from cxrtui.data.images.decoding.films import PIXELS_VERSION, decoders
from cxrtui.data.images.decoding.process import CancelledError
from cxrtui.data.images.decoding.processes import Processes
from cxrtui.data.images.opening import open_film
from cxrtui.data.pool import OnProgress, windowed, workers
from cxrtui.data.prepared.fingerprint import Remembered
from cxrtui.errors import FilmError
from cxrtui.settings.config import DataConfig
from cxrtui.workspace import cache_root

MEASURES_VERSION = 2  # raise it when the same films would give other measures
_EVERY = 8  # films between two reports of progress

processes = Processes("cxrtui.data.confounders.jobs")
atexit.register(processes.close)


def measured(films: Sequence[Film], root: Path, data: DataConfig, on_progress: OnProgress) -> list[Measures | None]:
    """Return the measures of each film, None where it cannot be read; an exception from `on_progress` ends the reading.

    Args:
        films: the films.
        root: the folder of their collection.
        data: the settings that decide how the network sees them: size and resize mode.
        on_progress: called with the phase, the number of films done, and the total.
    """
    rules = (os.fspath(root.absolute()), data.size, data.resize_mode, PIXELS_VERSION, MEASURES_VERSION, decoders())
    mark = hashlib.sha256(os.fsencode(repr(rules))).hexdigest()[:16]
    known = Remembered(cache_root() / "prepared" / "confounders" / f"{mark}.sqlite")
    cancelled = threading.Event()

    def work(film: Film) -> Measures | None:
        shown = [film.display.window, film.display.inverted] if film.display is not None else None
        if (kept := _measures(known.get(film.path, shown))) is not None:
            return kept
        arguments = {"size": data.size, "resize_mode": data.resize_mode,
                     "display": None if film.display is None else asdict(film.display)}  # fmt: skip
        try:
            with open_film(film.path) as stream:
                status = os.fstat(stream.fileno())
            words = processes.run("measure", film.path, arguments, cancelled.is_set).words
        except (FilmError, CancelledError):
            return None
        if (found := _measures(words)) is not None:
            known.put(film.path, status, words, shown)
        return found

    results: list[Measures | None] = []
    same: dict[str, Any] = {}  # most films are encoded alike, and one object is enough
    try:
        with ThreadPoolExecutor(workers(), "cxrtui-measure") as pool:
            try:
                for item in windowed(pool, films, work):
                    results.append(None if item is None else _sharing(item, same))
                    if len(results) % _EVERY == 0 or len(results) == len(films):
                        on_progress("measuring films", len(results), len(films))
            finally:
                cancelled.set()
    finally:
        processes.rest()
        known.save()
    return results


def _sharing(found: Measures, same: dict[str, Any]) -> Measures:
    """Return `found` with the first encoding and tags among `same` that equal its own, which are added otherwise."""
    encoding, tags = (same.setdefault(repr(words), words) for words in (found.encoding, found.tags))
    return replace(found, encoding=encoding, tags=tags)


def _measures(words: Any) -> Measures | None:
    """Return the measures that a worker or the cache gave; None where these are not usable."""
    try:
        found = Measures(**words)
        whole = len(unpacked(found.original)) == len(unpacked(found.seen)) == numbers_of_pixels()
    except (TypeError, ValueError):
        return None
    return found if whole else None
