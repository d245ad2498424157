"""This module defines the frozen records that reading a source of films gives; they hold no pixels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from cxrtui.printable import printable as printable  # the data's modules take it from here

SPLIT_NAMES = ("train", "validation", "test")
_WORDS = ("label", "patient", "split", "source", "view", "sex", "age", "offset", "not_frontal")
SYNTHETIC = "synthetic phantom"  # the source of films that `cxrtui.data.phantoms` drew
_PHANTOM = re.compile(r"(.*/)?phantom_P\d{4,}_\d(_b)?\.(png|jpg)")
_NOWHERE = Path()
FILE_PATIENT = "file:"  # the prefix of a patient's name where only the file is known
RULE_SOURCE = "the source"
RULE_PATTERN = "data.patient_pattern"
RULE_GROUPS = "data.groups"
RULE_SERIES = "series of names (x-day0, x-day7; x-a, x-b; x1_01, x1_02)"


@dataclass(frozen=True)
class Display:
    """How pixels of more than 8 bits are to be displayed, according to a file beside the film.

    `window` is the (centre, width) in stored values of DICOM's linear window (PS3.3 section C.11.2.1.2); None means all
    values. `inverted` means that low values are white.
    """

    window: tuple[float, float] | None = None
    inverted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Film:
    """The record of one X-ray: its path, and what the source says about it.

    `name` is the path below the collection's folder `root` with forward slashes; a film outside it has its whole path,
    and an empty `root`. The file `splits.csv` and the fingerprint use it, so that a folder may move. Where several
    collections are joined, `prefix` is what comes before the path in `name`. A `Path` takes more memory than all else
    of a film, so that `path` is made each time. `label` is the source's own word for the class.
    `patient` is empty until `patients.assign` has run. `split` is one of `SPLIT_NAMES` where the source assigns one.
    `offset` is in days since symptoms or admission, as the source counts them. `display` is None for most films.
    `not_frontal` names the DICOM tag that gives a view which is not frontal. `patient_everywhere` means that other
    collections use the same name for this patient, as with a hash of the Patient ID or an NIH number. `patient_rule`
    says how the patient was found; it is empty where only the file is known.
    """

    root: Path
    name: str
    label: str
    prefix: str = ""
    patient: str = ""
    split: str = ""
    source: str = ""
    view: str = ""
    sex: str = ""
    age: str = ""
    offset: str = ""
    display: Display | None = None
    not_frontal: str = ""
    patient_everywhere: bool = False
    patient_rule: str = ""

    def __post_init__(self) -> None:
        """Make the text of the source printable; `root` and `name` are kept, because they locate the file."""
        for key in _WORDS:
            value = getattr(self, key)
            if (shown := printable(value)) != value:
                object.__setattr__(self, key, shown)

    @property
    def path(self) -> Path:
        """The film's file."""
        return self.root / self.name.removeprefix(self.prefix)

    @property
    def patient_known(self) -> bool:
        """Whether the patient is known, and not just assumed from the file."""
        return not self.patient.startswith(FILE_PATIENT)


@dataclass(frozen=True, kw_only=True)
class Collection:
    """All films of one source, or of several, sorted by name.

    `layout` is the name of the recogniser that read it; `found` counts films by the source's labels; `left_out` counts
    by reason what is not a film or cannot be used. `positive` and `negative` are the layout's own rule, used when the
    user sets none; `question` is what to ask when that rule does not decide. `names` are the names of the sources that
    the collection joins. `spellings` maps a finding to the words of the source that were read as that finding.
    `columns` says, in one line each, how the columns of tables were understood and which were not read. `apart` are the
    names of each two films of which the user says that they are of different patients. `remarks` are on the user's
    corrections (`cxrtui.data.sources.corrections`).
    """

    films: tuple[Film, ...]
    root: Path
    layout: str
    found: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    question: str = ""
    names: tuple[str, ...] = ()
    spellings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    apart: frozenset[frozenset[str]] = frozenset()
    remarks: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The collection's name on screen: its path, or the names of the sources that it joins."""
        return " + ".join(self.names) or printable(self.root)

    @property
    def patients_known(self) -> bool:
        """Whether every film's patient comes from the source or from a name's pattern, not from the file alone."""
        return all(film.patient_known for film in self.films)


class Tally(Counter[str]):
    """Counts by reason what a layout leaves out while it reads; `columns` is as in `Collection`."""

    def __init__(self) -> None:
        super().__init__()
        self.columns: list[str] = []


def is_synthetic(name: str, source: str = "") -> bool:
    """Return whether a film was drawn by cxrtui, by its `source` or else by the name that such films have."""
    return source == SYNTHETIC or _PHANTOM.fullmatch(name) is not None


def count_labels(films: Iterable[Film]) -> dict[str, int]:
    """Return the number of films with each label, sorted by label."""
    return dict(sorted(Counter(film.label for film in films).items()))


class Place(TypedDict):
    """What of a `Film` says where its file is."""

    root: Path
    name: str


def placed(path: Path, root: Path) -> Place:
    """Return the place of the film at `path` in a collection at `root`."""
    try:
        return {"root": root, "name": path.relative_to(root).as_posix()}
    except ValueError:
        return {"root": _NOWHERE, "name": path.as_posix()}
