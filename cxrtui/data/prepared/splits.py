"""Train, validation, test: stratified, no patient in two parts, a function of seed and content alone.

Films that share a patient, or are the same file byte for byte, form a group, and a group is never divided. Groups are
put in an order drawn from the seed and their content, and fill test, then validation, up to each class's share.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cxrtui.data.films import PARTS, Film
from cxrtui.data.sources.table import read_table
from cxrtui.errors import DataError
from cxrtui.files import write_atomic
from cxrtui.printable import cell, path_cell, printable
from cxrtui.workspace import expand

COLUMNS = ("path", "label", "patient", "part", "source", "sha256")
COPIES = "byte-identical copies of films in the {part} part"
Chosen = Sequence[tuple[Film, int]]


@dataclass
class Division:
    """`parts[i]` is film `i`'s part, empty where it is left out; `left_out` counts those by reason."""

    parts: list[str]
    left_out: Counter[str] = field(default_factory=Counter)
    absent: int = 0


def groups_of(films: Chosen, digests: Sequence[str]) -> list[list[int]]:
    """Indices of films that must stay together, in the order of their first film."""
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


def draw(films: Chosen, digests: Sequence[str], *, seed: int, validation: float, test: float) -> Division:
    """A division of `films` (each with its class, 0 or 1), whose content is `digests`.

    Where the source assigns validation or test itself, that stands, and only what it does not assign is drawn, from its
    training films. Of a patient who is in more than one assigned part, the films of the earlier parts (train before
    validation before test) are left out.

    Raises:
        DataError: a part would lack a class.
    """
    copies = _by_digest(digests)
    result = Division([""] * len(films))
    assigned = {film.split for film, _ in films}
    pool: list[list[int]] = []
    for group in groups_of(films, digests):
        latest = max((films[place][0].split for place in group), key=lambda part: PARTS.index(part) if part else -1)
        if latest in ("", "train"):
            pool.append(group)
            continue
        for place in group:
            if films[place][0].split in ("", latest):
                result.parts[place] = latest
            elif any(films[other][0].split == latest for other in copies[digests[place]]):
                result.left_out[COPIES.format(part=latest)] += 1
            else:
                result.left_out["films of patients who are in a later part too"] += 1
    wanted = {part: share for part, share in (("test", test), ("validation", validation)) if part not in assigned}
    total = sum(wanted.values()) + 1.0 - validation - test

    def order(group: list[int]) -> tuple[str, list[str]]:
        content = sorted(digests[place] for place in group)
        return hashlib.sha256(f"{seed}|{'|'.join(content)}".encode()).hexdigest(), [films[i][0].name for i in group]

    pool.sort(key=order)
    available = Counter(films[place][1] for group in pool for place in group)
    for part, share in wanted.items():
        room = {index: max(1, round(count * share / total)) for index, count in available.items()}
        kept = []
        for group in pool:
            size = Counter(films[place][1] for place in group)
            if all(count <= room[index] for index, count in size.items()):
                for place in group:
                    result.parts[place] = part
                for index, count in size.items():
                    room[index] -= count
            else:
                kept.append(group)
        pool = kept
    for group in pool:
        for place in group:
            result.parts[place] = "train"
    check(films, result.parts, digests, result.left_out)
    return result


def _by_digest(digests: Sequence[str]) -> dict[str, list[int]]:
    """The places of each content."""
    result: defaultdict[str, list[int]] = defaultdict(list)
    for place, digest in enumerate(digests):
        result[digest].append(place)
    return result


