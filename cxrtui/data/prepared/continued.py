"""This module checks that a resumed run still has the films that it began with, in the same splits.

A run records two hashes when it begins. `content_of` depends on the films' content and how they are decoded, but not on
their names, so that folders may move; `splits_hash` depends on the split of each film. The run's own splits.csv lists
the films in their training order; this module keeps that order, because the training's exact result depends on it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from cxrtui.data.films import FILE_PATIENT, RULE_SERIES, Film, printable
from cxrtui.data.prepared import split_files
from cxrtui.data.prepared.reading import Readable
from cxrtui.data.records import Classed, Digests
from cxrtui.errors import DataError, OtherFilmsError

Chosen = Sequence[tuple[Film, int]]


@dataclass(frozen=True)
class FilmRecord:
    """What a run recorded when it began: its splits.csv, and the hashes, which are empty where it recorded none.

    `name` is the name of the run; `command` resumes it with its films at another place. `splits_hash` is the
    `splits_hash`, under its name in the log.
    """

    name: str
    command: str
    file: Path
    content: str = ""
    splits_hash: str = ""


def content_of(films: Chosen, digests: Sequence[str], settings: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return 32 hexadecimal digits that change with a film's content, class or display, a setting or a class name."""

    def line(place: int) -> str:
        film, class_index = films[place]
        shown = [film.display.window, film.display.inverted] if film.display else None
        return json.dumps([digests[place], class_index, shown])

    before = json.dumps([dict(settings), list(names)], sort_keys=True)[:-1]
    return _hash(f"{before}, [", digests, line, "]]")


def splits_hash(digests: Sequence[str], of_film: Sequence[str]) -> str:
    """Return 32 hexadecimal digits that change when a film goes to another split."""
    return _hash("[", digests, lambda place: f"{digests[place]} {of_film[place]}", "]")


def _hash(before: str, digests: Sequence[str], line: Callable[[int], str], after: str) -> str:
    """Return 32 hexadecimal digits of JSON whose list of lines, sorted, is between the texts `before` and `after`.

    Each `line`, of the film at a place, begins with the film's digest. There may be very many, so none is kept.
    """
    total, comma = hashlib.sha256(before.encode()), ""
    order = digests.order() if isinstance(digests, Digests) else sorted(range(len(digests)), key=digests.__getitem__)
    for _, same in groupby(order, digests.__getitem__):
        for text in sorted(map(line, same)):
            total.update(f"{comma}{json.dumps(text)}".encode())
            comma = ", "
    total.update(after.encode())
    return total.hexdigest()[:32]


def restore(ready: Readable, content: str, record: FilmRecord) -> tuple[Readable, list[str], int]:
    """Return the films in the order of the run's splits.csv, their splits, and how many have other names than there.

    Args:
        ready: the films as they are found now.
        content: their `content_of`.
        record: what the run recorded.

    Raises:
        OtherFilmsError: the run began with other films; the message says what differs.
    """
    rows = [row for _, row in split_files.listed(record.file)]
    if lacking := [name for name in split_files.COLUMNS if any(name not in row for row in rows)]:
        raise DataError(
            f"{printable(record.file)} is not as run {record.name} wrote it: it has no column {lacking[0]}; put the "
            "old file back, or start a new run with data.splits naming this one."
        )
    pairs, gone, new = _paired(rows, ready)
    ready = _as_recorded(ready, rows, pairs)
    differences = _differences(rows, ready, pairs, gone, new)
    if (gone or new) and content == record.content:
        lacks = _named("it lacks", [_name(ready.films[place][0]) for place in new])
        other = _named("it has a line that it had not, of", [rows[number]["path"] for number in gone])
        raise DataError(
            f"{printable(record.file)} was changed since run {record.name} began, and the films were not: "
            f"{'; '.join(filter(None, (lacks, other)))}; put the old file back, or start a new run with data.splits "
            "naming the new one."
        )
    if not differences and content != record.content:
        differences = ["the same files are decoded otherwise, by another version of cxrtui or by what lies beside them"]
    if differences:
        raise OtherFilmsError(
            f"The films of {ready.collection.shown} are not those that run {record.name} began with: "
            f"{'; '.join(differences)}. Bring the old ones back, say where they lie with: {record.command} (or start "
            "a new run)."
        )
    order = [pairs[place] for place in range(len(rows))]
    films = Classed(ready.films[place] for place in order)
    renamed = sum(row["path"] != _name(film) for row, (film, _) in zip(rows, films, strict=True))
    digests = Digests(ready.digests[place] for place in order)
    restored = replace(ready, films=films, digests=digests, rows=ready.rows[order])
    return restored, [row["part"] for row in rows], renamed


def _as_recorded(ready: Readable, rows: Sequence[Mapping[str, str]], pairs: Mapping[int, int]) -> Readable:
    """Return the films with the patients that a run of an older version recorded, which knew no series of names."""
    films = list(ready.films)
    for number, place in pairs.items():
        film, class_index = films[place]
        if film.patient_rule == RULE_SERIES and rows[number]["patient"].startswith(FILE_PATIENT):
            films[place] = replace(film, patient=FILE_PATIENT + film.name, patient_rule=""), class_index
    return replace(ready, films=Classed(films))


