"""This module makes a report on a source of films: plain data in named sections, for terminal, programs and dashboard.

It reads the films and calls the modules in `sections`, which make the sections.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxrtui.data.films import Film, printable
from cxrtui.data.inspect.looks import headers_of, looks_at
from cxrtui.data.inspect.section import Look, Section
from cxrtui.data.inspect.sections import SECTIONS
from cxrtui.data.pool import OnProgress, no_progress
from cxrtui.data.prepared.copies import contradiction_among
from cxrtui.data.prepared.fingerprint import hashes_of
from cxrtui.data.sources.collect import read_sources
from cxrtui.data.sources.labels import select
from cxrtui.errors import DataError
from cxrtui.settings.config import DataConfig


@dataclass(frozen=True)
class Report:
    """The report on the films at `source`; `positive` and `negative` are the rule, empty where there is none."""

    source: str
    layout: str
    films: int
    patients: int | None
    sections: tuple[Section, ...]
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()

    def section(self, key: str) -> Section:
        """Return the section with that key.

        Raises:
            KeyError: there is none.
        """
        return {section.key: section for section in self.sections}[key]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values, for JSON."""
        body = {section.key: section.as_dict() for section in self.sections}
        return {"v": 1, "source": self.source, "layout": self.layout, "films": self.films, "patients": self.patients,
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
    collection = read_sources(paths, data.patient_pattern, raw=data.identifiers == "raw", on_progress=on_progress)
    films, total = collection.films, len(collection.films)
    seen = headers_of(films, on_progress) if headers_only else looks_at(films, collection.root, data, on_progress)
    headers = [item if isinstance(item, str) else item.header for item in seen]
    noted = [(printable(film.path), item.notes) for film, item in zip(films, seen, strict=True)
             if not isinstance(item, str) and item.notes]  # fmt: skip
    rule, why, left_out, counted = None, "", dict(collection.left_out), dict[str, int]()
    chosen: list[tuple[Film, int]] = []
    try:
        chosen, rule, left_out = select(collection, data.positive, data.negative, partial=True, views=data.views)
        held = Counter(index for _, index in chosen)
        counted = {rule.names[index]: held[index] for index in (1, 0)}
    except DataError as error:
        why = str(error)
    absent = rule.absent((*data.positive, *data.negative), collection.found) if rule is not None else []
    both = ""
    if not headers_only:
        broken = {film.path for film, header in zip(films, headers, strict=True) if isinstance(header, str)}
        both = contradiction_among(
            [item for item in chosen if item[0].path not in broken], hashes_of(collection), on_progress
        )
    look = Look(collection, headers, rule, why, left_out, counted, chosen, absent, noted, not headers_only, both)
    known = len({film.patient for film in collection.films}) if collection.patients_known else None
    sides = (rule.positive, rule.negative) if rule is not None else ((), ())
    sections = tuple(make(look) for make in SECTIONS)
    return Report(collection.shown, collection.layout, total, known, sections, *sides)
