"""From what ``--data`` names to a `Collection`: a path, LAYOUT:PATH, tfds:NAME, or several of them together.

The layouts are the table `layouts.RECOGNISERS`, tried in order.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cxrtui.data.films import FILE_PATIENT, Collection, Film, Tally, printable
from cxrtui.data.findings import same_findings
from cxrtui.data.pool import OnProgress, no_progress
from cxrtui.data.sources import folders, layouts, manifest
from cxrtui.data.sources.foreign import HEAD, not_a_file, said_of
from cxrtui.data.sources.layouts import Recogniser, words
from cxrtui.data.sources.layouts.bimcv import display_of
from cxrtui.data.sources.litter import count_litter
from cxrtui.data.sources.matching import ANY
from cxrtui.data.sources.paths import identity
from cxrtui.data.sources.patients import assign
from cxrtui.data.sources.spellings import joined, one_spelling, understood
from cxrtui.data.sources.tags import with_tags
from cxrtui.data.sources.unsorted import why_nothing
from cxrtui.errors import DataError
from cxrtui.files import open_file
from cxrtui.printable import in_list
from cxrtui.workspace import expand

TFDS = "tfds"
_EVERY = 32  # films to a word of progress
_DEEP = 3  # folders that hold one folder and nothing else, as archives do


def split_name(text: str) -> tuple[str, str]:
    """``ieee8023:PATH`` as its layout and its path; the layout is empty where none is named."""
    name, colon, rest = text.partition(":")
    return (name, rest) if colon and name in (*layouts.NAMES, TFDS) else ("", text)


def absolute(text: str) -> str:
    """`text` with its path absolute, so that it stays right in another folder."""
    name, rest = split_name(text)
    if name == TFDS:
        return text
    path = str(expand(rest).absolute())
    return f"{name}:{path}" if name else path


def absent(sources: Iterable[str]) -> list[str]:
    """The paths of `sources` where nothing is; what tfds makes is looked for later."""
    named = map(split_name, sources)
    return [path for layout, path in named if layout != TFDS and not os.path.lexists(path)]


def read_sources(
    paths: str | Path | Sequence[str | Path],
    patient_pattern: str = "",
    *,
    raw: bool = False,
    on_progress: OnProgress = no_progress,
) -> Collection:
    """All films that `paths` name, as `read_source`; of several, each keeps its name before its films' and patients'.

    Patients whose names are theirs in every collection (`Film.patient_everywhere`) stay as they are.

    `on_progress` hears how far the reading is, and ends it by raising.

    Raises:
        DataError: as `read_source`, one is named twice, or two give a film other findings.
        ConfigError: `patient_pattern` is no regular expression with a group.
    """
    listed = [paths] if isinstance(paths, (str, Path)) else list(paths)
    if len(listed) < 2:
        return read_source(listed[0] if listed else "", patient_pattern, raw=raw, on_progress=on_progress)
    read = [read_source(path, patient_pattern, raw=raw, on_progress=on_progress) for path in listed]
    homes = [os.path.realpath(item.root) for item in read]
    for place, home in enumerate(homes):
        if home in homes[:place] and read[homes.index(home)].layout == read[place].layout:
            raise DataError(f"{printable(listed[place])} is named twice; give each --data once.")
    return join(_once(read), _names(read))


def _once(collections: Sequence[Collection]) -> list[Collection]:
    """The collections without the films of earlier ones, as where one lies within another.

    Raises:
        DataError: two give a film other findings.
    """
    seen: dict[str, Film] = {}
    homes: dict[str, str] = {}
    result = []
    for item in collections:
        out: Counter[str] = Counter(item.left_out)
        kept = []
        for film in item.films:
            earlier = seen.setdefault(identity(film.path, homes), film)
            if earlier is film:
                kept.append(film)
            elif same_findings(earlier.label, film.label):
                out["a film of an earlier --data too"] += 1
            else:
                raise DataError(
                    f"{printable(film.path)} is {earlier.label} by one --data and {film.label} by another "
                    f"({printable(item.root)}); correct one of the two, or leave one --data out."
                )
        result.append(replace(item, films=tuple(kept), left_out=out))
    return result


def join(collections: Sequence[Collection], names: Sequence[str]) -> Collection:
    """Several collections as one; `names` are theirs, and the source of films that have none."""
    films, spellings = one_spelling(
        _within(film, name) for item, name in zip(collections, names, strict=True) for film in item.films
    )
    left_out: Counter[str] = Counter()
    for item in collections:
        left_out.update(item.left_out)
    # "All others" of one collection must not take in what another leaves open.
    ruled = all(item.positive or item.negative for item in collections)
    ruled = ruled and len({ANY in item.negative for item in collections}) == 1
    return Collection(
        films=tuple(sorted(films, key=lambda film: film.name)),
        root=Path(os.path.commonpath([item.root.absolute() for item in collections])),
        layout=" + ".join(dict.fromkeys(item.layout for item in collections)),
        found=_counted(films),
        left_out=_sorted(left_out),
        positive=_union(item.positive for item in collections) if ruled else (),
        negative=_union(item.negative for item in collections) if ruled else (),
        question=" ".join(dict.fromkeys(item.question for item in collections if item.question)),
        names=tuple(names),
        spellings=joined((item.spellings for item in collections), spellings),
        columns=tuple(dict.fromkeys(line for item in collections for line in item.columns)),
    )


def _union(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for part in parts for word in part))


def _names(collections: Sequence[Collection]) -> list[str]:
    """A name for each, from its folder; a number behind one that is taken."""
    names: list[str] = []
    for item in collections:
        name = base = printable(item.root.name or item.layout)
        number = 2
        while name in names:
            name, number = f"{base}-{number}", number + 1
        names.append(name)
    return names


def _within(film: Film, name: str) -> Film:
    if film.patient_everywhere:  # else one person's films could be in two parts
        return replace(film, name=f"{name}/{film.name}", source=film.source or name)
    own = film.patient.removeprefix(FILE_PATIENT)
    patient = f"{name}/{own}" if film.patient_known else f"{FILE_PATIENT}{name}/{own}"
    return replace(film, name=f"{name}/{film.name}", patient=patient, source=film.source or name)


def read_source(
    path: str | Path, patient_pattern: str = "", *, raw: bool = False, on_progress: OnProgress = no_progress
) -> Collection:
    """All films at `path`, sorted by name; of a file that is not DICOM, its first bytes are looked at and no more.

    `raw`: the patients and sites of DICOM files as these have them, not their hashes. `on_progress`: as `read_sources`.

    Raises:
        DataError: `path` does not exist, cannot be read, has no layout that is known, or holds no films.
        ConfigError: `patient_pattern` is no regular expression with a group.
    """
    if not str(path):
        raise DataError("No data was named; add --data PATH (a folder of class folders, or a CSV manifest).")
    forced, rest = split_name(str(path))
    if forced == TFDS:
        from cxrtui.data.sources.layouts.tfds_dataset import read_dataset

        found = read_dataset(rest)
        out = Counter(found.left_out)
        films, spellings = one_spelling(map(_in_our_words, understood(found.films, out)))
        return replace(found, films=assign(films, patient_pattern), found=_counted(films), left_out=_sorted(out),
                       spellings=spellings)  # fmt: skip
    root = expand(rest)
    shown = printable(root)
    try:
        if kind := not_a_file(root):
            raise DataError(f"{shown} is {kind}; name a folder of films, or a CSV with the columns path and label.")
        recogniser, root = _recognise(root, forced)
    except OSError as error:
        name, _, path_after = rest.partition(":")
        hint = (
            f"; {printable(name)} is none of the layouts ({', '.join(layouts.NAMES)})"
            if (path_after and not forced and expand(path_after).exists())
            else "; check --data"
        )
        raise DataError(f"Cannot read the data at {shown}: {error.strerror or error}{hint}.") from None
    if (recogniser is None or forced) and root.is_file() and (said := _foreign(root)):
        raise DataError(f"{shown} {said}.")
    if recogniser is None:
        raise DataError(why_nothing(root, "", {}, layouts.NAMES))
    if recogniser.name == "class-folders" and not forced:
        _refuse_collections(root)
    tally = Tally()
    try:
        listed = understood(_listed(recogniser.read(root, tally), on_progress), tally)
        tagged = with_tags(listed, tally, raw=raw, on_progress=on_progress)
        films = sorted(map(_in_our_words, tagged), key=lambda film: film.name)
    except OSError as error:
        raise DataError(f"Cannot read {printable(error.filename or root)}: {error.strerror or error}.") from None
    if recogniser.name != layouts.MANIFEST.name and root.is_dir():  # a manifest lists what is there
        count_litter(root, tally)
    if not films:
        raise DataError(why_nothing(root, recogniser.name, tally, layouts.NAMES))
    films, spellings = one_spelling(films)
    with_patients = assign(_files_once(films, tally), patient_pattern)
    return Collection(
        films=with_patients,
        root=root if root.is_dir() else root.parent,
        layout=recogniser.name,
        found=_counted(with_patients),
        left_out=_sorted(tally),
        positive=recogniser.positive,
        negative=recogniser.negative,
        question=recogniser.question,
        spellings=spellings,
        columns=tuple(tally.columns),
    )


def _listed(films: Iterable[Film], on_progress: OnProgress) -> list[Film]:
    """All `films`; `on_progress` hears of each few."""
    result = []
    for film in films:
        result.append(film)
        if len(result) % _EVERY == 0:
            on_progress("reading folder", len(result), 0)
    return result


def _counted(films: Iterable[Film]) -> dict[str, int]:
    return dict(sorted(Counter(film.label for film in films).items()))


def _sorted(tally: Counter[str]) -> dict[str, int]:
    return dict(sorted((+tally).items()))


def _files_once(films: Sequence[Film], tally: Counter[str]) -> list[Film]:
    """The films, each file once, where links lead to files that are listed too.

    Raises:
        DataError: a file has two findings, patients or splits by its two names.
    """
    homes: dict[str, str] = {}
    seen: dict[str, Film] = {}
    for film in films:
        earlier = seen.setdefault(identity(film.path, homes), film)
        if earlier is film:
            continue
        for fact in ("label", "patient", "split"):
            ours, theirs = getattr(earlier, fact), getattr(film, fact)
            if ours != theirs:
                raise DataError(
                    f"{printable(earlier.path)} and {printable(film.path)} are one file, and its {fact} is "
                    f"{printable(ours) or 'not said'} by the one and {printable(theirs) or 'not said'} by the other; "
                    "remove one of the two."
                )
        tally["a link to a film that is listed too"] += 1
    return list(seen.values())


def _in_our_words(film: Film) -> Film:
    """The film with its view, sex and age in the vocabulary of `words`, and how a sidecar wants it seen."""
    said = {"view": words.view(film.view), "sex": words.sex(film.sex), "age": words.age(film.age),
            "display": display_of(film.path)}  # fmt: skip
    changed: dict[str, Any] = {key: value for key, value in said.items() if value != getattr(film, key)}
    return replace(film, **changed) if changed else film


def _foreign(root: Path) -> str:
    """What a file that no layout reads is, where its first bytes say so."""
    try:
        with open_file(root) as stream:
            return said_of(root, stream.read(HEAD))
    except OSError:
        return ""


def _recognise(root: Path, forced: str) -> tuple[Recogniser | None, Path]:
    """The layout of `root`, or of what it holds where that is one folder alone; and where it begins."""
    if forced:
        return next(item for item in layouts.RECOGNISERS if item.name == forced), root
    place = root
    for _ in range(_DEEP):
        found = next((item for item in (layouts.MANIFEST, *layouts.SPECIFIC) if item.recognises(place)), None)
        if found is None and place != root and folders.is_split(place):
            found = next(item for item in layouts.RECOGNISERS if item.name == "split-folders")
        if found is not None:
            return found, place
        inner = folders.subfolders(place) if place.is_dir() else []
        if len(inner) != 1:
            break
        place = inner[0]
    if root.is_file() and manifest.recognises(root):
        return layouts.MANIFEST, root  # it says what is missing
    return next((item for item in layouts.RECOGNISERS if item.recognises(root)), None), root


def _refuse_collections(root: Path) -> None:
    """Nothing, unless the folders of `root` are collections of their own, which must not become classes.

    Raises:
        DataError: they are.
    """
    inner = folders.subfolders(root)[:50]
    if own := [(folder, item.name) for folder in inner for item in layouts.SPECIFIC if item.recognises(folder)]:
        listed = ", ".join(f"{in_list(folder.name)} ({name})" for folder, name in own)
        raise DataError(
            f"{printable(root)} holds collections of their own: {listed}; name each with a --data of its own, or say "
            f"class-folders:{printable(root)} where its folders are the classes after all."
        )
