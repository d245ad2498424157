"""This module reads a manifest: a table with a column of paths, one of labels, and optionally other facts of `columns`.

Paths are relative to the manifest (`paths` says which other forms are read). A missing file stays listed, and is
reported as unreadable when it is decoded. A film is listed once, however its path is spelled; two rows that contradict
each other are an error.
"""

from __future__ import annotations

import os
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from cxrtui.data.films import Film, Tally, placed, printable
from cxrtui.data.findings import missing, no_patient, same_findings
from cxrtui.data.sources.columns import ROLES, Columns, candidates, one, plain
from cxrtui.data.sources.folders import SPLITS
from cxrtui.data.sources.litter import litter
from cxrtui.data.sources.paths import Spellings
from cxrtui.data.sources.table import Table, open_table
from cxrtui.errors import DataError
from cxrtui.printable import listing

COLUMNS = ROLES
NAME = "manifest.csv"
_FACTS = ("label", "patient", "split", "source", "view", "sex", "age", "offset")
_FLAGS = frozenset({"", "0", "1", "-1", "0.0", "1.0", "-1.0", "true", "false"})

_PREDICTED = frozenset({"ok", "label", "positive", "probability", "threshold"})  # columns of evaluation/rows.py

Row = Mapping[str, str]


def recognises(path: Path) -> bool:
    """Whether `path` is a CSV file, or a folder with a manifest.csv at its top."""
    if path.is_dir():
        return (path / NAME).is_file()
    return path.is_file() and path.suffix.casefold() in {".csv", ".tsv"}


def read(path: Path, tally: Counter[str]) -> Iterator[Film]:
    """Yield the films that the manifest lists; equal rows count once.

    Raises:
        DataError: a column is missing or ambiguous, a split has an unknown name, or two rows of one film contradict
            each other.
    """
    file = path / NAME if path.is_dir() else path
    table = open_table(file)
    columns = _understood(table)
    if isinstance(tally, Tally):
        tally.columns += columns.notes
    read = {role: header.casefold() for role, header in columns.read.items()}
    spellings = Spellings(file.parent)
    home = os.path.join(os.path.realpath(spellings.root), "")
    listed: dict[str, Film] = {}
    first = _First()
    for line, row in table:
        cells = {role: row[header] for role, header in read.items()}
        where = f"line {line} of {table.shown}"
        table.check_lines(line, row, read.values())
        if not cells["path"] or not cells["label"]:
            tally["a row without path" if not cells["path"] else "a row without label"] += 1
            continue
        if litter(cells["path"], spellings.root):
            tally["a row that lists what a system or a tool left"] += 1
            continue
        if "\0" in cells["path"]:
            tally["a row whose path no file can have"] += 1
            continue
        film = _film(cells, columns.read.get("split", ""), spellings, where)
        # One text is enough for the name, the path as the table has it and the file's identity, where they are equal.
        same = {film.name: film.name}
        key = spellings.identity(film.path).removeprefix(home)
        key = same.get(key, key)
        earlier = listed.setdefault(key, film)
        if earlier is film:
            first.add(line, film, cells["path"])
            continue
        listed[key] = _with(earlier, film, cells["path"], line, table.shown, partial(first.of, key, listed))
        tally["a row listed twice"] += 1
    yield from listed.values()


def column(path: Path, wanted: Callable[[str], bool]) -> tuple[list[str], dict[str, str] | None]:
    """Return the headers of a manifest, and by the film's path the cells of the column that is `wanted`.

    Cells that mean that nothing is known are empty; None if there is no such column.

    Raises:
        DataError: as `read`.
    """
    file = path / NAME if path.is_dir() else path
    table = open_table(file)
    headers = [header for header in table.headers if header]
    header = next((header for header in headers if wanted(header)), None)
    if header is None:
        return headers, None
    read = _understood(table).read
    spellings, found = Spellings(file.parent), dict[str, str]()
    for _, row in table:
        spelled = row[read["path"].casefold()]
        if spelled and "\0" not in spelled and not litter(spelled, spellings.root):
            found.setdefault(str(spellings.find(spelled)), printable(_given(row[header.casefold()])))
    return headers, found


class _First:
    """The first line that lists each film, and how it writes the film's path where that is not the film's name."""

    def __init__(self) -> None:
        self._lines = array("L")
        self._spelled: dict[int, str] = {}

    def add(self, line: int, film: Film, spelled: str) -> None:
        """Keep the line of a further film."""
        if spelled != film.name:
            self._spelled[len(self._lines)] = spelled
        self._lines.append(line)

    def of(self, key: str, listed: Mapping[str, Film]) -> tuple[int, str]:
        """Return the line of the film `key` of `listed`, and how the path is written there."""
        place = list(listed).index(key)
        return self._lines[place], self._spelled.get(place, listed[key].name)


