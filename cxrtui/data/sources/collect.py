"""This module reads what ``--data`` names into a `Collection`: the films of one source, or of several together."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cxrtui.data.films import Collection, Film, Tally, count_labels, printable
from cxrtui.data.pool import OnProgress, no_progress
from cxrtui.data.sources import layouts
from cxrtui.data.sources.joining import join, names_of, without_repeats
from cxrtui.data.sources.layouts import Recogniser, words
from cxrtui.data.sources.layouts.bimcv import display_of
from cxrtui.data.sources.litter import count_litter
from cxrtui.data.sources.naming import TFDS, split_name
from cxrtui.data.sources.paths import identity
from cxrtui.data.sources.patients import assign
from cxrtui.data.sources.recognising import find_layout
from cxrtui.data.sources.spellings import one_spelling, understood
from cxrtui.data.sources.tags import with_tags
from cxrtui.data.sources.unsorted import why_nothing
from cxrtui.errors import DataError
from cxrtui.files import is_url
from cxrtui.remote import folders as remote

_EVERY = 32  # films between two reports of progress


def read_sources(
    paths: str | Path | Sequence[str | Path],
    patient_pattern: str = "",
    *,
    raw: bool = False,
    on_progress: OnProgress = no_progress,
) -> Collection:
    """Read all films that `paths` name, as `read_source` does; with several, names get their source as a prefix.

    Patients who have the same name in every collection (`Film.patient_everywhere`) get no prefix.

    `on_progress` is called with the progress of the reading, and may raise an error to end it.

    Raises:
        DataError: as in `read_source`, or a source is named twice, or two give one film different findings.
        ConfigError: `patient_pattern` is not a regular expression with a group.
    """
    listed = [paths] if isinstance(paths, (str, Path)) else list(paths)
    if len(listed) < 2:
        return read_source(listed[0] if listed else "", patient_pattern, raw=raw, on_progress=on_progress)
    read = [read_source(path, patient_pattern, raw=raw, on_progress=on_progress) for path in listed]
    homes = [os.path.realpath(item.root) for item in read]
    for place, home in enumerate(homes):
        if home in homes[:place] and read[homes.index(home)].layout == read[place].layout:
            raise DataError(f"{printable(listed[place])} is named twice; give each --data once.")
    return join(without_repeats(read), names_of(read))


def read_source(
    path: str | Path, patient_pattern: str = "", *, raw: bool = False, on_progress: OnProgress = no_progress
) -> Collection:
    """Read all films at `path`, sorted by name; of a file that is not DICOM, only the first bytes are read.

    `raw` keeps the patients and sites of DICOM files as they are, instead of their hashes. `on_progress` is as in
    `read_sources`.

    Raises:
        DataError: `path` does not exist, cannot be read, has no known layout, or holds no films.
        ConfigError: `patient_pattern` is not a regular expression with a group.
    """
    if not str(path):
        raise DataError("No data was named; add --data PATH (a folder of class folders, or a CSV manifest).")
    forced, rest = split_name(str(path))
    if forced == TFDS:
        return _tfds(rest, patient_pattern)
    tally = Tally()
    if is_url(rest):
        copy = remote.fetched(rest, on_progress)
        tally.update(copy.left_out)
        rest = str(copy.path)
    recogniser, root = find_layout(rest, forced)
    films, spellings = one_spelling(_films(recogniser, root, tally, raw=raw, on_progress=on_progress))
    with_patients = assign(_handed_over(_files_once(films, tally)), patient_pattern)
    return Collection(
        films=with_patients,
        root=root if root.is_dir() else root.parent,
        layout=recogniser.name,
        found=count_labels(with_patients),
        left_out=_sorted(tally),
        positive=recogniser.positive,
        negative=recogniser.negative,
        question=recogniser.question,
        spellings=spellings,
        columns=tuple(tally.columns),
    )


def _films(recogniser: Recogniser, root: Path, tally: Tally, *, raw: bool, on_progress: OnProgress) -> list[Film]:
    """Return the films that the layout finds at `root`, with the facts from their tags, sorted by name.

    Raises:
        DataError: a file cannot be read, or there are no films.
    """
    try:
        listed = understood(_listed(recogniser.read(root, tally), on_progress), tally)
        tagged = with_tags(listed, tally, raw=raw, on_progress=on_progress)
        films = sorted(map(_in_our_words, tagged), key=lambda film: film.name)
    except OSError as error:
        raise DataError(f"Cannot read {printable(error.filename or root)}: {error.strerror or error}.") from None
    if recogniser.name != layouts.MANIFEST.name and root.is_dir():  # a manifest lists its films
        count_litter(root, tally)
    if not films:
        raise DataError(why_nothing(root, recogniser.name, tally, layouts.NAMES))
    return films


def _tfds(name: str, patient_pattern: str) -> Collection:
    """Return the films of a prepared data set of tensorflow-datasets."""
    from cxrtui.data.sources.layouts.tfds_dataset import read_dataset

    found = read_dataset(name)
    left_out = Counter(found.left_out)
    films, spellings = one_spelling(map(_in_our_words, understood(found.films, left_out)))
    return replace(found, films=assign(films, patient_pattern), found=count_labels(films), left_out=_sorted(left_out),
                   spellings=spellings)  # fmt: skip


def _listed(films: Iterable[Film], on_progress: OnProgress) -> list[Film]:
    """Return all `films` as a list; call `on_progress` after every `_EVERY` films."""
    result = []
    for film in films:
        result.append(film)
        if len(result) % _EVERY == 0:
            on_progress("reading folder", len(result), 0)
    return result


def _sorted(tally: Counter[str]) -> dict[str, int]:
    return dict(sorted((+tally).items()))


def _files_once(films: list[Film], tally: Counter[str]) -> list[Film]:
    """Return the films with each file once, where links lead to files that are also listed; `films` is empty then.

    Raises:
        DataError: a file has two findings, patients or splits under its two names.
    """
    homes: dict[str, str] = {}
    marks = np.fromiter((hash(identity(film.path, homes)) for film in films), np.int64, len(films))
    values, counts = np.unique(marks, return_counts=True)
    doubtful = set(values[counts > 1].tolist())  # few texts are kept, for those alone that may be equal
    seen: dict[str, Film] = {}
    found = []
    for film, mark in zip(_handed_over(films), marks, strict=True):
        earlier = seen.setdefault(identity(film.path, homes), film) if doubtful and int(mark) in doubtful else film
        if earlier is film:
            found.append(film)
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
    return found


def _handed_over(films: list[Film]) -> Iterator[Film]:
    """Yield `films` and forget them, so that what is made of one takes its room."""
    films.reverse()
    while films:
        yield films.pop()


def _in_our_words(film: Film) -> Film:
    """Return the film with view, sex and age in the vocabulary of `words`, and with the display from its sidecar."""
    normal = {"view": words.view(film.view), "sex": words.sex(film.sex), "age": words.age(film.age),
            "display": display_of(film.path)}  # fmt: skip
    changed: dict[str, Any] = {key: value for key, value in normal.items() if value != getattr(film, key)}
    return replace(film, **changed) if changed else film
