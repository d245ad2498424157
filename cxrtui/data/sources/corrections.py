"""This module reads a source as the settings of the data say, with the user's corrections of it.

``data.exclude`` leaves films out, and ``data.groups`` says of two films whether they are of one patient
(`correction_files`). Training, inspection, preview and evaluation all read their films here, so that a correction holds
for each of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cxrtui.data.films import FILE_PATIENT, RULE_GROUPS, Collection, Film, count_labels, printable
from cxrtui.data.pool import OnProgress, no_progress
from cxrtui.data.sources.collect import read_sources
from cxrtui.data.sources.correction_files import DIFFERENT, SAME, Regrouping, read_excluded, read_groups
from cxrtui.data.sources.paths import identity
from cxrtui.errors import DataError
from cxrtui.settings.config import DataConfig
from cxrtui.workspace import expand

EXCLUDED = "films that data.exclude names"


def read_corrected(
    data: DataConfig, source: str | Path | Sequence[str | Path], on_progress: OnProgress = no_progress
) -> Collection:
    """Read all films at `source`, without those of ``data.exclude`` and with the patients of ``data.groups``.

    Raises:
        DataError: as in `read_sources`, a file of corrections cannot be used, or it leaves no film.
        ConfigError: ``data.patient_pattern`` is not a regular expression with a group.
    """
    collection = read_sources(source, data.patient_pattern, raw=data.identifiers == "raw", on_progress=on_progress)
    return corrected(collection, data)


def corrected(collection: Collection, data: DataConfig) -> Collection:
    """Return the collection without the films of ``data.exclude`` and with the patients of ``data.groups``.

    Raises:
        DataError: a file of corrections cannot be used, or it leaves no film.
    """
    if data.groups:
        collection = regrouped(collection, expand(data.groups))
    return without(collection, expand(data.exclude)) if data.exclude else collection


class _Names:
    """Finds the film that a file in `folder` names."""

    def __init__(self, films: Iterable[Film], folder: Path) -> None:
        self._folder = os.path.abspath(folder)
        self._homes: dict[str, str] = {}
        self._by_text: dict[str, str] = {}
        for film in films:
            self._by_text[printable(identity(film.path, self._homes)).strip()] = film.name
        for film in films:
            self._by_text.setdefault(printable(film.name).strip(), film.name)

    def of(self, text: str) -> str | None:
        """Return the name of the film that `text` means; None where it is not among the films."""
        if "\0" in text:
            return None
        path = identity(os.path.join(self._folder, expand(text)), self._homes)
        return self._by_text.get(printable(path).strip()) or self._by_text.get(text)


def without(collection: Collection, file: Path) -> Collection:
    """Return the collection without the films that `file` names, which are counted as left out.

    Raises:
        DataError: the file cannot be used, or names all films.
    """
    listed = read_excluded(file)
    names = _Names(collection.films, file.parent)
    found = [names.of(text) for text in listed]
    named_here = set(found)
    films = tuple(film for film in collection.films if film.name not in named_here)
    if not films:
        raise DataError(f"{printable(file)} (data.exclude) leaves out all {len(collection.films):,} films of "
                        f"{collection.shown}; take lines out of it.")  # fmt: skip
    count = len(collection.films) - len(films)
    left_out = dict(sorted({**collection.left_out, EXCLUDED: count}.items())) if count else collection.left_out
    return replace(collection, films=films, found=count_labels(films), left_out=left_out,
                   remarks=(*collection.remarks, *_absent(found, file, "data.exclude")))  # fmt: skip


def _absent(found: Sequence[object], file: Path, key: str) -> Iterator[str]:
    """Yield a remark on lines whose films are not there."""
    if count := sum(item is None for item in found):
        names = "names" if count == 1 else "name"
        yield f"{count:,} of {len(found):,} lines of {printable(file)} ({key}) {names} no film that is here"


def regrouped(collection: Collection, file: Path) -> Collection:
    """Return the collection with the patients that `file` says, and with its pairs of films that are no copies.

    Of two films of different patients that have one, the second gets a patient of its own, with the films that the file
    says are of its patient. Of two films of the same patient, the patients become one, with all their films.

    Raises:
        DataError: the file cannot be used, or contradicts itself.
    """
    rows = named(read_groups(file), collection.films, file.parent)
    known = [row for row in rows if row is not None]
    if row := contradiction(known):
        raise DataError(f"Line {row.line} of {printable(file)} (data.groups) says that {printable(row.first)} and "
                        f"{printable(row.second)} are of different patients, and other lines say that they are of "
                        "one; take one of the lines out.")  # fmt: skip
    together = _joined((row.first, row.second) for row in known if row.relation == SAME)
    apart = [row for row in known if row.relation == DIFFERENT]
    films = {film.name: film for film in collection.films}
    _divide(films, apart, together)
    _join(films, [row for row in known if row.relation == SAME])
    _divide(films, apart, together)  # a patient who was joined may hold such films too
    pairs = frozenset(frozenset((row.first, row.second)) for row in apart)
    return replace(collection, films=tuple(films.values()), apart=collection.apart | pairs,
                   remarks=(*collection.remarks, *_absent(rows, file, "data.groups")))  # fmt: skip


def named(rows: Iterable[Regrouping], films: Iterable[Film], folder: Path) -> list[Regrouping | None]:
    """Return `rows`, of a file in `folder`, with the names of films; None for a row that does not name two `films`."""
    names = _Names(films, folder)
    return [
        replace(row, first=first, second=second) if first and second and first != second else None
        for row in rows
        for first, second in [(names.of(row.first), names.of(row.second))]
    ]


def contradiction(rows: Sequence[Regrouping]) -> Regrouping | None:
    """Return the first of `rows` that says different patients where others say one, also through other films."""
    together = _joined((row.first, row.second) for row in rows if row.relation == SAME)
    return next((row for row in rows if row.relation == DIFFERENT
                 and _root(together, row.first) == _root(together, row.second)), None)  # fmt: skip


def _divide(films: dict[str, Film], apart: Sequence[Regrouping], together: Mapping[str, str]) -> None:
    """Give the second film of each line of `apart` a patient of its own where both have one."""
    held: dict[str, list[str]] = {}
    for name, film in films.items() if apart else ():
        held.setdefault(film.patient, []).append(name)
    for row in apart:
        patient, root = films[row.first].patient, _root(together, row.second)
        if patient != films[row.second].patient:
            continue
        for name in list(held[patient]):
            if _root(together, name) == root:
                films[name] = replace(films[name], patient=row.second, patient_everywhere=False,
                                      patient_rule=RULE_GROUPS)  # fmt: skip
                held[patient].remove(name)
                held.setdefault(row.second, []).append(name)


def _join(films: dict[str, Film], rows: Sequence[Regrouping]) -> None:
    """Give the films of each line's two patients one patient."""
    person = _joined((films[row.first].patient, films[row.second].patient) for row in rows)
    held: dict[str, list[Film]] = {}
    for film in films.values():
        if film.patient in person:
            held.setdefault(_root(person, film.patient), []).append(film)
    for members in held.values():
        first = next((film for film in members if film.patient_everywhere), None)
        first = first or next((film for film in members if film.patient_known), members[0])
        everywhere, patient = first.patient_everywhere, first.patient.removeprefix(FILE_PATIENT)
        for film in members:
            films[film.name] = replace(film, patient=patient, patient_everywhere=everywhere, patient_rule=RULE_GROUPS)


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return for each text of `pairs` another one that it is connected with, up to the `_root`, which is its own."""
    parent: dict[str, str] = {}
    for one, other in pairs:
        parent.setdefault(one, one)
        parent.setdefault(other, other)
        parent[_root(parent, other)] = _root(parent, one)
    return parent


def _root(parent: Mapping[str, str], text: str) -> str:
    while (above := parent.get(text, text)) != text:
        text = above
    return text
