"""This module puts each film into a split: train, validation or test.

The splits are stratified by class, no patient is in two of them, and they depend only on the seed and the films'
content. Films that share a patient, or that are copies of each other, form a group, and a group stays together. The
groups are ordered by a hash of the seed and their content; they fill test, then validation, up to each class's share. A
split that the user gives in a file (`split_files`) is taken as it is; `leaks` says what of it is divided.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from cxrtui.data.duplicates import relations
from cxrtui.data.duplicates.relations import Groups
from cxrtui.data.films import SPLIT_NAMES, Film
from cxrtui.data.records import alike
from cxrtui.errors import DataError

COPIES = "byte-identical copies of films in the {split} split"
NEAR_COPIES = "near-duplicates of films in the {split} split"
Chosen = Sequence[tuple[Film, int]]
Pairs = Sequence[tuple[int, int]]


@dataclass
class Splits:
    """The split of each film.

    Attributes:
        of_film: film `i` is in the split `of_film[i]`; it is in none where that is empty.
        left_out: the number of films in no split, by reason.
        absent: the number of films that a split file lists and that are not among the films.
    """

    of_film: list[str]
    left_out: Counter[str] = field(default_factory=Counter)
    absent: int = 0


def groups_of(films: Chosen, digests: Sequence[str], copies: Pairs = ()) -> Groups:
    """Return groups of indices of films that must stay together, in the order of their first film.

    `copies` are pairs of indices of films that show one exposure, whose files need not be identical.
    """
    return Groups(len(films), chain(alike(film.patient for film, _ in films), alike(digests), copies))


def assign(
    films: Chosen, digests: Sequence[str], *, seed: int, validation: float, test: float, copies: Pairs = (),
    dropped: Collection[int] = (),
) -> Splits:  # fmt: skip
    """Return the splits of `films` (each with its class, 0 or 1), whose content hashes are `digests`.

    `copies` are pairs of indices as in `groups_of`; the films at the indices `dropped` get no split, and are not
    counted. If the source assigns validation or test itself, this is kept, and only a split that it does not assign is
    filled, from its training films. If a patient is in more than one assigned split, the films in the earlier splits
    (train before validation before test) are left out.

    Raises:
        DataError: a split would lack a class.
    """
    result = Splits([""] * len(films))
    groups = groups_of(films, digests, copies)
    pool = _as_assigned(films, digests, copies, groups, dropped, result)
    order = np.argsort(_marks(groups, pool, digests, dropped, seed), kind="stable")
    assigned = {film.split for film, _ in films}
    wanted = {split: share for split, share in (("test", test), ("validation", validation)) if split not in assigned}
    total = sum(wanted.values()) + 1.0 - validation - test
    _fill(films, groups, pool[order], dropped, wanted, total, result.of_film)
    check(films, result.of_film, digests, result.left_out)
    return result


def _marks(
    groups: Groups, pool: NDArray[np.int64], digests: Sequence[str], dropped: Collection[int], seed: int
) -> NDArray[np.bytes_]:
    """Return a SHA-256 of `seed` and the content of each group in `pool`, by which they are ordered."""
    marks = bytearray()
    for index in pool:  # no two groups hold the same content
        content = sorted(digests[place] for place in groups[index] if place not in dropped)
        marks += hashlib.sha256(f"{seed}|{'|'.join(content)}".encode()).digest()
    return np.frombuffer(marks, "S32")  # zeros at the end make no difference between texts of one length


def _as_assigned(
    films: Chosen, digests: Sequence[str], copies: Pairs, groups: Groups, dropped: Collection[int], result: Splits
) -> NDArray[np.int64]:
    """Put into `result` what the source assigns to validation or test; return which of `groups` remain."""
    identical, shown = (_connected(len(films), pairs) for pairs in (alike(digests), copies))
    pool = array("q")
    for index, whole in enumerate(groups):
        group = [place for place in whole if place not in dropped] if dropped else whole
        if not group:
            continue
        latest = max(
            (films[place][0].split for place in group), key=lambda split: SPLIT_NAMES.index(split) if split else -1
        )
        if latest in ("", "train"):
            pool.append(index)
            continue
        for place in group:
            if films[place][0].split in ("", latest):
                result.of_film[place] = latest
            elif any(films[other][0].split == latest for other in identical.get(place, ())):
                result.left_out[COPIES.format(split=latest)] += 1
            elif any(films[other][0].split == latest for other in shown.get(place, ())):
                result.left_out[NEAR_COPIES.format(split=latest)] += 1
            else:
                result.left_out["films of patients who are in a later split too"] += 1
    return np.array(pool, np.int64)


def _fill(
    films: Chosen, groups: Groups, pool: NDArray[np.int64], dropped: Collection[int], wanted: Mapping[str, float],
    total: float, of_film: list[str],
) -> None:  # fmt: skip
    """Put the groups in `pool`, in order, into the splits `wanted`, and the remaining ones into train.

    A split is full when it has its share of `total` of each class; all shares, with that of train, sum to `total`.
    """
    held = np.zeros((len(pool), 2), np.int64)  # films of each class
    for row, index in enumerate(pool):
        for place in groups[index]:
            held[row, films[place][1]] += place not in dropped
    available = held.sum(axis=0)
    left = np.arange(len(pool))
    for split, share in wanted.items():
        room = [max(1, round(count * share / total)) for count in available.tolist()]
        kept = np.ones(len(left), np.bool_)
        for place, (negative, positive) in enumerate(held[left].tolist()):
            if negative <= room[0] and positive <= room[1]:
                room = [room[0] - negative, room[1] - positive]
                kept[place] = False
        _put(groups, pool[left[~kept]], dropped, split, of_film)
        left = left[kept]
    _put(groups, pool[left], dropped, "train", of_film)


def _put(
    groups: Groups, chosen: NDArray[np.int64], dropped: Collection[int], split: str, of_film: list[str]
) -> None:  # fmt: skip
    """Put the films of the `chosen` groups into `split`."""
    for index in chosen:
        for place in groups[index]:
            if place not in dropped:
                of_film[place] = split


def _connected(count: int, pairs: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    """Return the group of each index, of `count`, that `pairs` connect with others."""
    return {place: group for group in relations.groups(count, pairs) if len(group) > 1 for place in group}


def check(
    films: Chosen, of_film: Sequence[str], digests: Sequence[str] = (), left_out: Mapping[str, int] | None = None
) -> None:
    """Check that every split holds both classes.

    `of_film` is the split of each film. `digests` and `left_out`, where given, explain in the message why a split lacks
    films: they were left out, or copies stay together.

    Raises:
        DataError: a split lacks a class.
    """
    held = Counter((split, class_index) for split, (_, class_index) in zip(of_film, films, strict=True))
    for split in SPLIT_NAMES:
        for class_index, word in enumerate(("negative", "positive")):
            if not held[split, class_index]:
                why = "".join(f"; {count} of {len(films)} films were left out: {reason}"
                              for reason, count in (left_out or {}).items())  # fmt: skip
                twins = len(digests) - len(set(digests))
                if twins and not why:
                    why = f"; {twins} of {len(films)} are byte-identical copies of others, and copies stay in one split"
                todo = "take out the copies and " if "copies" in why else ""
                counts = f"{held[split, 0]} negative, {held[split, 1]} positive"
                raise DataError(
                    f"The {split} split has no {word} films ({counts}){why}; {todo}"
                    "add films of more patients, or change data.validation, data.test or the split file that is given."
                )


def group_names(digests: Sequence[str], copies: Pairs) -> list[str]:
    """Return a name for each film, the same for films that `copies` connect; empty for a film without a copy."""
    names = [""] * len(digests)
    for group in relations.groups(len(digests), copies):
        if len(group) > 1:
            name = min(digests[place] for place in group)[:12]
            for place in group:
                names[place] = name
    return names


def persons(films: Chosen, digests: Sequence[str], groups: Sequence[str]) -> list[str]:
    """Return the person of each film, as `relations.persons` does: copies of a film are of one person.

    `groups` are as `group_names` returns them, empty for a film without a copy; the list may be empty too.
    """
    first: dict[str, int] = {}
    copies = ((first.setdefault(name, place), place) for place, name in enumerate(groups) if name)
    return relations.persons([film for film, _ in films], chain(alike(digests), copies))
