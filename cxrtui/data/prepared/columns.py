"""This module says of each film to which group it belongs: by view, sex, age, size, or a column of its table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from cxrtui.data.films import Film
from cxrtui.data.images.headers import read_header
from cxrtui.data.pool import OnProgress, no_progress, windowed, workers
from cxrtui.data.sources import layouts, manifest
from cxrtui.data.sources.columns import plain
from cxrtui.data.sources.layouts import tables
from cxrtui.data.sources.naming import TFDS, split_name
from cxrtui.data.sources.recognising import find_layout
from cxrtui.errors import DataError, FilmError
from cxrtui.printable import listing

COLUMNS = ("source", "view", "sex", "age", "size")
"""The columns that every film may have; `size` is read from the file."""
_SEXES = {"m": "male", "male": "male", "f": "female", "female": "female"}
_AGE = re.compile(
    r"0*(\d{1,3})(?:[.,]\d+)?\s*(y|yr|yrs|years?|m|mo|months?|w|weeks?|d|days?)?(?:\s*old)?", re.IGNORECASE
)
_AGES = ((18, "under 18"), (40, "18–39"), (60, "40–59"), (80, "60–79"), (151, "80 and over"))
_SIZES = ((512, "under 512 px"), (1024, "512–1023 px"), (2048, "1024–2047 px"))


def columns_of(films: Sequence[Film]) -> dict[str, list[str]]:
    """Return view, sex and age band of each film by the name of the column, ``[N]``; empty where it is not known."""
    return {
        "view": [film.view for film in films],
        "sex": [_SEXES.get(film.sex.casefold(), film.sex) for film in films],
        "age": [age_band(film.age) for film in films],
    }


def age_band(text: str) -> str:
    """Return the band of an age such as ``45``, ``045Y`` or ``6 months``; empty where it is none.

    >>> age_band("045Y"), age_band("6 months"), age_band("unknown")
    ('40–59', 'under 18', '')
    """
    found = _AGE.fullmatch(text.strip())
    if found is None:
        return ""
    years = int(found[1]) if (found[2] or "y")[0].casefold() == "y" else 0
    return next((name for below, name in _AGES if years < below), "")


def size_band(width: int, height: int) -> str:
    """Return the band of an image's longer side, pixels."""
    return next((name for below, name in _SIZES if max(width, height) < below), "2048 px and over")


def sizes(paths: Sequence[str], on_progress: OnProgress = no_progress) -> list[str]:
    """Return the size band of the image in each file, ``[N]``; empty where its header cannot be read."""

    def band(path: str) -> str:
        try:
            header = read_header(Path(path))
        except FilmError:
            return ""
        return size_band(header.width, header.height)

    found: list[str] = []
    with ThreadPoolExecutor(workers(), "cxrtui-header") as pool:
        for name in windowed(pool, paths, band):
            found.append(name)
            on_progress("reading sizes", len(found), len(paths))
    return found


def cells(column: str, sources: Iterable[str]) -> dict[str, str]:
    """Return the cell of `column` by the film's path, from the tables of the sources; empty where none is known.

    Args:
        column: its header; case, blanks and underscores do not count.
        sources: as for a training; a manifest, or a layout of `tables.TABLES`, has a table.

    Raises:
        DataError: no source has a table with that column.
    """
    found: dict[str, str] = {}
    headers: list[str] = []
    known = False
    for source in sources:
        forced, rest = split_name(source)
        if forced == TFDS:
            continue
        layout, root = find_layout(rest, forced)
        table = next((item for item in tables.TABLES if item.name == layout.name), None)
        if layout.name != layouts.MANIFEST.name and table is None:
            continue
        read = manifest.column if table is None else partial(tables.column, table)
        named, here = read(root, lambda header: plain(header) == plain(column))
        headers += named
        known = known or here is not None
        found |= here or {}
    if not known:
        there = listing(list(dict.fromkeys([*COLUMNS, *headers])))
        raise DataError(f"The films have no column {column[:64]}; there are {there}.")
    return found
