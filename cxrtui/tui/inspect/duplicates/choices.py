"""What the user says of pairs of films and has not written yet. This module has no widgets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cxrtui.data.sources.correction_files import DIFFERENT, SAME
from cxrtui.tui.inspect.duplicates.pairs import SIDES, Pair

Two = tuple[Path, Path]
_SHORT = {SAME: "one patient", DIFFERENT: "two patients"}


@dataclass(frozen=True)
class Choices:
    """Films that are left out, and pairs of films that are regrouped: of the same or of different patients.

    A change gives new choices, which know the ones before.
    """

    excluded: frozenset[Path] = frozenset()
    relations: Mapping[Two, str] = field(default_factory=dict)
    before: Choices | None = None

    @property
    def count(self) -> int:
        """The number of films and pairs."""
        return len(self.excluded) + len(self.relations)

    def exclude(self, paths: Collection[Path]) -> Choices:
        """Leave out the films at `paths`, or no longer if all of them are left out."""
        chosen = frozenset(paths)
        now = self.excluded - chosen if chosen <= self.excluded else self.excluded | chosen
        return replace(self, excluded=now, before=self)

    def relate(self, pair: Pair, relation: str) -> Choices:
        """Say that the films of `pair` are of the same or of different patients, or no longer if that was said."""
        relations = dict(self.relations)
        if relations.pop(pair.paths, None) != relation:
            relations[pair.paths] = relation
        return replace(self, relations=relations, before=self)

    def undone(self) -> Choices | None:
        """Return the choices before the last change; None if there was none."""
        return self.before

    def of(self, pair: Pair) -> str:
        """Return what is chosen for the pair, in a few words; empty for nothing."""
        out = [side for side, path in zip(SIDES, pair.paths, strict=True) if path in self.excluded]
        words = [f"leave out {'both' if len(out) == 2 else out[0]}"] if out else []
        return ", ".join([*words, *filter(None, [_SHORT.get(self.relations.get(pair.paths, ""), "")])])

    def in_words(self) -> str:
        """Return how much is chosen; empty for nothing."""
        held = list(self.relations.values())
        parts = [
            _many(len(self.excluded), "film left out", "films left out"),
            _many(held.count(SAME), "pair of one patient", "pairs of one patient"),
            _many(held.count(DIFFERENT), "pair of two patients", "pairs of two patients"),
        ]
        return ", ".join(filter(None, parts))


def side_of(pairs: Iterable[Pair], side: int) -> list[Path]:
    """Return the films at the left (0) or at the right (1) of all `pairs`, each once."""
    return list(dict.fromkeys(pair.paths[side] for pair in pairs))


def _many(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}" if number else ""
