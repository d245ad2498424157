"""What a source of films is once it has been read: frozen records, no pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cxrtui.printable import printable as printable  # the data's modules take it from here

SPLIT_NAMES = ("train", "validation", "test")
_WORDS = ("label", "patient", "split", "source", "view", "sex", "age", "offset", "not_frontal")
FILE_PATIENT = "file:"  # begins a patient's name where only the file is known


@dataclass(frozen=True)
class Display:
    """How the deep pixels of a film are meant to be seen, where a file beside it says so.

    `window` is (centre, width) of the stored values as DICOM's linear window has them (PS3.3 section C.11.2.1.2), None
    for all values; `inverted`: low values are white.
    """

    window: tuple[float, float] | None = None
    inverted: bool = False


@dataclass(frozen=True, kw_only=True)
class Film:
    """One X-ray: where it lies, and what its source says of it.

    `name` is the path below the collection's root with forward slashes (the whole path where it lies elsewhere): what
    `splits.csv` and the fingerprint use, so that a folder may move. `label` is the source's own word for the class.
    `patient` is empty until `patients.assign` has run. `split` is one of `SPLIT_NAMES` where the source assigns one.
    `offset` is in days since symptoms or admission, as the source counts them. `display` is None for most films.
    `not_frontal` says which tag names a view that is not frontal, where a DICOM file's does. `patient_everywhere`: the
    patient's name is that person's in other collections too, as a hash of the Patient ID or an NIH number is.
    """

    path: Path
    name: str
    label: str
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

    def __post_init__(self) -> None:
        """What a source or a file says is printable from here on; `path` and `name` stay, for they lead to the file."""
        for key in _WORDS:
            value = getattr(self, key)
            if (shown := printable(value)) != value:
                object.__setattr__(self, key, shown)

    @property
    def patient_known(self) -> bool:
        """Whether the patient is more than the file itself."""
        return not self.patient.startswith(FILE_PATIENT)


@dataclass(frozen=True, kw_only=True)
class Collection:
    """All films of one source, or of several, sorted by name.

    `layout` is the name of the recogniser that read it; `found` counts films by the source's labels; `left_out` counts
    by reason what is not a film or cannot count as one. `positive` and `negative` are the layout's own rule, for where
    the user sets none; `question` is what to say where they do not decide. `names` are those of the sources, where it
    joins several. `spellings` are the words of the source that were read as another finding's, by that finding.
    `columns` says, a line each, how the columns of tables were understood and which were not read.
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

    @property
    def shown(self) -> str:
        """What it is called on screen: its path, or the names of the sources that it joins."""
        return " + ".join(self.names) or printable(self.root)

    @property
    def patients_known(self) -> bool:
        """Whether every film's patient comes from the source or from a name's pattern, not from the file alone."""
        return all(film.patient_known for film in self.films)


class Tally(Counter[str]):
    """What is left out, counted by reason, while a layout reads; `columns` as of a `Collection`."""

    def __init__(self) -> None:
        super().__init__()
        self.columns: list[str] = []


def count_labels(films: Iterable[Film]) -> dict[str, int]:
    """How many films have each label, sorted by label."""
    return dict(sorted(Counter(film.label for film in films).items()))


def name_below(path: Path, root: Path) -> str:
    """The name of the film at `path` in a collection at `root`; see `Film`."""
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()
