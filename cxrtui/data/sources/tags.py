"""What the tags of a source's DICOM files say of its films, and which of those are no films of a chest.

The layout's word comes first: a patient, view, sex or age that a table gives stays, but for a view that the tags say is
not frontal. Whether such a film counts is for ``data.views`` to say, as in every layout. A patient and a site are
hashes unless the raw ones are asked for; no raw one is kept, shown or written otherwise.

Headers are remembered in the process and not on disk: one takes less than a millisecond, and a file of them would hold
the names of institutions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
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
from cxrtui.errors import FilmError

_EVERY = 32  # films to a task of a thread, and to a word of progress


def read_tags(path: Path, *, raw: bool = False) -> DicomHeader:
    """The tags of the DICOM file at `path`, remembered in this process while the file stays the same.

    Raises:
        FilmError: as `dicom.header.read_header`.
    """
    try:
        status = path.stat()
    except OSError:
        return _read(path, (), raw)  # it says why
    return _read(path, (status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns), raw)


@lru_cache(maxsize=1 << 16)
def _read(path: Path, identity: tuple[int, ...], raw: bool) -> DicomHeader:
    del identity
    return read_apart(path, salt=own_salt(), raw=raw)


def with_tags(
    films: Sequence[Film], tally: Counter[str], *, raw: bool = False, on_progress: OnProgress = no_progress
) -> Iterator[Film]:
    """The films in order, DICOM ones with what their tags say; those that are no film of a chest counted.

    Every file's first bytes are looked at, for the content decides what is DICOM. One that cannot be read stays: that
    is found out, and reported, when it is decoded.
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


def _is_dicom(path: Path) -> bool:
    try:
        if not path.is_file():  # a pipe would be waited for
            return False
        with path.open("rb", buffering=0) as stream:
            return is_dicom(stream.read(HEAD))
    except (OSError, ValueError):
        return False


def _with_tags(film: Film, raw: bool) -> tuple[Film, str]:
    """The film, and why it is to be left out."""
    try:
        said = read_tags(film.path, raw=raw)
    except FilmError:
        return film, ""
    site = said.institution if raw or not said.institution else f"site {deidentified(said.institution, own_salt())[:8]}"
    view, not_frontal = other_view(said)
    film = replace(
        film, patient=film.patient or said.patient, view=view or film.view or said.view, sex=film.sex or said.sex,
        age=film.age or said.age, source=film.source or site, not_frontal=not_frontal,
        patient_everywhere=film.patient_everywhere or bool(said.patient and not film.patient),
    )  # fmt: skip
    return film, why_not_chest_film(said)
