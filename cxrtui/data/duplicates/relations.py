"""This module relates films of one exposure, and says what follows: groups, contradicting findings, divided splits."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np

from cxrtui.data.duplicates import kept_pairs, search
from cxrtui.data.duplicates import thumbnails as thumbs
from cxrtui.data.films import Film
from cxrtui.data.images.decoding.films import PIXELS_VERSION
from cxrtui.data.pool import OnProgress
from cxrtui.data.records import alike
from cxrtui.workspace import cache_root

IDENTICAL, NEAR = "identical", "near"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, order=True)
class Relation:
    """Two films, by their places, that show one exposure.

    `kind` is ``identical`` for files of the same bytes and ``near`` for other copies; `similarity` is at most 1.
    """

    first: int
    second: int
    kind: str
    similarity: float


def related(films: Sequence[Film], digests: Sequence[str], on_progress: OnProgress, *, near: bool) -> list[Relation]:
    """Return how `films`, with the SHA-256 of their files, are related, sorted; each film once to its first copy.

    Without `near`, only identical files count. A film whose file cannot be read or decoded is related to none.

    Args:
        films: the films.
        digests: of their files; another text stands for a file that cannot be read.
        on_progress: called with the progress; it may raise an error to end the search.
        near: whether to look at the images too.

    Raises:
        DataError: the disk refuses the thumbnails.
    """
    found = [Relation(first, place, IDENTICAL, 1.0) for first, place in _identical(films, digests)]
    if near:
        copies = {item.second for item in found}
        own = [place for place, digest in enumerate(digests) if place not in copies and _SHA256.fullmatch(digest)]
        if len(own) > 1:
            listed = [(films[place], thumbs.key_of(films[place], digests[place])) for place in own]
            first = {key: place for place, (_, key) in zip(own, listed, strict=True)}
            for one, other, similarity in _near(listed, on_progress):
                low, high = sorted((first[one], first[other]))
                found.append(Relation(low, high, NEAR, similarity))
    return sorted(found)


def _identical(films: Sequence[Film], digests: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the places of each film whose file, displayed in the same way, an earlier film has, after the first one."""
    for group in groups(len(films), alike(digests)):
        first: dict[str, int] = {}
        for place in group if len(group) > 1 and _SHA256.fullmatch(digests[group[0]]) else ():
            if (earlier := first.setdefault(thumbs.key_of(films[place], digests[place]), place)) != place:
                yield earlier, place


def _near(films: Sequence[tuple[Film, str]], on_progress: OnProgress) -> list[tuple[str, str, float]]:
    """Return the near-duplicates among `films`, by their keys.

    An earlier result for the same keys is used again, and so is one for more keys: what it says of two films holds
    whichever others are left out.
    """
    folder = cache_root() / "prepared" / "duplicates" / f"{search.VERSION}-{thumbs.VERSION}-{PIXELS_VERSION}"
    keys = [key for _, key in films]
    if (earlier := kept_pairs.find(folder, keys)) is not None:
        return earlier
    held = thumbs.thumbnails(films, on_progress)
    found = [(held.keys[item.first], held.keys[item.second], item.similarity)
             for item in search.near(held.read, len(held), on_progress)]  # fmt: skip
    if len(held) == len(films):  # else a film cannot be decoded, which another decoder may change
        kept_pairs.write(folder, keys, found)
    return found


def groups(count: int, pairs: Iterable[tuple[int, int]]) -> Iterator[list[int]]:
    """Yield `count` places in groups, each with all that `pairs` connect, in the order of their first place."""
    return iter(Groups(count, pairs))


class Groups(Sequence[list[int]]):
    """`count` places in groups, each with all that `pairs` connect, in the order of their first place.

    The groups take 16 bytes a place, and a list is made of one when it is asked for.
    """

    def __init__(self, count: int, pairs: Iterable[tuple[int, int]]) -> None:
        parent = array("q", range(count))

        def root(place: int) -> int:
            while parent[place] != place:
                parent[place] = parent[parent[place]]
                place = parent[place]
            return place

        for one, other in pairs:
            low, high = sorted((root(one), root(other)))
            parent[high] = low
        roots = np.fromiter(map(root, range(count)), np.int64, count)  # the first place of each group
        self.places = np.argsort(roots, kind="stable")
        self.begins = np.append(np.flatnonzero(np.diff(roots[self.places], prepend=-1)), count)

    def __len__(self) -> int:
        return len(self.begins) - 1

    def __iter__(self) -> Iterator[list[int]]:
        return (self.places[begin:end].tolist() for begin, end in pairwise(self.begins))

    def __getitem__(self, index: int) -> list[int]:  # type: ignore[override]
        found: list[int] = self.places[self.begins[index] : self.begins[index + 1]].tolist()
        return found


def persons(films: Sequence[Film], pairs: Iterable[tuple[int, int]]) -> list[str]:
    """Return the name of each film's person: the first known patient of all films that are connected.

    Films of one patient are connected, and so are the two of each of `pairs`.
    """
    first: dict[str, int] = {}
    same = ((first.setdefault(film.patient, place), place) for place, film in enumerate(films))
    result = [""] * len(films)
    for group in groups(len(films), chain(same, pairs)):
        name = films[min(group, key=lambda place: (not films[place].patient_known, place))].patient
        for place in group:
            result[place] = name
    return result


def pairs_of(relations: Iterable[Relation]) -> list[tuple[int, int]]:
    """Return the places of each relation."""
    return [(item.first, item.second) for item in relations]


def contradicting(relations: Iterable[Relation], findings: Sequence[object]) -> list[Relation]:
    """Return the relations whose films differ in their entry of `findings`; a film with None contradicts none."""
    return [
        item for item in relations
        if None not in (findings[item.first], findings[item.second]) and findings[item.first] != findings[item.second]
    ]  # fmt: skip


def divided(relations: Iterable[Relation], of_film: Sequence[str]) -> list[Relation]:
    """Return the relations whose films are in two splits; `of_film` is each film's split, empty for none."""
    return [
        item for item in relations
        if of_film[item.first] and of_film[item.second] and of_film[item.first] != of_film[item.second]
    ]  # fmt: skip
