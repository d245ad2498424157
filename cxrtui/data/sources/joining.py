"""This module joins several collections: no film occurs twice, and names of films, patients and findings are unique."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from cxrtui.data.films import FILE_PATIENT, Collection, Film, count_labels, printable
from cxrtui.data.findings import same_findings
from cxrtui.data.sources.matching import ANY
from cxrtui.data.sources.paths import identity
from cxrtui.data.sources.spellings import joined, one_spelling
from cxrtui.errors import DataError


def join(collections: Sequence[Collection], names: Sequence[str]) -> Collection:
    """Join several collections into one; `names` are their names, and the source of films that have none."""
    films, spellings = one_spelling(
        _within(film, name) for item, name in zip(collections, names, strict=True) for film in item.films
    )
    left_out: Counter[str] = Counter()
    for item in collections:
        left_out.update(item.left_out)
    # "All others" of one collection must not include findings that another collection leaves open.
    ruled = all(item.positive or item.negative for item in collections)
    ruled = ruled and len({ANY in item.negative for item in collections}) == 1
    return Collection(
        films=tuple(sorted(films, key=lambda film: film.name)),
        root=Path(os.path.commonpath([item.root.absolute() for item in collections])),
        layout=" + ".join(dict.fromkeys(item.layout for item in collections)),
        found=count_labels(films),
        left_out=dict(sorted((+left_out).items())),
        positive=_union(item.positive for item in collections) if ruled else (),
        negative=_union(item.negative for item in collections) if ruled else (),
        question=" ".join(dict.fromkeys(item.question for item in collections if item.question)),
        names=tuple(names),
        spellings=joined((item.spellings for item in collections), spellings),
        columns=tuple(dict.fromkeys(line for item in collections for line in item.columns)),
    )


def _union(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for some in names for name in some))


def without_repeats(collections: Sequence[Collection]) -> list[Collection]:
    """Return the collections without the films of earlier ones, for example where one folder contains another.

    Raises:
        DataError: two collections give one film different findings.
    """
    seen: dict[str, Film] = {}
    homes: dict[str, str] = {}
    result = []
    for item in collections:
        out: Counter[str] = Counter(item.left_out)
        kept = []
        for film in item.films:
            earlier = seen.setdefault(identity(film.path, homes), film)
            if earlier is film:
                kept.append(film)
            elif same_findings(earlier.label, film.label):
                out["a film of an earlier --data too"] += 1
            else:
                raise DataError(
                    f"{printable(film.path)} is {earlier.label} by one --data and {film.label} by another "
                    f"({printable(item.root)}); correct one of the two, or leave one --data out."
                )
        result.append(replace(item, films=tuple(kept), left_out=out))
    return result


def names_of(collections: Sequence[Collection]) -> list[str]:
    """Return a name for each collection, from its folder, with a number where the name is already used."""
    names: list[str] = []
    for item in collections:
        name = base = printable(item.root.name or item.layout)
        number = 2
        while name in names:
            name, number = f"{base}-{number}", number + 1
        names.append(name)
    return names


def _within(film: Film, name: str) -> Film:
    """Return the film with `name`, that of its collection, as the prefix of its name and its patient."""
    prefix, patient = f"{name}/", film.patient
    if not film.patient_everywhere:  # there, a prefix could put one person's films into two splits
        own = patient.removeprefix(FILE_PATIENT)
        patient = f"{prefix}{own}" if film.patient_known else f"{FILE_PATIENT}{prefix}{own}"
    return replace(film, name=prefix + film.name, prefix=prefix + film.prefix, patient=patient,
                   source=film.source or name)  # fmt: skip
