"""What the tags of a source's DICOM files say of its films, and which of those are no frontal films of a chest.

The layout's word comes first: a patient, view, sex or age that a table gives stays. A patient and a site are hashes
unless the raw ones are asked for; no raw one is kept, shown or written otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from cxrtui.data.dicom.recognise import HEAD, is_dicom
from cxrtui.data.films import Film
from cxrtui.data.folders import ENDINGS
from cxrtui.data.pool import windowed, workers
from cxrtui.errors import FilmError

if TYPE_CHECKING:
    from cxrtui.data.dicom.header import DicomHeader

_PICTURES = ENDINGS - {".dcm", ".dicom"}


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
    from cxrtui.data.dicom.header import read_header  # pydicom takes long to import, and most films are not DICOM

    return read_header(path, raw=raw)


def with_tags(films: Iterable[Film], tally: Counter[str], *, raw: bool = False) -> Iterator[Film]:
    """The films in order, DICOM ones with what their tags say; those whose tags say that they do not belong counted.

    A file that cannot be read stays: that is found out, and reported, when it is decoded. A file whose ending is that
    of another kind of picture is not opened.
    """

    def look(film: Film) -> tuple[Film, str]:
        return _with_tags(film, raw) if _may_be_dicom(film.path) else (film, "")

    listed = list(films)
    if all(film.path.suffix.casefold() in _PICTURES for film in listed):
        yield from listed
        return
    with ThreadPoolExecutor(workers(), "cxrtui-tags") as pool:
        for film, why_not in windowed(pool, listed, look):
            if why_not:
                tally[why_not] += 1
            else:
                yield film


def _may_be_dicom(path: Path) -> bool:
    if path.suffix.casefold() in _PICTURES:
        return False
    try:
        if not path.is_file():  # a pipe would be waited for
            return False
        with path.open("rb") as stream:
            return is_dicom(stream.read(HEAD))
    except (OSError, ValueError):
        return False


def _with_tags(film: Film, raw: bool) -> tuple[Film, str]:
    """The film, and why it is to be left out."""
    from cxrtui.data.dicom.chest import why_not_chest_film
    from cxrtui.data.dicom.header import deidentified, own_salt

    try:
        said = read_tags(film.path, raw=raw)
    except FilmError:
        return film, ""
    site = said.institution if raw or not said.institution else f"site {deidentified(said.institution, own_salt())[:8]}"
    film = replace(
        film, patient=film.patient or said.patient, view=film.view or said.view, sex=film.sex or said.sex,
        age=film.age or said.age, source=film.source or site,
    )  # fmt: skip
    return film, why_not_chest_film(said)
