"""This module reads and writes the file that says which film is in which split, splits.csv."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from cxrtui.data.films import SPLIT_NAMES
from cxrtui.data.prepared.splits import Chosen, Splits, check
from cxrtui.data.sources.table import read_table
from cxrtui.errors import DataError
from cxrtui.files import replacing
from cxrtui.printable import cell, path_cell, printable
from cxrtui.workspace import expand

COLUMNS = ("path", "label", "patient", "part", "source", "sha256")  # on disk, a split is called a part
GROUP = "group"  # the column of `group_names`; files of older versions have none


def write(
    file: Path, films: Chosen, digests: Sequence[str], of_film: Sequence[str], groups: Sequence[str] = ()
) -> None:  # fmt: skip
    """Write the splits as splits.csv, by a rename; the part of a film that is left out is empty.

    `groups` are as `group_names` gives them.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow((*COLUMNS, GROUP))
        for split, (film, _), digest, group in zip(of_film, films, digests, groups or [""] * len(films), strict=True):
            words = map(cell, (film.label, film.patient, split, film.source, digest, group))
            writer.writerow([path_cell(film.name), *words])
        text.detach()


def listed(file: Path) -> list[tuple[int, dict[str, str]]]:
    """Return the line and the cells of each film in the split file `file`; of `COLUMNS`, path and part are present.

    Raises:
        DataError: it cannot be read, a split has an unknown name, or a film is listed in two splits.
    """
    result = []
    seen: dict[str, tuple[int, str]] = {}
    for line, row in read_table(file):
        if "path" not in row or "part" not in row:
            raise DataError(f"{printable(file)} is not a split file; it needs the columns path and part.")
        if row["part"] not in ("", *SPLIT_NAMES):
            raise DataError(
                f"Unknown split {row['part']!r} in line {line} of {printable(file)}; it may be "
                f"{', '.join(SPLIT_NAMES)}."
            )
        before, split = seen.setdefault(row["path"], (line, row["part"]))
        if split != row["part"]:
            raise DataError(
                f"{printable(file)} has {printable(row['path'])} in two splits: {split or 'none'} in line {before} and "
                f"{row['part'] or 'none'} in line {line}; correct one of the lines."
            )
        result.append((line, row))
    return result


def read(file: str | Path, films: Chosen, dropped: Collection[int] = (), *, checked: bool = True) -> Splits:
    """Return the splits that `file` gives for `films`, but for those at the indices `dropped`, which get none.

    Films that the file lists and that are not among `films` are counted in `absent`. If it is not `checked`, the file
    may lack films, which then get no split, and a split may lack a class.

    Raises:
        DataError: the file cannot be read or used, does not cover all films, or a split lacks a class.
    """
    path = expand(file)
    there = {row["path"]: row["part"] for _, row in listed(path)}
    ways = (printable, path_cell)
    names = [[way(path).strip() for path in (film.name, film.path) for way in ways] for film, _ in films]
    found = [next((there[name] for name in known if name in there), None) for known in names]
    missing = [film.name for (film, _), split in zip(films, found, strict=True) if split is None]
    if missing and checked:
        raise DataError(
            f"{printable(path)} does not say where {len(missing)} of {len(films)} films belong, one of them "
            f"{printable(missing[0])}; leave data.splits empty for a new split, or add them to the file."
        )
    of_film = [split or "" for split in found]
    unused = Counter({"films without a split in the split file": of_film.count("")})
    of_film = ["" if place in dropped else split for place, split in enumerate(of_film)]
    if checked:
        check(films, of_film)
    return Splits(of_film, +unused, absent=max(0, len(there) - len(films)))
