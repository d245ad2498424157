"""The pairs of films that show one exposure, in the order and in the words in which the screen shows them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cxrtui.data.films import RULE_SOURCE, Film, printable
from cxrtui.tui.widgets.bars import shortened

if TYPE_CHECKING:
    from cxrtui.data.inspect.duplicates import Duplicates

SIDES = ("left", "right")


@dataclass(frozen=True)
class Pair:
    """Two films of one exposure.

    Attributes:
        films: the left and the right one.
        identical: whether their files are the same byte for byte; else they are near-duplicates.
        similarity: at most 1.
        conflict: whether they are under two labels that contradict each other.
        divided: whether the source or ``data.splits`` puts them into two splits.
        group: the number of films that show the same exposure.
    """

    films: tuple[Film, Film]
    identical: bool
    similarity: float
    conflict: bool
    divided: bool
    group: int

    @property
    def paths(self) -> tuple[Path, Path]:
        """The absolute paths of both."""
        first, second = (Path(os.path.abspath(film.path)) for film in self.films)
        return first, second

    @property
    def marks(self) -> str:
        """Two signs: conflict or divided; identical or near."""
        return f"{'✗' if self.conflict else '↔' if self.divided else ' '}{'=' if self.identical else '≈'}"

    @property
    def kind(self) -> str:
        """How alike the films are, in words."""
        return "identical files" if self.identical else f"near-duplicates, similarity {self.similarity:.3f}"

    @property
    def remarks(self) -> list[str]:
        """What is to be known of the pair, the worst first."""
        first, second = self.films
        found = []
        if self.conflict:
            found.append(f"✗ conflict: {first.label} and {second.label}")
        if self.divided:
            found.append(f"↔ in two splits: {first.split or '?'} and {second.split or '?'}"
                         if first.split or second.split else "↔ in two splits")  # fmt: skip
        found.append(f"{'=' if self.identical else '≈'} {self.kind}")
        if self.group > 2:
            found.append(f"one exposure in {self.group} films")
        return found

    @property
    def text(self) -> str:
        """Everything that is searched."""
        facts = (f"{film.path} {film.label} {film.patient} {film.split} {film.source}" for film in self.films)
        return f"{' '.join(facts)} {' '.join(self.remarks)}"


def pairs_of(found: Duplicates) -> list[Pair]:
    """Return the pairs: conflicts, then those in two splits, then the others, each in the order of the report."""
    conflicts, divided = set(found.conflicts), set(found.divided)
    group = {place: len(members) for members in found.groups for place in members}
    ordered = sorted(found.relations, key=lambda item: (item not in conflicts, item not in divided))
    return [
        Pair((found.films[item.first], found.films[item.second]), item.kind == "identical", item.similarity,
             item in conflicts, item in divided, group[item.first])
        for item in ordered
    ]  # fmt: skip


def names_in(pair: Pair, room: int) -> str:
    """Return the names of both films in `room` characters, without the folders that they share.

    Films of one name, as in two collections that contain each other, are told apart by their folders.
    """
    first, second = (printable(path) for path in pair.paths)
    shared = os.path.commonpath([os.path.dirname(first), os.path.dirname(second)])
    names = [os.path.relpath(path, shared) for path in (first, second)]
    (folder, name), (other_folder, other_name) = map(os.path.split, names)
    if name == other_name:
        folders = f"{folder} · {other_folder}"
        return f"{shortened(name, max(12, room - len(folders) - 2))}: {folders}"
    half = max(room // 2, room - 3 - len(names[1]))
    return f"{shortened(names[0], half)} · {shortened(names[1], room - 3 - min(half, len(names[0])))}"


def patient_of(film: Film) -> str:
    """Return the film's patient, and how it is known, in words."""
    if not film.patient_known:
        return "patient unknown"
    rule = (film.patient_rule or RULE_SOURCE).partition(" (")[0]  # without the examples of a rule
    return f"patient {film.patient} by {rule}"
