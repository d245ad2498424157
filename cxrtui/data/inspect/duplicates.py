"""This module holds which films of a report show one exposure, in words and for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cxrtui.data.duplicates.relations import Relation, groups, pairs_of, persons
from cxrtui.data.films import Film, printable


@dataclass(frozen=True)
class Duplicates:
    """How `films` are related, by index.

    Attributes:
        films: the films that could be read.
        relations: each two films of one exposure.
        conflicts: those whose findings contradict each other.
        divided: those that the source, or the file ``data.splits``, puts into two splits.
        near: whether near-duplicates were looked for, and not identical files alone.
    """

    films: Sequence[Film]
    relations: Sequence[Relation]
    conflicts: Sequence[Relation]
    divided: Sequence[Relation]
    near: bool

    @property
    def groups(self) -> list[list[int]]:
        """The films of each exposure of which there are several."""
        return [group for group in groups(len(self.films), pairs_of(self.relations)) if len(group) > 1]

    @property
    def shared(self) -> tuple[int, int]:
        """The number of names of patients that share a film with another name, and the number of persons they are."""
        first: dict[str, int] = {}
        names = [first.setdefault(film.patient, len(first)) for film in self.films]
        known = {names[place] for place, film in enumerate(self.films) if film.patient_known}
        pairs = [(names[one], names[other]) for one, other in pairs_of(self.relations)]
        held = [patients for group in groups(len(first), pairs) if len(patients := known.intersection(group)) > 1]
        return sum(map(len, held)), len(held)

    @property
    def other_persons(self) -> dict[str, str]:
        """The person of each film whose patient has another name, by the film's name.

        Films that share a patient, or show one exposure, are of one person.
        """
        names = persons(self.films, pairs_of(self.relations))
        return {film.name: name for film, name in zip(self.films, names, strict=True) if name != film.patient}

    def path(self, place: int) -> str:
        """Return the path of a film as text."""
        return printable(self.films[place].path)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""

        def plain(item: Relation) -> dict[str, Any]:
            return {"a": self.path(item.first), "b": self.path(item.second), "kind": item.kind,
                    "similarity": item.similarity}  # fmt: skip

        labels = [printable(film.label) for film in self.films]
        return {
            "pairs": [plain(item) for item in self.relations],
            "groups": len(self.groups),
            "conflicts": [
                {**plain(item), "findings": [labels[item.first], labels[item.second]]} for item in self.conflicts
            ],
            "across_splits": len(self.divided),
            "near": self.near,
        }