def _with(
    film: Film, other: Film, spelled: str, line: int, shown: str, first: Callable[[], tuple[int, str]]
) -> Film:  # fmt: skip
    """Return `film` with the facts that another row gives for it, in `line` and with the path `spelled`.

    Raises:
        DataError: it contradicts an earlier row.
    """
    added: dict[str, Any] = {}
    for fact in _FACTS:
        ours, theirs = _value(fact, film), _value(fact, other)
        if ours and theirs and ours != theirs and not (fact == "label" and same_findings(ours, theirs)):
            where, written = first()
            there = f" (there as {printable(spelled)})" if spelled != written else ""
            raise DataError(
                f"{shown} says two things of {printable(film.name)}: the {fact} {printable(ours)} in line {where} and "
                f"{printable(theirs)} in line {line}{there}; correct one of the lines."
            )
        if theirs and not ours:
            added[fact] = theirs
    return replace(film, **added) if added else film


@lru_cache(maxsize=4096)
def _given(cell: str) -> str:
    """Return a cell, empty where its word means that the value is missing."""
    return "" if missing(cell) else cell


def _value(fact: str, film: Film) -> str:
    """Return the value of a fact of `film`; empty where its word means that the value is missing."""
    text = str(getattr(film, fact))
    return "" if missing(text) or (fact == "patient" and no_patient(text)) else text


@dataclass(slots=True)
class _Cells:
    """What the cells of a column hold.

    Attributes:
        some: whether any is not empty.
        flags: whether all are `_FLAGS`.
        split: whether any is a name of a split.
        splits: whether all that say something are.
    """

    some: bool = False
    flags: bool = True
    split: bool = False
    splits: bool = True

    def add(self, cell: str) -> None:
        word = cell.casefold()
        self.some = self.some or bool(cell)
        self.flags = self.flags and word in _FLAGS
        if word in SPLITS:
            self.split = True
        elif self.splits and _given(cell):
            self.splits = False


def _understood(table: Table) -> Columns:
    """Return which fact each column holds.

    Raises:
        DataError: there is no row, no column of paths or of labels, two columns may hold one fact, or the labels are
            predicted.
    """
    held: dict[str, _Cells] = {}
    for _, row in table:
        for name, cell in row.items():
            held.setdefault(name, _Cells()).add(cell)
    if not held:
        raise DataError(f"No films in {table.shown}: it has a header and no rows below it.")
    headers = [header for header in table.headers if header]
    if {header.casefold() for header in headers} >= _PREDICTED:
        raise DataError(
            f"{table.shown} holds what a model predicted (it is from cxrtui classify), and no film's true class; give "
            "a table with the true classes, or the folder of the films."
        )
    read: dict[str, str] = {}
    if split := _split_column(headers, held, table.shown):
        read["split"] = split
    for role in ROLES:
        if role != "split" and (header := one(role, [name for name in headers if name != split], table.shown)):
            read[role] = header
    flags = [
        header
        for header in headers
        if header not in [read[role] for role in read if role != "label"]
        and held[header.casefold()].some
        and held[header.casefold()].flags
    ]
    by_finding = plain(read.get("label", "")).startswith("covid")
    if "path" in read and len(flags) > 1 and ("label" not in read or by_finding):
        raise DataError(
            f"{table.shown} has a column for each finding ({listing(flags[:6])}, filled with 0 and 1) and "
            "no column label; write one column label with the name of each film's finding."
        )
    if missing := [role for role in ROLES[:2] if role not in read]:
        there = listing(headers[:8])
        raise DataError(
            f"{table.shown} has no column {' and no column '.join(missing)}; it has {there}, and needs path and label, "
            f"by this or a usual name ({', '.join(ROLES[2:])} may be there too)."
        )
    ordered = {role: read[role] for role in ROLES if role in read}
    return Columns(table.shown, ordered, tuple(header for header in headers if header not in read.values()))


def _split_column(headers: Sequence[str], held: Mapping[str, _Cells], shown: str) -> str:
    """Return the column of splits; a column with a name other than split only where it holds names of splits."""

    def holds(header: str) -> bool:
        cells = held[header.casefold()]
        # A column "dataset" is usually the source; where it only holds words such as train or test, it is the split.
        return cells.split and (plain(header) not in ("dataset", "phase") or cells.splits)

    found = candidates("split", headers)
    return one("split", [name for name in found if plain(name) == "split" or holds(name)], shown)


def _film(cells: Row, column: str, spellings: Spellings, where: str) -> Film:
    facts: dict[str, Any] = {role: _given(cells.get(role, "")) for role in _FACTS}
    # Whether a word is a finding or a patient depends on the other films (`spellings.understood`).
    patient = cells.get("patient", "")
    if patient.endswith(".0") and patient[:-2].isdigit():  # programs write a column of numbers with gaps like this
        patient = patient[:-2]
    facts |= {"label": cells["label"], "patient": patient}
    split = facts.pop("split")
    if split and split.casefold() not in SPLITS:
        of = f" (column {printable(column)})" if plain(column) != "split" else ""
        raise DataError(f"Unknown split {split!r}{of} in {where}; it may be train, validation or test, or stay empty.")
    try:
        path = spellings.find(cells["path"])
    except DataError as error:
        raise DataError(f"The path {error}, in {where}.") from None
    return Film(**placed(path, spellings.root), split=SPLITS.get(split.casefold(), ""), **facts)
