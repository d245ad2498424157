"""This module puts each film into a split: train, validation or test.

The splits are stratified by class, no patient is in two of them, and they depend only on the seed and the films'
content. Films that share a patient, or that are copies of each other, form a group, and a group stays together. The
groups are ordered by a hash of the seed and their content; they fill test, then validation, up to each class's share. A
split that the user gives in a file is taken as it is; `leaks` says what of it is divided.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from cxrtui.data.duplicates import relations
from cxrtui.data.films import SPLIT_NAMES, Film
from cxrtui.data.sources.table import read_table
from cxrtui.errors import DataError
from cxrtui.files import replacing
from cxrtui.printable import cell, path_cell, printable
from cxrtui.workspace import expand

COLUMNS = ("path", "label", "patient", "part", "source", "sha256")  # on disk, a split is called a part
GROUP = "group"  # the column of `group_names`; files of older versions have none
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


def groups_of(films: Chosen, digests: Sequence[str], copies: Pairs = ()) -> Iterator[list[int]]:
    """Yield groups of indices of films that must stay together, in the order of their first film.

    `copies` are pairs of indices of films that show one exposure, whose files need not be identical.
    """
    patients = (film.patient for film, _ in films)
    return relations.groups(len(films), chain(_alike(patients), _alike(digests), copies))


def _alike(keys: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yield each index with that of the first of the same key, for all but that first."""
    first: dict[str, int] = {}
    for place, key in enumerate(keys):
        if (earlier := first.setdefault(key, place)) != place:
            yield earlier, place


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
    groups = ([place for place in group if place not in dropped] for group in groups_of(films, digests, copies))
    pool = _as_assigned(films, digests, copies, filter(None, groups), result)

    def order(group: list[int]) -> bytes:  # no two groups hold the same content
        content = sorted(digests[place] for place in group)
        return hashlib.sha256(f"{seed}|{'|'.join(content)}".encode()).digest()

    assigned = {film.split for film, _ in films}
    wanted = {split: share for split, share in (("test", test), ("validation", validation)) if split not in assigned}
    total = sum(wanted.values()) + 1.0 - validation - test
    _fill(films, sorted(pool, key=order), wanted, total, result.of_film)
    check(films, result.of_film, digests, result.left_out)
    return result


def _as_assigned(
    films: Chosen, digests: Sequence[str], copies: Pairs, groups: Iterable[list[int]], result: Splits
) -> list[list[int]]:
    """Put into `result` what the source assigns to validation or test; return those of `groups` that remain."""
    identical, shown = (_connected(len(films), pairs) for pairs in (_alike(digests), copies))
    pool: list[list[int]] = []
    for group in groups:
        latest = max(
            (films[place][0].split for place in group), key=lambda split: SPLIT_NAMES.index(split) if split else -1
        )
        if latest in ("", "train"):
            pool.append(group)
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
    return pool


def _fill(films: Chosen, pool: list[list[int]], wanted: Mapping[str, float], total: float, of_film: list[str]) -> None:
    """Put the groups of `pool`, in order, into the splits `wanted`, and the remaining ones into train.

    A split is full when it has its share of `total` of each class; all shares, with that of train, sum to `total`.
    """
    available = Counter(films[place][1] for group in pool for place in group)
    for split, share in wanted.items():
        room = {class_index: max(1, round(count * share / total)) for class_index, count in available.items()}
        kept = []
        for group in pool:
            size = Counter(films[place][1] for place in group)
            if all(count <= room[class_index] for class_index, count in size.items()):
                for place in group:
                    of_film[place] = split
                for class_index, count in size.items():
                    room[class_index] -= count
            else:
                kept.append(group)
        pool = kept
    for group in pool:
        for place in group:
            of_film[place] = "train"


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


def leaks(films: Chosen, digests: Sequence[str], of_film: Sequence[str], copies: Pairs = ()) -> str:
    """Return what a split divides, in one sentence without an end; empty if it divides no patient and no copies.

    A validation or test film is counted if another film of its patient, or a copy of it, is in an earlier split.
    `copies` are as in `groups_of`.
    """
    apart = Counter[str]()
    example = ""
    for group in groups_of(films, digests, copies):
        first: dict[str, int] = {}
        for place in group:
            if of_film[place]:
                first.setdefault(of_film[place], place)
        held = [split for split in SPLIT_NAMES if split in first]
        for split in held[1:]:
            apart[split] += sum(of_film[place] == split for place in group)
        if len(held) > 1 and not example:
            one, other = first[held[0]], first[held[-1]]
            example = (f"{printable(films[other][0].name)} in {held[-1]} and {printable(films[one][0].name)} in "
                       f"{held[0]}")  # fmt: skip
    if not apart:
        return ""
    total = Counter(of_film)
    numbers = " and ".join(
        f"{apart[split]:,} of {total[split]:,} {split} films" for split in SPLIT_NAMES if apart[split]
    )
    divided = _divided(films, digests, of_film, copies)
    return f"{numbers} have their patient or a copy in an earlier split ({divided}; one is {example})"


