"""This module relates the films of a source, and finds those that show one exposure and are in both classes.

One finding of the two is then wrong, and nothing says which.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from cxrtui.data.duplicates import relations
from cxrtui.data.duplicates.relations import NEAR, Relation, related
from cxrtui.data.films import Film, printable
from cxrtui.data.pool import OnProgress, windowed, workers
from cxrtui.data.prepared.fingerprint import Hashes
from cxrtui.data.records import Digests
from cxrtui.errors import DataError

Apart = Set[frozenset[str]]
_EVERY = 64  # films between two reports of progress
_FIRST = 3  # pairs that a message names
CONFLICTS = "films that are in both classes, they or their copies (data.conflicts=drop)"


@dataclass(frozen=True)
class Copies:
    """How films are related, and which of them contradict each other, both by index; `near` as in `related`."""

    relations: list[Relation]
    conflicts: list[Relation]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The indices of each two films that show one exposure."""
        return relations.pairs_of(self.relations)

    def contradicting(self, count: int) -> set[int]:
        """Return the indices, of `count`, of all films that show an exposure which is in both classes."""
        wrong = {item.first for item in self.conflicts}
        groups = relations.groups(count, self.pairs)
        return {place for group in groups if not wrong.isdisjoint(group) for place in group}


def copies_of(
    films: Sequence[tuple[Film, int]], digests: Sequence[str], on_progress: OnProgress, *, near: bool,
    apart: Apart = frozenset(),
) -> Copies:  # fmt: skip
    """Return how `films`, each with its class and the SHA-256 of its file, are related.

    The arguments are of `related`, and `apart` of `no_copies`.

    Raises:
        DataError: the disk refuses, or as in `no_copies`.
    """
    records = [film for film, _ in films]
    found = no_copies(related(records, digests, on_progress, near=near), records, apart)
    return Copies(found, relations.contradicting(found, [class_index for _, class_index in films]))


def no_copies(found: Sequence[Relation], films: Sequence[Film], apart: Apart) -> list[Relation]:
    """Return the relations in `found` but for those of two `films` whose names are in `apart`.

    Raises:
        DataError: two of these are identical files.
    """
    relations_left = []
    for item in found:
        one, other = films[item.first], films[item.second]
        if frozenset((one.name, other.name)) not in apart:
            relations_left.append(item)
        elif item.kind != NEAR:
            raise DataError(f"data.groups says that {printable(one.path)} and {printable(other.path)} are of different "
                            "patients, and they are byte for byte the same file; take that line out.")  # fmt: skip
    return relations_left


def contradiction(films: Sequence[tuple[Film, int]], conflicts: Sequence[Relation]) -> str:
    """Return a sentence, without an end, on `conflicts` among `films`; empty where there are none."""
    if not conflicts:
        return ""
    named = []
    for item in conflicts[:_FIRST]:
        pair = sorted((films[place] for place in (item.first, item.second)), key=lambda film: -film[1])
        alike = f", similarity {item.similarity:.2f}" if item.kind == NEAR else ", byte for byte"
        shown = " and ".join(f"{printable(film.path)} ({printable(film.label)})" for film, _ in pair)
        named.append(f"{shown}{alike}")
    more = f"; and {len(conflicts) - _FIRST:,} more" if len(conflicts) > _FIRST else ""
    one = len(conflicts) == 1
    pairs = f"{len(conflicts):,} pair{'s' * (not one)} of copies {'is' if one else 'are'}"
    return f"{pairs} in both classes: {'; '.join(named)}{more}"


def refused(films: Sequence[tuple[Film, int]], conflicts: Sequence[Relation]) -> DataError:
    """Return the error that ends a training on films that contradict each other."""
    return DataError(
        f"{contradiction(films, conflicts)}; correct or remove the wrong one, name it in the file of data.exclude "
        "(d in the dashboard's Data screen does), or leave all of them out with --set data.conflicts=drop."
    )


def digests_of(films: Sequence[Film], hashes: Hashes, on_progress: OnProgress) -> Digests:
    """Return the SHA-256 of each film's file; `on_progress` may raise an error to end it."""
    digests = Digests()
    with ThreadPoolExecutor(workers(), "cxrtui-hash") as pool:
        for digest in windowed(pool, (film.path for film in films), hashes.of):
            digests.append(digest)
            if len(digests) % _EVERY == 0 or len(digests) == len(films):
                on_progress("reading files", len(digests), len(films))
    hashes.save()
    return digests
