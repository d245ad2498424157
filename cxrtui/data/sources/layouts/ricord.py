"""MIDRC-RICORD-1c: DICOM in ``MIDRC-RICORD-1C-<patient>/<date>-…-<study>/<series>/``, every patient positive by RT-PCR.

Two files are published beside the films. The workbook of clinical data has a sheet with the columns Anon MRN (what
follows ``MIDRC-RICORD-1C-`` in the patient's folder) and Anon Study UID (its last five digits end the study's), as the
code of COVID-Net and others reads it. Columns of age and sex are found by usual headers, as the real ones could not be
looked up; without such columns, the films' tags give both. The annotations (MD.ai's JSON) say how typical of COVID-19
each reader found a study. They are not read, because every patient was positive whatever the appearance.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cxrtui.data.films import Film, placed
from cxrtui.data.sources.folders import subfolders, walk
from cxrtui.data.sources.layouts.places import columns
from cxrtui.data.sources.layouts.xlsx import read_rows
from cxrtui.data.sources.litter import hidden
from cxrtui.data.sources.table import read_table
from cxrtui.errors import DataError

_PATIENT = re.compile(r"^(MIDRC-RICORD-1C-((?:SITE)?\w+-\d+))", re.IGNORECASE)
_NEEDS = frozenset({"anon mrn", "anon study uid"})
_TAIL = 5  # digits of a study's UID in its folder's name


@dataclass(frozen=True)
class _Person:
    sex: str = ""
    age: str = ""


def _roots(path: Path) -> list[Path]:
    """Return the patients' folders at `path`, or up to two folders below that have no others beside them."""
    place = path
    for _ in range(3):
        inner = subfolders(place)
        if found := [folder for folder in inner if _PATIENT.match(folder.name)]:
            return found
        if len(inner) != 1:
            break
        place = inner[0]
    return []


def recognises(path: Path) -> bool:
    """Whether folders or files named for RICORD-1c patients are there."""
    if not path.is_dir():
        return False
    if _PATIENT.match(path.name) or _roots(path):
        return True
    try:
        return any(_PATIENT.match(file.name) for file, _ in zip(path.iterdir(), range(50), strict=False))
    except OSError:
        return False


def read(path: Path, tally: Counter[str]) -> Iterator[Film]:
    """Yield every film as COVID-19 positive; the patient is in the folder's or file's name."""
    walked: Counter[str] = Counter()
    beside = _beside(path, walked)
    people = _people(beside, tally)
    met: set[str] = set()
    for file in walk(path, path, walked):
        below = file.relative_to(path).parts
        names = (*reversed(below), path.name)
        named = next((match for name in names if (match := _PATIENT.match(name))), None)
        if named is None:
            walked["not in a patient's folder"] += 1
            continue
        patient = named[2].casefold()
        met.add(patient)
        studies = (people.get((patient, name[-_TAIL:])) for name in below[:-1])
        person = next((found for found in studies if found), people.get((patient, ""), _Person()))
        yield Film(**placed(file, path), label="COVID-19", patient=named[1],
                   patient_everywhere=True, sex=person.sex, age=person.age)  # fmt: skip
    if lonely := {patient for patient, _ in people} - met:
        tally["a patient of the clinical data without a film here"] += len(lonely)
    tally.update(+walked)


def _beside(path: Path, walked: Counter[str]) -> list[Path]:
    """Return the tables and annotations at `path` and above the patients; take them off `walked`, which counts them."""
    places = dict.fromkeys((path, *(parent for root in _roots(path)[:1] for parent in root.parents[:3])))
    found = []
    for place in places:
        if place == path or path in place.parents:
            kinds = (".xlsx", ".csv", ".json")
            files = [file for file in place.iterdir() if file.suffix.casefold() in kinds and not hidden(file.name)]
            found += sorted(file for file in files if file.is_file())
    walked["not an image"] -= len(found)
    return found


def _people(files: list[Path], tally: Counter[str]) -> dict[tuple[str, str], _Person]:
    """Return sex and age by patient and study's last digits, and by patient alone; count what is not understood."""
    people: dict[tuple[str, str], _Person] = {}
    for file in files:
        if file.suffix.casefold() == ".json":
            tally["a file of annotations, not read (every film is positive by RT-PCR)"] += 1
            continue
        try:
            rows = list(read_rows(file, _NEEDS)) if file.suffix.casefold() == ".xlsx" else None
        except DataError:
            rows = []
        if rows is None:  # a wrong line in the right table is an error
            rows = [row for _, row in read_table(file)] if columns(file) >= _NEEDS else []
        if not rows:
            tally["a table that cannot be read, or has no Anon MRN and Anon Study UID"] += 1
            continue
        known = 0
        for row in rows:
            sex = next((cell for name, cell in row.items() if name in ("sex", "gender", "patient sex")), "")
            age = next((cell for name, cell in row.items() if re.match(r"(patient )?age\b", name)), "")
            known += bool(sex or age)
            patient, study = row["anon mrn"].casefold(), row["anon study uid"]
            people[patient, study[-_TAIL:]] = _Person(sex, age)
            people.setdefault((patient, ""), _Person(sex, age))
        if not known:
            tally["a table of clinical data without sex and age"] += 1
    return people
