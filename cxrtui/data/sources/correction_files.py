"""This module reads and writes the two files in which a user corrects a source.

The file ``data.exclude`` is a text with the path of a film on each line; empty lines and those that begin with ``#``
are comments. The file ``data.groups`` is a CSV with the columns path, other and relation: two films, and whether they
are of the `SAME` or of `DIFFERENT` patients. A path is absolute, or relative to the folder of the file, or the film's
name in its collection as a splits.csv has it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cxrtui.data.films import printable
from cxrtui.data.sources.table import read_table
from cxrtui.errors import DataError
from cxrtui.files import read_bytes
from cxrtui.printable import path_cell

SAME, DIFFERENT = "same patient", "different patients"
COLUMNS = ("path", "other", "relation")
_COMMENT = "#"
_LONGEST = 4096  # characters of a path


@dataclass(frozen=True)
class Regrouping:
    """What a line of ``data.groups`` says of the films `first` and `second`: `SAME` or `DIFFERENT` patients."""

    first: str
    second: str
    relation: str
    line: int = 0


def read_excluded(file: Path) -> list[str]:
    """Return the paths in the file ``data.exclude``, in its order.

    Raises:
        DataError: it cannot be read, or is not a text file of paths.
    """
    shown = printable(file)
    try:
        body = read_bytes(file).decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"Cannot read the file of data.exclude, {shown}: {error.strerror or error}; name a text file "
                        "of paths, or leave data.exclude empty.") from None  # fmt: skip
    except UnicodeDecodeError:
        body = "\0"
    lines = [line.strip() for line in body.splitlines()]
    if "\0" in body or any(len(line) > _LONGEST for line in lines):
        raise DataError(f"The file of data.exclude, {shown}, is not a UTF-8 text with a path on each line.")
    return [line for line in lines if line and not line.startswith(_COMMENT)]


def read_groups(file: Path) -> list[Regrouping]:
    """Return the lines of the file ``data.groups``, in its order.

    Raises:
        DataError: it cannot be read, lacks a column, or a line has another relation or one film twice.
    """
    shown = f"the file of data.groups, {printable(file)}"
    result = []
    for line, row in _rows(file):
        if lacking := [name for name in COLUMNS if name not in row]:
            raise DataError(f"There is no column {lacking[0]} in {shown}; it needs the columns {', '.join(COLUMNS)}.")
        found = Regrouping(row["path"], row["other"], row["relation"].casefold(), line)
        if found.relation not in (SAME, DIFFERENT):
            raise DataError(f"Unknown relation {row['relation'][:64]!r} in line {line} of {shown}; it may be "
                            f"{SAME} or {DIFFERENT}.")  # fmt: skip
        if not found.first or not found.second or found.first == found.second:
            raise DataError(f"Line {line} of {shown} does not name two films; correct it, or take it out.")
        result.append(found)
    return result


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the lines and cells of the table in `file`, as `read_table`; its errors name the setting."""
    try:
        yield from read_table(file)
    except DataError as error:
        raise DataError(f"data.groups: {error}") from None


def as_line(path: Path, folder: Path) -> str:
    """Return `path`, of a film, as a file in `folder` names it: relative to the folder where it is below it."""
    text = printable(path.relative_to(folder) if path.is_relative_to(folder) else path)
    return f"./{text}" if text.startswith(_COMMENT) else text


def with_excluded(before: str, paths: Iterable[str]) -> str:
    """Return the text of a file ``data.exclude`` with `paths` added at its end; those that it has are not repeated."""
    known = {line.strip() for line in before.splitlines()}
    text = before or f"{_COMMENT} Films that are left out (data.exclude), a path on each line.\n"
    added = [path for path in dict.fromkeys(paths) if path not in known]
    return "".join([text, "\n" * bool(added and not text.endswith("\n")), *(f"{path}\n" for path in added)])


def with_groups(before: str, rows: Sequence[Regrouping]) -> str:
    """Return the text of a file ``data.groups`` with `rows` added at its end."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if not before.strip():
        writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([path_cell(row.first), path_cell(row.second), row.relation])
    return f"{before}{'' if not before or before.endswith(chr(10)) else chr(10)}{text.getvalue()}"