def _name(film: Film) -> str:
    return printable(film.name).strip()


def _paired(rows: Sequence[Mapping[str, str]], ready: Readable) -> tuple[dict[int, int], list[int], list[int]]:
    """Match rows to films by name and content, else without the source's name, else by finding, else by content.

    Return the matches, the rows without a film, and the films without a row.
    """
    pairs: dict[int, int] = {}
    left = dict.fromkeys(range(len(ready.films)))
    keys = (
        (lambda row: (row["path"], row["sha256"]), lambda film, digest: (_name(film), digest)),
        # With several sources, the first part of a film's name is the name of its source.
        (lambda row: (row["path"].partition("/")[2], row["sha256"]),
         lambda film, digest: (_name(film).partition("/")[2], digest)),
        (lambda row: (row["label"], row["sha256"]), lambda film, digest: (printable(film.label).strip(), digest)),
        (lambda row: (row["sha256"],), lambda film, digest: (digest,)),
    )  # fmt: skip
    for of_row, of_film in keys:
        places: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for place in left:
            places[of_film(ready.films[place][0], ready.digests[place])].append(place)
        for number, row in enumerate(rows):
            if number not in pairs and (found := places.get(of_row(row))):
                pairs[number] = found.pop(0)
                del left[pairs[number]]
    return pairs, [number for number in range(len(rows)) if number not in pairs], list(left)


def _differences(
    rows: Sequence[Mapping[str, str]], ready: Readable, pairs: Mapping[int, int], gone: list[int], new: list[int]
) -> list[str]:
    """Return what has changed, in words."""
    names = {_name(ready.films[place][0]) for place in new}
    changed = [rows[number]["path"] for number in gone if rows[number]["path"] in names]
    kinds: list[tuple[str, list[str]]] = [
        ("other content", changed),
        ("no longer there", [rows[number]["path"] for number in gone if rows[number]["path"] not in names]),
        ("not there before", sorted(names - set(changed))),
        ("another finding", []), ("another patient", []),
    ]  # fmt: skip
    patients: dict[str, str] = {}
    before: dict[str, str] = {}
    for number, place in sorted(pairs.items()):
        row, film = rows[number], ready.films[place][0]
        if row["label"] != printable(film.label).strip():
            kinds[3][1].append(f"{_name(film)}, {row['label']} then and {printable(film.label)} now")
        # A patient's name may contain a folder's name and change with it; which films share a patient may not change.
        old, now = row["patient"], printable(film.patient).strip()
        known = not old.startswith(FILE_PATIENT)
        if known != film.patient_known or (
            known and (patients.setdefault(old, now) != now or before.setdefault(now, old) != old)
        ):
            kinds[4][1].append(f"{_name(film)}, {old} then and {now} now")
    return [_counted(words, films) for words, films in kinds if films]


def _named(words: str, films: Sequence[str]) -> str:
    more = f" and {len(films) - 1:,} more" if len(films) > 1 else ""
    return f"{words} {films[0]}{more}" if films else ""


def _counted(words: str, films: Sequence[str]) -> str:
    one = len(films) == 1
    verbs = {"other content": ("has", "have"), "no longer there": ("is", "are"), "not there before": ("was", "were")}
    verb = verbs.get(words, ("has", "have"))[not one]
    return f"{len(films):,} film{'s' * (not one)} {verb} {words} ({films[0]}{'' if one else ', …'})"


def check_splits(
    films: Chosen,
    digests: Sequence[str],
    of_film: Sequence[str],
    first: Callable[[], Iterable[Sequence[str]]],
    record: FilmRecord,
) -> None:
    """Check that the films are in the splits that the run began with.

    Args:
        films: the films in the order of the run's splits.csv.
        digests: the SHA-256 of each film.
        of_film: the split of each film in the run's splits.csv now.
        first: gives what the split of each film may have been when the run began, as far as it can be computed again.
        record: what the run recorded.

    Raises:
        DataError: a film is in another split than when the run began.
    """
    if not record.splits_hash or splits_hash(digests, of_film) == record.splits_hash:
        return
    before = next((made for made in first() if splits_hash(digests, made) == record.splits_hash), None)
    what = moved(films, before, of_film) if before is not None else "films have changed their split"
    raise DataError(
        f"{printable(record.file)} is not the split that run {record.name} began with: {what}; put the old file back, "
        "or start a new run with data.splits naming the new one."
    )


def moved(films: Chosen, before: Sequence[str], now: Sequence[str]) -> str:
    """Return which films of which patients are in another split than before; empty where none is."""
    changed = [
        (film, old or "left out", new or "left out")
        for (film, _), old, new in zip(films, before, now, strict=True)
        if old != new
    ]
    if not changed:
        return ""
    film, old, new = changed[0]
    whose = f" of patient {printable(film.patient)}" if film.patient_known else ""
    ways = Counter(f"from {one} to {other}" for _, one, other in changed)
    more = f" ({', '.join(f'{count} {way}' for way, count in ways.most_common(4))})" if len(changed) > 1 else ""
    number = f"{len(changed):,} films{more}, one of them {printable(film.name)}{whose}, which"
    return f"{number if len(changed) > 1 else f'{printable(film.name)}{whose}'} was in {old} and is in {new} now"
