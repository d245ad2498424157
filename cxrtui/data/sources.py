"""From a path to a `Collection`: one table of recognisers, tried in order.

To add a layout, write ``recognises(path) -> bool`` (cheap, never raising) and ``read(path, tally) -> films`` and add a
line to `RECOGNISERS`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cxrtui.data import folders, manifest
from cxrtui.data.films import Collection, Film, printable
from cxrtui.data.patients import assign
from cxrtui.errors import DataError
from cxrtui.workspace import expand


@dataclass(frozen=True)
class Recogniser:
    """A layout that cxrtui reads by itself. `read` counts in its second argument what it leaves out, by reason."""

    name: str
    about: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, Counter[str]], Iterable[Film]]


RECOGNISERS = (
    Recogniser("manifest", "a CSV file, or a folder with manifest.csv", manifest.recognises, manifest.read),
    Recogniser("split folders", "train/, val/, test/ above class folders", folders.is_split, folders.read_split),
    Recogniser("class folders", "one folder for each class", folders.is_classes, folders.read_classes),
)


def read_source(path: str | Path, patient_pattern: str = "") -> Collection:
    """All films at `path`, sorted by name; no image is opened unless its file's ending says nothing.

    Raises:
        DataError: `path` does not exist, cannot be read, has no layout that is known, or holds no films.
        ConfigError: `patient_pattern` is no regular expression with a group.
    """
    if not str(path):
        raise DataError("No data was named; add --data PATH (a folder of class folders, or a CSV manifest).")
    root = expand(path)
    shown = printable(root)
    try:
        root.stat()
        recogniser = next((item for item in RECOGNISERS if item.recognises(root)), None)
    except OSError as error:
        raise DataError(f"Cannot read the data at {shown}: {error.strerror or error}; check --data.") from None
    if recogniser is None:
        known = "; ".join(f"{item.name} ({item.about})" for item in RECOGNISERS)
        raise DataError(f"No films found at {shown}: it has none of the layouts that are read, which are: {known}.")
    tally: Counter[str] = Counter()
    try:
        films = sorted(recogniser.read(root, tally), key=lambda film: film.name)
    except OSError as error:
        raise DataError(f"Cannot read {printable(error.filename or root)}: {error.strerror or error}.") from None
    if not films:
        why = ", ".join(f"{count} {reason}" for reason, count in sorted(tally.items())) or "it is empty"
        raise DataError(f"No films found at {shown}, read as {recogniser.name}: {why}.")
    with_patients = assign(films, patient_pattern)
    return Collection(
        films=with_patients,
        root=root if root.is_dir() else root.parent,
        layout=recogniser.name,
        found=dict(sorted(Counter(film.label for film in with_patients).items())),
        left_out=dict(sorted(tally.items())),
    )