def check(
    films: Chosen, parts: Sequence[str], digests: Sequence[str] = (), left_out: Mapping[str, int] | None = None
) -> None:
    """Nothing, if every part holds both classes and no patient is in two.

    `digests` and `left_out`, where given, tell why a part lacks films: those left out, or copies that stay together.

    Raises:
        DataError: otherwise.
    """
    held = Counter((part, index) for part, (_, index) in zip(parts, films, strict=True))
    for part in PARTS:
        for index, word in enumerate(("negative", "positive")):
            if not held[part, index]:
                why = "".join(f"; {count} of {len(films)} films were left out: {reason}"
                              for reason, count in (left_out or {}).items())  # fmt: skip
                twins = len(digests) - len(set(digests))
                if twins and not why:
                    why = f"; {twins} of {len(films)} are byte-identical copies of others, and copies stay in one part"
                todo = "take out the copies and " if "copies" in why else ""
                counts = f"{held[part, 0]} negative, {held[part, 1]} positive"
                raise DataError(
                    f"The {part} part has no {word} films ({counts}){why}; {todo}"
                    "add films of more patients, or change data.validation, data.test or the split that is given."
                )
    where: dict[str, str] = {}
    for part, (film, _) in zip(parts, films, strict=True):
        if part and where.setdefault(film.patient, part) != part:
            raise DataError(
                f"Patient {printable(film.patient)} has films in {where[film.patient]} and in {part}; a patient's "
                "films must be in one part, so correct the split file."
            )


def divided(digests: Sequence[str], parts: Sequence[str]) -> int:
    """How many different films have byte-identical copies in more than one part."""
    where: dict[str, set[str]] = {}
    for digest, part in zip(digests, parts, strict=True):
        if part:
            where.setdefault(digest, set()).add(part)
    return sum(len(held) > 1 for held in where.values())


def write(file: Path, films: Chosen, digests: Sequence[str], parts: Sequence[str]) -> None:
    """The division as splits.csv, by a rename; a film that is left out has an empty part."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for part, (film, _), digest in zip(parts, films, digests, strict=True):
        words = map(cell, (film.label, film.patient, part, film.source, digest))
        writer.writerow([path_cell(film.name), *words])
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(file, text.getvalue())


def listed(file: Path) -> list[tuple[int, dict[str, str]]]:
    """The line and the cells of each film of the split file at `file`; of `COLUMNS`, path and part are there.

    Raises:
        DataError: it cannot be read, a part has an unknown name, or a film is listed in two parts.
    """
    result = []
    seen: dict[str, tuple[int, str]] = {}
    for line, row in read_table(file):
        if "path" not in row or "part" not in row:
            raise DataError(f"{printable(file)} is not a split file; it needs the columns path and part.")
        if row["part"] not in ("", *PARTS):
            raise DataError(
                f"Unknown part {row['part']!r} in line {line} of {printable(file)}; it may be {', '.join(PARTS)}."
            )
        before, part = seen.setdefault(row["path"], (line, row["part"]))
        if part != row["part"]:
            raise DataError(
                f"{printable(file)} has {printable(row['path'])} in two parts: {part or 'none'} in line {before} and "
                f"{row['part'] or 'none'} in line {line}; correct one of the lines."
            )
        result.append((line, row))
    return result


def read(file: str | Path, films: Chosen) -> Division:
    """The division that `file` gives, for exactly these `films`.

    Films that the file lists and that are not among `films` are counted in `absent`.

    Raises:
        DataError: the file cannot be read or used, does not cover all films, or breaks the rules of `check`.
    """
    path = expand(file)
    there = {row["path"]: row["part"] for _, row in listed(path)}
    ways = (printable, path_cell)
    names = [[way(path).strip() for path in (film.name, film.path) for way in ways] for film, _ in films]
    found = [next((there[name] for name in known if name in there), None) for known in names]
    if missing := [film.name for (film, _), part in zip(films, found, strict=True) if part is None]:
        raise DataError(
            f"{printable(path)} does not say where {len(missing)} of {len(films)} films belong, one of them "
            f"{printable(missing[0])}; draw a new split (leave data.splits empty), or add them to the file."
        )
    parts = [part or "" for part in found]
    check(films, parts)
    unused = Counter({"films without a part in the split file": parts.count("")})
    return Division(parts, +unused, absent=max(0, len(there) - len(films)))