def _divided(films: Chosen, digests: Sequence[str], of_film: Sequence[str], copies: Pairs) -> str:
    """Return how many patients, identical films and near-duplicates are in more than one split, in words."""

    def count(pairs: Iterable[tuple[int, int]]) -> int:
        """Count groups, of those that `pairs` make, with more than one split."""
        made = relations.groups(len(films), pairs)
        return sum(len({of_film[place] for place in group} - {""}) > 1 for group in made)

    near = [pair for pair in copies if digests[pair[0]] != digests[pair[1]]]
    patients, same, alike = (
        count(pairs) for pairs in (_alike(film.patient for film, _ in films), _alike(digests), near)
    )
    kinds = ((patients, "patient", "patients"), (same, "identical film", "identical films"),
             (alike, "near-duplicate", "near-duplicates"))  # fmt: skip
    return ", ".join(f"{number:,} {many if number > 1 else one}" for number, one, many in kinds if number) + " divided"


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
    return relations.persons([film for film, _ in films], chain(_alike(digests), copies))


def write(
    file: Path, films: Chosen, digests: Sequence[str], of_film: Sequence[str], groups: Sequence[str] = ()
) -> None:  # fmt: skip
    """Write the splits as splits.csv, by a rename; the part of a film that is left out is empty.

    `groups` are as `group_names` gives them.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow((*COLUMNS, GROUP))
        for split, (film, _), digest, group in zip(of_film, films, digests, groups or [""] * len(films), strict=True):
            words = map(cell, (film.label, film.patient, split, film.source, digest, group))
            writer.writerow([path_cell(film.name), *words])
        text.detach()


def listed(file: Path) -> list[tuple[int, dict[str, str]]]:
    """Return the line and the cells of each film in the split file `file`; of `COLUMNS`, path and part are present.

    Raises:
        DataError: it cannot be read, a split has an unknown name, or a film is listed in two splits.
    """
    result = []
    seen: dict[str, tuple[int, str]] = {}
    for line, row in read_table(file):
        if "path" not in row or "part" not in row:
            raise DataError(f"{printable(file)} is not a split file; it needs the columns path and part.")
        if row["part"] not in ("", *SPLIT_NAMES):
            raise DataError(
                f"Unknown split {row['part']!r} in line {line} of {printable(file)}; it may be "
                f"{', '.join(SPLIT_NAMES)}."
            )
        before, split = seen.setdefault(row["path"], (line, row["part"]))
        if split != row["part"]:
            raise DataError(
                f"{printable(file)} has {printable(row['path'])} in two splits: {split or 'none'} in line {before} and "
                f"{row['part'] or 'none'} in line {line}; correct one of the lines."
            )
        result.append((line, row))
    return result


def read(file: str | Path, films: Chosen, dropped: Collection[int] = (), *, checked: bool = True) -> Splits:
    """Return the splits that `file` gives for `films`, but for those at the indices `dropped`, which get none.

    Films that the file lists and that are not among `films` are counted in `absent`. If it is not `checked`, the file
    may lack films, which then get no split, and a split may lack a class.

    Raises:
        DataError: the file cannot be read or used, does not cover all films, or a split lacks a class.
    """
    path = expand(file)
    there = {row["path"]: row["part"] for _, row in listed(path)}
    ways = (printable, path_cell)
    names = [[way(path).strip() for path in (film.name, film.path) for way in ways] for film, _ in films]
    found = [next((there[name] for name in known if name in there), None) for known in names]
    missing = [film.name for (film, _), split in zip(films, found, strict=True) if split is None]
    if missing and checked:
        raise DataError(
            f"{printable(path)} does not say where {len(missing)} of {len(films)} films belong, one of them "
            f"{printable(missing[0])}; leave data.splits empty for a new split, or add them to the file."
        )
    of_film = [split or "" for split in found]
    unused = Counter({"films without a split in the split file": of_film.count("")})
    of_film = ["" if place in dropped else split for place, split in enumerate(of_film)]
    if checked:
        check(films, of_film)
    return Splits(of_film, +unused, absent=max(0, len(there) - len(films)))
