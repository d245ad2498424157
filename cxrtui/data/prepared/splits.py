"""This module puts each film into a split: train, validation or test.

The splits are stratified by class, no patient is in two of them, and they depend only on the seed and the films'
content. Films that share a patient, or whose files are identical, form a group, and a group stays together. The groups
are ordered by a hash of the seed and their content; they fill test, then validation, up to each class's share.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cxrtui.data.films import SPLIT_NAMES, Film
from cxrtui.data.sources.table import read_table
from cxrtui.errors import DataError
from cxrtui.files import write_atomic
from cxrtui.printable import cell, path_cell, printable
from cxrtui.workspace import expand

COLUMNS = ("path", "label", "patient", "part", "source", "sha256")  # on disk, a split is called a part
COPIES = "byte-identical copies of films in the {split} split"
Chosen = Sequence[tuple[Film, int]]


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


def groups_of(films: Chosen, digests: Sequence[str]) -> list[list[int]]:
    """Return groups of indices of films that must stay together, in the order of their first film."""
    parent = list(range(len(films)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    first: dict[tuple[str, str], int] = {}
    for place, ((film, _), digest) in enumerate(zip(films, digests, strict=True)):
        for key in (("patient", film.patient), ("content", digest)):
            other = first.setdefault(key, place)
            low, high = sorted((root(place), root(other)))
            parent[high] = low
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for place in range(len(films)):
        groups[root(place)].append(place)
    return list(groups.values())


def assign(films: Chosen, digests: Sequence[str], *, seed: int, validation: float, test: float) -> Splits:
    """Return the splits of `films` (each with its class, 0 or 1), whose content hashes are `digests`.

    If the source assigns validation or test itself, this is kept, and only a split that it does not assign is filled,
    from its training films. If a patient is in more than one assigned split, the films in the earlier splits (train
    before validation before test) are left out.

    Raises:
        DataError: a split would lack a class.
    """
    result = Splits([""] * len(films))
    pool = _as_assigned(films, digests, result)

    def order(group: list[int]) -> tuple[str, list[str]]:
        content = sorted(digests[place] for place in group)
        return hashlib.sha256(f"{seed}|{'|'.join(content)}".encode()).hexdigest(), [films[i][0].name for i in group]

    assigned = {film.split for film, _ in films}
    wanted = {split: share for split, share in (("test", test), ("validation", validation)) if split not in assigned}
    total = sum(wanted.values()) + 1.0 - validation - test
    _fill(films, sorted(pool, key=order), wanted, total, result.of_film)
    check(films, result.of_film, digests, result.left_out)
    return result


def _as_assigned(films: Chosen, digests: Sequence[str], result: Splits) -> list[list[int]]:
    """Put into `result` what the source assigns to validation or test; return the groups that remain."""
    copies = _by_digest(digests)
    pool: list[list[int]] = []
    for group in groups_of(films, digests):
        latest = max(
            (films[place][0].split for place in group), key=lambda split: SPLIT_NAMES.index(split) if split else -1
        )
        if latest in ("", "train"):
            pool.append(group)
            continue
        for place in group:
            if films[place][0].split in ("", latest):
                result.of_film[place] = latest
            elif any(films[other][0].split == latest for other in copies[digests[place]]):
                result.left_out[COPIES.format(split=latest)] += 1
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


def _by_digest(digests: Sequence[str]) -> dict[str, list[int]]:
    """Return the indices of the films with each content hash."""
    result: defaultdict[str, list[int]] = defaultdict(list)
    for place, digest in enumerate(digests):
        result[digest].append(place)
    return result


def check(
    films: Chosen, of_film: Sequence[str], digests: Sequence[str] = (), left_out: Mapping[str, int] | None = None
) -> None:
    """Check that every split holds both classes and that no patient is in two.

    `of_film` is the split of each film. `digests` and `left_out`, where given, explain in the message why a split lacks
    films: they were left out, or copies stay together.

    Raises:
        DataError: a split lacks a class, or a patient is in two.
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
    where: dict[str, str] = {}
    for split, (film, _) in zip(of_film, films, strict=True):
        if split and where.setdefault(film.patient, split) != split:
            raise DataError(
                f"Patient {printable(film.patient)} has films in {where[film.patient]} and in {split}; a patient's "
                "films must be in one split, so correct the split file."
            )


def copies_apart(digests: Sequence[str], of_film: Sequence[str]) -> int:
    """Return how many different films have byte-identical copies in more than one split."""
    where: dict[str, set[str]] = {}
    for digest, split in zip(digests, of_film, strict=True):
        if split:
            where.setdefault(digest, set()).add(split)
    return sum(len(held) > 1 for held in where.values())


def write(file: Path, films: Chosen, digests: Sequence[str], of_film: Sequence[str]) -> None:
    """Write the splits as splits.csv, by a rename; the part of a film that is left out is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for split, (film, _), digest in zip(of_film, films, digests, strict=True):
        words = map(cell, (film.label, film.patient, split, film.source, digest))
        writer.writerow([path_cell(film.name), *words])
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(file, text.getvalue())


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


def read(file: str | Path, films: Chosen) -> Splits:
    """Return the splits that `file` gives for `films`.

    Films that the file lists and that are not among `films` are counted in `absent`.

    Raises:
        DataError: the file cannot be read or used, does not cover all films, or breaks the rules of `check`.
    """
    path = expand(file)
    there = {row["path"]: row["part"] for _, row in listed(path)}
    ways = (printable, path_cell)
    names = [[way(path).strip() for path in (film.name, film.path) for way in ways] for film, _ in films]
    found = [next((there[name] for name in known if name in there), None) for known in names]
    if missing := [film.name for (film, _), split in zip(films, found, strict=True) if split is None]:
        raise DataError(
            f"{printable(path)} does not say where {len(missing)} of {len(films)} films belong, one of them "
            f"{printable(missing[0])}; leave data.splits empty for a new split, or add them to the file."
        )
    of_film = [split or "" for split in found]
    check(films, of_film)
    unused = Counter({"films without a split in the split file": of_film.count("")})
    return Splits(of_film, +unused, absent=max(0, len(there) - len(films)))
