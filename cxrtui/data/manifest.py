"""A layout: a CSV manifest with columns path and label, and optionally the others of `COLUMNS`.

Separators ``,`` ``;`` and tab, a byte-order mark, UTF-8, UTF-16 or Windows encodings, and any case or spaces in the
headers are read. Paths are relative to the manifest. A file that is not there stays listed, and is reported as
unreadable when it is decoded.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cxrtui.data.films import Film, name_below, printable
from cxrtui.data.folders import SPLITS
from cxrtui.errors import DataError

COLUMNS = ("path", "label", "patient", "split", "source", "view", "sex", "age", "offset")
NAME = "manifest.csv"
_LIMIT = 1 << 30


def recognises(path: Path) -> bool:
    """Whether `path` is a CSV file, or a folder with a manifest.csv at its top."""
    if path.is_dir():
        return (path / NAME).is_file()
    return path.is_file() and path.suffix.casefold() in {".csv", ".tsv"}


def read_table(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The line number and the cells of each row, by header in lower case; cells are stripped, short rows filled.

    Raises:
        DataError: the file cannot be read, is empty or is not a table.
    """
    shown = printable(file)
    try:
        if file.stat().st_size > _LIMIT:
            raise DataError(f"{shown} is too large for a manifest (over 1 GiB).")
        raw = file.read_bytes()
    except OSError as error:
        raise DataError(f"Cannot read {shown}: {error.strerror or error}.") from None
    yield from rows(text(raw), shown)


def rows(body: str, shown: str, headers_only: bool = False) -> Iterator[tuple[int, dict[str, str]]]:
    """As `read_table`, of a table's text; `headers_only` yields one row of empty cells.

    Raises:
        DataError: it is empty or is not a table.
    """
    told = re.match(r"\s*sep=([,;\t])\r?\n", body, re.IGNORECASE)  # as Excel writes and wants it
    body = body[told.end() :] if told else body
    first = body.lstrip("\r\n").split("\n", 1)[0]
    separator = told[1] if told else max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=separator)
    header: list[str] = []
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if not header:
                header = [cell.strip().casefold() for cell in row]
                if headers_only:
                    yield reader.line_num, dict.fromkeys(filter(None, header), "")
                    return
                continue
            cells = [*row, *[""] * len(header)]
            yield reader.line_num, {name: cells[place].strip() for place, name in enumerate(header) if name}
    except csv.Error as error:
        raise DataError(f"{shown} is not a table of comma-separated values: line {reader.line_num}, {error}.") from None
    if not header:
        raise DataError(f"{shown} is empty; it needs a header line with the columns path and label.")


def text(raw: bytes) -> str:
    """The manifest's text: by its byte-order mark, else UTF-8, else Windows Western."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def read(path: Path, tally: Counter[str]) -> Iterator[Film]:
    """The films that the manifest lists; rows that are listed twice alike count once.

    Raises:
        DataError: a column is missing, a split has an unknown name, or one film has two different rows.
    """
    file = path / NAME if path.is_dir() else path
    root, shown = file.parent, printable(file)
    listed: dict[str, tuple[int, Film]] = {}
    for line, row in read_table(file):
        missing = [name for name in COLUMNS[:2] if name not in row]
        if missing:
            there = printable(", ".join(list(row)[:8]))
            raise DataError(
                f"{shown} has no column {' and no column '.join(missing)}; it has {there}, and needs "
                f"path and label ({', '.join(COLUMNS[2:])} may be there too)."
            )
        if not row["path"] or not row["label"]:
            tally["a row without path" if not row["path"] else "a row without label"] += 1
            continue
        if "\0" in row["path"]:
            tally["a row whose path no file can have"] += 1
            continue
        film = _film(row, root, f"line {line} of {shown}")
        earlier = listed.setdefault(film.name, (line, film))
        if earlier[1] is film:
            continue
        if earlier[1] != film:
            raise DataError(f"{shown} says two things of {printable(film.name)}, in lines {earlier[0]} and {line}.")
        tally["a row listed twice"] += 1
    for _, film in listed.values():
        yield film


def _film(row: dict[str, str], root: Path, where: str) -> Film:
    split = row.get("split", "") or row.get("part", "")
    if split and split.casefold() not in SPLITS:
        raise DataError(f"Unknown split {split!r} in {where}; it may be train, validation or test, or stay empty.")
    path = root / row["path"]
    if "\\" in row["path"] and not os.path.lexists(path):  # written on Windows
        path = root / row["path"].replace("\\", "/")
    rest: dict[str, Any] = {name: row.get(name, "") for name in COLUMNS if name not in ("path", "split")}
    return Film(path=path, name=name_below(path, root), split=SPLITS.get(split.casefold(), ""), **rest)
