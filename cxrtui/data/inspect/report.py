"""A report on a source of films: plain data in named sections, for the terminal, for programs and for the dashboard.

To add a section, write a function ``(Look) -> Section`` and add it to `SECTIONS`.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cxrtui.data.films import Collection, Film, printable
from cxrtui.data.images.headers import Header
from cxrtui.data.images.notes import by_kind
from cxrtui.data.inspect.looks import headers_of, looks_at
from cxrtui.data.pool import OnProgress, no_progress
from cxrtui.data.prepared.copies import contradiction_among
from cxrtui.data.prepared.fingerprint import hashes_of
from cxrtui.data.sources.collect import read_sources
from cxrtui.data.sources.labels import Labels, select
from cxrtui.data.sources.layouts.words import UNKNOWN
from cxrtui.errors import DataError
from cxrtui.printable import in_list, listing
from cxrtui.settings.config import DataConfig

_NOT_SAID = "not said"


@dataclass(frozen=True)
class Section:
    """One part of a report: films (or what `unit` says) by a word, remarks, and files with a reason."""

    key: str
    title: str
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)
    unit: str = "films"

    def __post_init__(self) -> None:
        """What a source says is printable from here on."""
        counts: Counter[str] = Counter()
        for word, count in self.counts.items():
            counts[printable(word)] += count
        object.__setattr__(self, "counts", dict(counts))
        object.__setattr__(self, "notes", list(map(printable, self.notes)))
        object.__setattr__(self, "files", [(printable(path), printable(reason)) for path, reason in self.files])


@dataclass(frozen=True)
class Look:
    """What the sections are made from: films, each one's header or why it has none, the rule or why there is none.

    `chosen` are the films that count by the rule, each with 0 (negative) or 1; `absent` are names that the user gave
    and no finding answers to; `notes` are remarks on films, by their paths; `decoded`: not by the headers alone;
    `both` says which films are there in both classes.
    """

    collection: Collection
    headers: list[Header | str]
    rule: Labels | None
    why_no_rule: str
    left_out: dict[str, int]
    counted: dict[str, int]
    chosen: list[tuple[Film, int]]
    absent: list[str]
    notes: list[tuple[str, tuple[str, ...]]]
    decoded: bool
    both: str


@dataclass(frozen=True)
class Report:
    """All that is said of the films at `source`; `positive` and `negative` are the rule, empty where there is none."""

    source: str
    layout: str
    films: int
    patients: int | None
    sections: tuple[Section, ...]
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()

    def section(self, key: str) -> Section:
        """The section of that key.

        Raises:
            KeyError: there is none.
        """
        return {section.key: section for section in self.sections}[key]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        body = {section.key: {k: v for k, v in asdict(section).items() if k != "key"} for section in self.sections}
        return {"v": 1, "source": self.source, "layout": self.layout, "films": self.films, "patients": self.patients,
                "sections": body}  # fmt: skip


def inspect(
    paths: str | Path | Sequence[str | Path],
    data: DataConfig,
    on_progress: OnProgress = no_progress,
    *,
    headers_only: bool = False,
) -> Report:
    """Look at the films that `paths` name, together: each is decoded as for a training, or as it was remembered.

    Args:
        paths: as `data.source`.
        data: settings of classes, views, patients, and the size that films are decoded for.
        on_progress: told the stage and how far it is; what it raises ends the inspection.
        headers_only: read the films' headers and decode no pixel.

    Raises:
        DataError: there are no films, or their layout is not known.
    """
    collection = read_sources(paths, data.patient_pattern, raw=data.identifiers == "raw", on_progress=on_progress)
    films, total = collection.films, len(collection.films)
    seen = headers_of(films, on_progress) if headers_only else looks_at(films, collection.root, data, on_progress)
    headers = [item if isinstance(item, str) else item.header for item in seen]
    noted = [(printable(film.path), item.notes) for film, item in zip(films, seen, strict=True)
             if not isinstance(item, str) and item.notes]  # fmt: skip
    rule, why, left_out, counted = None, "", dict(collection.left_out), dict[str, int]()
    chosen: list[tuple[Film, int]] = []
    try:
        chosen, rule, left_out = select(collection, data.positive, data.negative, partial=True, views=data.views)
        held = Counter(index for _, index in chosen)
        counted = {rule.names[index]: held[index] for index in (1, 0)}
    except DataError as error:
        why = str(error)
    absent = rule.absent((*data.positive, *data.negative), collection.found) if rule is not None else []
    both = ""
    if not headers_only:
        broken = {film.path for film, header in zip(films, headers, strict=True) if isinstance(header, str)}
        both = contradiction_among(
            [item for item in chosen if item[0].path not in broken], hashes_of(collection), on_progress
        )
    look = Look(collection, headers, rule, why, left_out, counted, chosen, absent, noted, not headers_only, both)
    known = len({film.patient for film in collection.films}) if collection.patients_known else None
    sides = (rule.positive, rule.negative) if rule is not None else ((), ())
    sections = tuple(make(look) for make in SECTIONS)
    return Report(collection.shown, collection.layout, total, known, sections, *sides)


def _by(words: Iterable[str], most: int = 0) -> dict[str, int]:
    """Counts, the most frequent first; beyond `most` together."""
    listed = Counter(printable(word) for word in words).most_common()
    if most and len(listed) > most:
        rest = listed[most - 1 :]
        listed = [*listed[: most - 1], (f"{len(rest)} others", sum(count for _, count in rest))]
    return dict(listed)


def _classes(look: Look) -> Section:
    spelt = look.collection.spellings.items()
    notes = [f"{in_list(name)} is also spelt {listing(others)}" for name, others in spelt]
    return Section("classes", "findings", _by(film.label for film in look.collection.films), notes)


def _rule(look: Look) -> Section:
    if look.rule is None:
        return Section("rule", "counted as", {}, [look.why_no_rule])
    whose = "the layout's rule" if look.rule.by_layout else "as set, or plain from the names"
    notes = [f"{whose}; --set data.positive=… --set data.negative=… change it"]
    if look.both:
        notes.append(look.both)
    if look.absent:
        notes.append(f"no finding is called {listing(look.absent)}")
    return Section("rule", "counted as", look.counted, notes)


def _rest(look: Look) -> Section:
    """What no name matches, and counts by ``*``."""
    held = Counter(film.label for film, _ in look.chosen)
    rest = look.rule.rest(held) if look.rule is not None else {}
    doubtful = look.rule.doubtful(held) if look.rule is not None else ""
    shown = Counter({printable(label): count for label, count in rest.items()})
    return Section("rest", "under *", dict(shown.most_common()), [doubtful] if doubtful else [])


def _sources(look: Look) -> Section:
    notes = []
    if look.rule is not None:
        sides: dict[str, set[int]] = {}
        for film, index in look.chosen:
            sides.setdefault(film.source, set()).add(index)
        both = sum(len(held) == 2 for held in sides.values())
        if len(sides) > 1:
            notes = [f"{both} of {len(sides)} sources hold both classes"]
    return Section("sources", "sources", _by(film.source or _NOT_SAID for film in look.collection.films), notes)


def _views(look: Look) -> Section:
    return Section("views", "views", _by(film.view or UNKNOWN for film in look.collection.films))


def _sexes(look: Look) -> Section:
    return Section("sexes", "sex", _by(film.sex or _NOT_SAID for film in look.collection.films))


def _band(age: str) -> str:
    number = re.match(r"\d+", age)
    if number is None:
        return _NOT_SAID if not age else "not understood"
    low = min(int(number[0]) // 10 * 10, 90)
    return f"{low}-{low + 9}" if low < 90 else "90 and over"


def _ages(look: Look) -> Section:
    counts = Counter(_band(film.age) for film in look.collection.films)
    ordered = sorted(counts, key=lambda band: int(band.split("-")[0].split()[0]) if band[0].isdigit() else 1000)
    return Section("ages", "age", {band: counts[band] for band in ordered})


def _patients(look: Look) -> Section:
    known = Counter(film.patient for film in look.collection.films if film.patient_known)
    spread = Counter(known.values())
    counts = {f"with {count} film{'s' * (count > 1)}": spread[count] for count in sorted(spread)[:5]}
    if more := sum(number for count, number in spread.items() if f"with {count} film{'s' * (count > 1)}" not in counts):
        counts["with more"] = more
    unknown = sum(not film.patient_known for film in look.collection.films)
    notes = [f"{len(known):,} patients, {max(known.values())} films at most"] if known else []
    if unknown:
        notes.append(f"{unknown:,} films' patients are not known; data.patient_pattern may find them in the names")
    return Section("patients", "patients", counts, notes, unit="patients")


def _sizes(look: Look) -> Section:
    read = [header for header in look.headers if isinstance(header, Header)]
    if not read:
        return Section("sizes", "sizes")
    short = sorted(min(header.width, header.height) for header in read)
    notes = [f"short side {short[0]} to {short[-1]} pixels, median {statistics.median_low(short)}"]
    return Section("sizes", "sizes", _by((f"{header.width}×{header.height}" for header in read), 8), notes)


def _depths(look: Look) -> Section:
    read = [header for header in look.headers if isinstance(header, Header)]
    seen = [film.display for film in look.collection.films if film.display is not None]
    windows, turned = sum(item.window is not None for item in seen), sum(item.inverted for item in seen)
    notes = [f"by the file beside each, {windows:,} are windowed and {turned:,} inverted, those of 8 bits not"] * bool(
        seen
    )
    return Section("depths", "pixels", _by(f"{header.bits}-bit {header.colours}" for header in read), notes)


def _types(look: Look) -> Section:
    read = [header for header in look.headers if isinstance(header, Header)]
    misnamed = sum(header.misnamed for header in read)
    notes = [f"{misnamed} files' endings speak of another type"] if misnamed else []
    return Section("types", "file types", _by(header.kind for header in read), notes)


def _columns(look: Look) -> Section:
    return Section("columns", "columns", notes=list(look.collection.columns))


def _left_out(look: Look) -> Section:
    return Section("left_out", "left out", dict(Counter(look.left_out).most_common()), unit="")


def _unreadable(look: Look) -> Section:
    files = [
        (printable(film.path), reason)
        for film, reason in zip(look.collection.films, look.headers, strict=True)
        if isinstance(reason, str)
    ]
    alone = ["by their headers alone; damage behind those is found when the films are decoded"]
    return Section("unreadable", "unreadable", _by(reason for _, reason in files), alone * (not look.decoded), files)


def _remarks(look: Look) -> Section:
    counts = {kind.text: len(kind.names) for kind in by_kind(look.notes)}
    return Section("remarks", "remarks", counts, files=[(path, "; ".join(said)) for path, said in look.notes])


def _missing(look: Look) -> Section:
    films = look.collection.films
    facts: dict[str, Callable[[Film], bool]] = {
        "patient": lambda film: not film.patient_known, "source": lambda film: not film.source,
        "view": lambda film: not film.view, "sex": lambda film: not film.sex, "age": lambda film: not film.age,
        "offset": lambda film: not film.offset,
    }  # fmt: skip
    counts = {name: count for name, lacks in facts.items() if (count := sum(map(lacks, films)))}
    return Section("missing", "without", counts)


SECTIONS: tuple[Callable[[Look], Section], ...] = (
    _classes, _rule, _rest, _sources, _views, _sexes, _ages, _patients, _sizes, _depths, _types, _columns, _left_out,
    _unreadable, _remarks, _missing,
)  # fmt: skip
