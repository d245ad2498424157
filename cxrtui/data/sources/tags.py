"""This module adds the facts in DICOM tags to the films of a source, and leaves out those that show no chest.

The layout has priority: a patient, view, sex or age from a table is kept, except a view that the tags contradict as not
frontal. The setting ``data.views`` decides whether such a film is used, as in every layout. Patients and sites are
hashes unless the raw ones are asked for; otherwise no raw one is kept, shown or written.

Headers are kept in memory and not on disk: reading one takes less than a millisecond, and a file of them would contain
the names of institutions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from cxrtui.data.films import Film, printable
from cxrtui.data.images.decoding.films import read_tags as read_apart
from cxrtui.data.images.dicom.description import DicomHeader
from cxrtui.data.images.dicom.recognise import HEAD, is_dicom
from cxrtui.data.images.dicom.salt import deidentified, own_salt
from cxrtui.data.pool import OnProgress, no_progress, windowed, workers
from cxrtui.data.sources.chest import other_view, why_not_chest_film
from cxrtui.data.sources.layouts.words import keeps
from cxrtui.errors import FilmError

_EVERY = 32  # films in one task of a thread, and between two reports of progress


def read_tags(path: Path, *, raw: bool = False) -> DicomHeader:
    """Return the tags of the DICOM file at `path`, kept in memory while the file is unchanged.

    Raises:
        FilmError: as in `dicom.header.read_header`.
    """
    try:
        status = path.stat()
    except OSError:
        return _read(path, (), raw)  # this raises the reason
    return _read(path, (status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns), raw)


@lru_cache(maxsize=1 << 16)
def _read(path: Path, identity: tuple[int, ...], raw: bool) -> DicomHeader:
    del identity
    return read_apart(path, salt=own_salt(), raw=raw)


def with_tags(
    films: Sequence[Film], tally: Counter[str], *, raw: bool = False, on_progress: OnProgress = no_progress
) -> Iterator[Film]:
    """Yield the films in order, DICOM ones with the facts in their tags; films that show no chest are only counted.

    The first bytes of every file are read, because the content decides what is DICOM. A file that cannot be read stays
    in the list, and is reported when it is decoded.
    """
    chunks = [films[start : start + _EVERY] for start in range(0, len(films), _EVERY)]

    def look(chunk: Sequence[Film]) -> list[tuple[Film, str]]:
        return [_with_tags(film, raw) if _is_dicom(film.path) else (film, "") for film in chunk]

    done = 0
    with ThreadPoolExecutor(workers(), "cxrtui-tags") as pool:
        for chunk in windowed(pool, chunks, look):
            done += len(chunk)
            on_progress("reading tags", done, len(films))
            for film, why_not in chunk:
                if why_not:
                    tally[printable(why_not)] += 1
                else:
                    yield film


def why_not_frontal(path: Path, views: Iterable[str] = ("frontal",)) -> str:
    """Return why a file shows no chest in one of `views`, by its DICOM tags; empty if none says so or it has none."""
    if not _is_dicom(path):
        return ""
    try:
        tags = read_tags(path)
    except FilmError:
        return ""
    view, named = other_view(tags)
    return why_not_chest_film(tags) or (named if view and not keeps(views, view) else "")


def _is_dicom(path: Path) -> bool:
    try:
        if not path.is_file():  # reading a pipe would block
            return False
        with path.open("rb", buffering=0) as stream:
            return is_dicom(stream.read(HEAD))
    except (OSError, ValueError):
        return False


def _with_tags(film: Film, raw: bool) -> tuple[Film, str]:
    """Return the film, and why it is left out."""
    try:
        tags = read_tags(film.path, raw=raw)
    except FilmError:
        return film, ""
    site = tags.institution if raw or not tags.institution else f"site {deidentified(tags.institution, own_salt())[:8]}"
    view, not_frontal = other_view(tags)
    film = replace(
        film, patient=film.patient or tags.patient, view=view or film.view or tags.view, sex=film.sex or tags.sex,
        age=film.age or tags.age, source=film.source or site, not_frontal=not_frontal,
        patient_everywhere=film.patient_everywhere or bool(tags.patient and not film.patient),
    )  # fmt: skip
    return film, why_not_chest_film(tags)
