"""This module makes a report on a source of films: plain data in named sections, for terminal, programs and dashboard.

It reads the films and calls the modules in `sections`, which make the sections.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cxrtui.data.confounders.confounders import Confounders, confounders_of
from cxrtui.data.duplicates.relations import contradicting, divided, related
from cxrtui.data.films import Collection, Film, printable
from cxrtui.data.images.decoding.films import kept
from cxrtui.data.images.headers import Header
from cxrtui.data.inspect.duplicates import Duplicates
from cxrtui.data.inspect.looks import headers_of, looks_at
from cxrtui.data.inspect.section import Look, Section
from cxrtui.data.inspect.sections import SECTIONS
from cxrtui.data.pool import OnProgress, no_progress
from cxrtui.data.prepared import split_files
from cxrtui.data.prepared.copies import digests_of, no_copies
from cxrtui.data.prepared.fingerprint import hashes_of
from cxrtui.data.records import Classed
from cxrtui.data.sources.corrections import read_corrected
from cxrtui.data.sources.labels import select
from cxrtui.data.sources.suggestions import suggested
from cxrtui.errors import DataError
from cxrtui.settings.config import DataConfig


@dataclass(frozen=True)
class Report:
    """The report on the films at `source`; `positive` and `negative` are the rule, empty where there is none.

    `duplicates` is None where the films were not compared.
    """

    source: str
    layout: str
    films: int
    patients: int | None
    sections: tuple[Section, ...]
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    confounders: Confounders | None = None
    duplicates: Duplicates | None = None

    def section(self, key: str) -> Section:
        """Return the section with that key.

        Raises:
            KeyError: there is none.
        """
        return {section.key: section for section in self.sections}[key]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values, for JSON."""
        body = {section.key: section.as_dict() for section in self.sections}
        found = self.confounders
        duplicates = self.duplicates.as_dict() if self.duplicates is not None else None
        return {"v": 1, "source": self.source, "layout": self.layout, "films": self.films, "patients": self.patients,
                "verdict": found.verdict.in_full if found is not None else "",
                "confounders": found.as_list() if found is not None else [], "duplicates": duplicates,
                "sections": body}  # fmt: skip


def inspect(
    paths: str | Path | Sequence[str | Path],
    data: DataConfig,
    on_progress: OnProgress = no_progress,
    *,
    headers_only: bool = False,
) -> Report:
    """Report on all films that `paths` name; each is decoded as for a training, or its kept result is used.

    Args:
        paths: paths as in the setting ``data.source``.
        data: settings of classes, views, patients, and the size that films are decoded for.
        on_progress: called with the phase, the number of films done, and the total; it may raise an error to end
            the inspection.
        headers_only: whether to read only the films' headers and decode no pixel.

    Raises:
        DataError: there are no films, or their layout is not known.
    """
    with kept():  # the films are decoded several times
        return _inspect(paths, data, on_progress, headers_only)


def _inspect(
    paths: str | Path | Sequence[str | Path], data: DataConfig, on_progress: OnProgress, headers_only: bool
) -> Report:
    collection = read_corrected(data, paths, on_progress)
    films, total = collection.films, len(collection.films)
    seen = headers_of(films, on_progress) if headers_only else looks_at(films, collection.root, data, on_progress)
    headers = [item if isinstance(item, str) else item.header for item in seen]
    noted = [(printable(film.path), item.notes) for film, item in zip(films, seen, strict=True)
             if not isinstance(item, str) and item.notes]  # fmt: skip
    odd = [(printable(film.path), item.odd) for film, item in zip(films, seen, strict=True)
           if not isinstance(item, str) and item.odd]  # fmt: skip
    rule, why, left_out, counted = None, "", dict(collection.left_out), dict[str, int]()
    chosen: Sequence[tuple[Film, int]] = ()
    try:
        chosen, rule, left_out = select(collection, data.positive, data.negative, partial=True, views=data.views)
        held = Counter(index for _, index in chosen)
        counted = {rule.names[index]: held[index] for index in (1, 0)}
    except DataError as error:
        why = str(error)
    absent = rule.absent((*data.positive, *data.negative), collection.found) if rule is not None else []
    duplicates = None
    if not headers_only:
        duplicates = _duplicates(collection, headers, chosen if rule is not None else None, data, on_progress)
    readable = {film.name: item.header for film, item in zip(films, seen, strict=True) if not isinstance(item, str)}
    found = None
    if (named := (chosen, rule.names) if rule is not None else _assumed(collection, data)) is not None:
        who = duplicates.other_persons if duplicates is not None else {}
        films_of = Classed((_of(film, who.get(film.name, film.patient)), index) for film, index in named[0])
        found = confounders_of(films_of, named[1], readable, collection.root, data, on_progress,
                               decoded=not headers_only, assumed=rule is None)  # fmt: skip
    look = Look(collection, headers, rule, why, left_out, counted, chosen, absent, noted, not headers_only, duplicates,
                found, odd)  # fmt: skip
    known = len({film.patient for film in collection.films}) if collection.patients_known else None
    sides = (rule.positive, rule.negative) if rule is not None else ((), ())
    sections = tuple(make(look) for make in SECTIONS)
    return Report(collection.shown, collection.layout, total, known, sections, *sides, found, duplicates)


def _of(film: Film, person: str) -> Film:
    return film if film.patient == person else replace(film, patient=person)


def _assumed(collection: Collection, data: DataConfig) -> tuple[Sequence[tuple[Film, int]], list[str]] | None:
    """Return the films and names of the classes that a message suggests where these are not clear; None without one."""
    plus, minus = suggested(collection.found, data.positive, data.negative)
    if not plus or not minus:
        return None
    try:
        chosen, rule, _ = select(collection, plus, minus, partial=True, views=data.views)
    except DataError:
        return None
    return chosen, rule.names


def _duplicates(
    collection: Collection, headers: Sequence[Header | str], chosen: Sequence[tuple[Film, int]] | None,
    data: DataConfig, on_progress: OnProgress,
) -> Duplicates:  # fmt: skip
    """Return which films of the collection show one exposure; `chosen` are those that count, each with its class."""
    classes = {film.name: class_index for film, class_index in chosen} if chosen is not None else None
    films = [film for film, header in zip(collection.films, headers, strict=True) if not isinstance(header, str)]
    digests = digests_of(films, hashes_of(collection), on_progress)
    findings = [classes.get(film.name) if classes is not None else film.label for film in films]
    found = related(films, digests, on_progress, near=data.duplicates == "near")
    found = no_copies(found, films, collection.apart)
    of_film = [film.split for film in films]
    if data.splits:
        of_film = split_files.read(data.splits, [(film, 0) for film in films], checked=False).of_film
    return Duplicates(films, found, contradicting(found, findings), divided(found, of_film), data.duplicates == "near")
