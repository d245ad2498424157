"""Two collections in DICOM: the RSNA pneumonia challenge and MIDRC-RICORD-1c."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cxrtui.data.films import Film, name_below, printable
from cxrtui.data.folders import subfolders, walk
from cxrtui.data.layouts.places import Files, columns
from cxrtui.data.manifest import read_table
from cxrtui.errors import DataError

_TARGETS = {"0": "No Lung Opacity", "1": "Lung Opacity"}
_RICORD = re.compile(r"^(MIDRC-RICORD-1C-(?:SITE)?\w+-\d+)", re.IGNORECASE)


def _rsna_tables(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path] if path.is_file() and path.suffix.casefold() == ".csv" and _is_rsna(path) else []
    try:
        return [file for file in sorted(path.glob("*.[cC][sS][vV]")) if _is_rsna(file)]
    except OSError:
        return []


def _is_rsna(file: Path) -> bool:
    there = columns(file)
    return "patientid" in there and bool(there & {"target", "class"}) and not there & {"path", "finding", "label"}


def is_rsna(path: Path) -> bool:
    """Whether `path` holds a CSV of patientId with Target or class."""
    return bool(_rsna_tables(path))


def read_rsna(path: Path, tally: Counter[str]) -> Iterator[Film]:
    """The films that the tables label; a film has a row for each of its boxes. `class` tells more than `Target`."""
    tables = _rsna_tables(path)
    if not tables:
        raise DataError(f"{printable(path)} cannot be read as rsna: it has no CSV with patientId and Target or class.")
    root = path if path.is_dir() else path.parent
    labels: dict[str, set[str]] = {}
    classes: dict[str, set[str]] = {}
    for file in tables:
        for _, row in read_table(file):
            name = row["patientid"]
            into, seen = (classes, row["class"]) if row.get("class") else (labels, row.get("target", ""))
            if name and seen:
                if name in into:
                    tally["a row of a film that has one already (one for each box)"] += 1
                into.setdefault(name, set()).add(_TARGETS.get(seen, seen))
    images = Files([root, *subfolders(root)])
    for name, found in sorted({**labels, **classes}.items()):
        file_of = images.find(name)
        if file_of is None:
            tally["listed in the table, but no such file"] += 1
        elif len(found) > 1:
            tally["a film with two labels"] += 1
        else:
            yield Film(path=file_of, name=name_below(file_of, root), label=min(found), patient=name)
    listed = {name.casefold() for name in (*labels, *classes)}
    if unlisted := sum(file.suffix.casefold() != ".csv" and file.stem.casefold() not in listed for file in images):
        tally["a file that the table does not list"] += unlisted


def _ricord_roots(path: Path) -> list[Path]:
    """Patients' folders at `path`, or up to two folders below."""
    level = [path]
    for _ in range(3):
        inner = [folder for place in level for folder in subfolders(place)[:2000]]
        if found := [folder for folder in inner if _RICORD.match(folder.name)]:
            return found
        level = inner[:8]
    return []


def is_ricord(path: Path) -> bool:
    """Whether folders or files named for RICORD-1c patients are there."""
    if not path.is_dir():
        return False
    if _RICORD.match(path.name) or _ricord_roots(path):
        return True
    try:
        return any(_RICORD.match(file.name) for file, _ in zip(path.iterdir(), range(50), strict=False))
    except OSError:
        return False


def read_ricord(path: Path, tally: Counter[str]) -> Iterator[Film]:
    """Every film, COVID-19 positive (by RT-PCR of every patient); the patient is in the folder's or file's name."""
    for file in walk(path, path, tally):
        names = (*reversed(file.relative_to(path).parts), path.name)
        named = next((match for name in names if (match := _RICORD.match(name))), None)
        if named is None:
            tally["not in a patient's folder"] += 1
        else:
            yield Film(path=file, name=name_below(file, path), label="COVID-19", patient=named[1])
