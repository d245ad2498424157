"""BIMCV-COVID19: ``sub-*/ses-*/mod-rx/*_{cr,dx}.png`` with JSON sidecars, participants.tsv and a table of labels.

Labels belong to a report, which is a session: they become one finding, joined by commas. A session whose only mention
of COVID 19 is uncertain is left out.

The collection is published as two: of patients who tested positive (``labels_covid19_posi.tsv``) and of patients who
tested negative (``labels_SARS-cov-2_nega.tsv``, ``Labels_covid_NEG_JAN21.tsv``). Which one a table belongs to is read
from its name, or else from the folder's, and findings of the second end in `NEGATIVE`. So the default rule takes a film
as positive where its report says so, as negative where its patient tested negative, and leaves out what remains: films
of the positive set without a word of COVID-19, which are no negatives. File names and columns (ReportID, Labels;
participant, age, gender) are those that the code published with several studies of it reads.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxrtui.data.films import Display, Film, placed, printable
from cxrtui.data.findings import COVID, NOT_COVID, canonical
from cxrtui.data.sources.folders import loose, subfolders, walk
from cxrtui.data.sources.layouts import words
from cxrtui.data.sources.layouts.places import columns, entry
from cxrtui.data.sources.table import read_table
from cxrtui.errors import DataError
from cxrtui.files import read_bytes

NAME = re.compile(r"^(sub-[A-Za-z0-9]+)_(ses-[A-Za-z0-9]+)_.*_(cr|dx|ct)(\.nii)?\.\w+$", re.IGNORECASE)
VIEW = re.compile(r"_vp-([A-Za-z]+)")
NEGATIVE, _UNCERTAIN = "SARS-CoV-2 negative", "COVID 19 uncertain"
QUESTION = (
    "The positive set of BIMCV has no negatives: a film without COVID 19 in its report is still of a patient who "
    "tested positive at some time. Join the negative set with a second --data, or name the classes all the same, for "
    "example with --set data.positive='COVID 19' --set data.negative=normal."
)
_NEEDS = frozenset({"reportid", "labels"})
_NEGATIVE_SET = re.compile(r"(?<![a-z])neg(a|ative)?(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Sidecar:
    """The facts in the JSON file beside a film; ``window`` is (centre, width) of stored values, None where not given.

    `damaged` means that there is a file and it cannot be read.

    The tags give values after the modality LUT, so the window is converted back with slope and intercept.
    """

    photometric: str = ""
    window: tuple[float, float] | None = None
    view: str = ""
    damaged: bool = False


def read_sidecar(film: Path) -> Sidecar:
    """Return the sidecar of the film at `film`; empty where there is none, or it cannot be read."""
    try:
        body = json.loads(read_bytes(film.with_suffix(".json")))
    except FileNotFoundError:
        return Sidecar()
    except (OSError, ValueError, RecursionError):
        return Sidecar(damaged=True)
    if not isinstance(body, dict):
        return Sidecar(damaged=True)
    photometric = _tag(body, "00280004", "PhotometricInterpretation").upper()
    return Sidecar(photometric, _window(body), _tag(body, "00185101", "ViewPosition"))


def film_by_name(file: Path, root: Path, label: str, split: str) -> Film:
    """Return a film of another collection; the name of a film from BIMCV contains its patient and view."""
    named, in_name = NAME.match(file.name), VIEW.search(file.name)
    return Film(
        **placed(file, root), label=label, split=split, patient=named[1] if named else "",
        patient_everywhere=named is not None,
        view=in_name[1] if named and in_name else "", source="bimcv" if named else "",
    )  # fmt: skip


def display_of(film: Path) -> Display | None:
    """Return the display of the film at `film` from its sidecar; None where its name is not like BIMCV's."""
    if not NAME.match(film.name):
        return None
    sidecar = read_sidecar(film)
    found = Display(sidecar.window, sidecar.photometric == "MONOCHROME1")
    return None if found == Display() else found


def _window(body: dict[str, Any]) -> tuple[float, float] | None:
    """Return (centre, width) of stored values; None where they are not given or cannot be a window."""
    try:
        centre = float(_tag(body, "00281050", "WindowCenter"))
        width = float(_tag(body, "00281051", "WindowWidth"))
        slope = float(_tag(body, "00281053", "RescaleSlope") or 1)
        intercept = float(_tag(body, "00281052", "RescaleIntercept") or 0)
    except ValueError:
        return None
    if not all(map(math.isfinite, (centre, width, slope, intercept))) or slope <= 0 or width < 1:
        return None
    return (centre - intercept) / slope, width / slope


def _tag(body: dict[str, Any], *names: str) -> str:
    """Return the first value of a tag, by its number (DICOM JSON) or its name."""
    for name in names:
        value = body.get(name)
        if isinstance(value, dict):
            value = value.get("Value")
        if isinstance(value, list):
            value = value[0] if value else None
        if value not in (None, "") and not isinstance(value, dict):
            return str(value)
    return ""


def recognises(path: Path) -> bool:
    """Whether `path` holds patients' folders with sessions in them."""
    return bool(_patients(path)) and path.is_dir()


def _patients(path: Path) -> list[Path]:
    """Return the folders ``sub-*``, if one of the first three holds a ``ses-*``."""
    found = [folder for folder in subfolders(path) if folder.name.casefold().startswith("sub-")]
    for folder in found[:3]:
        if any(inner.name.casefold().startswith("ses-") for inner in subfolders(folder)):
            return found
    return []


def read(path: Path, tally: Counter[str]) -> Iterator[Film]:
    """Yield the X-rays of every session that has labels.

    Raises:
        DataError: there is no table of labels.
    """
    patients = set(_patients(path))
    labels, people = _labels(path), _people(path)
    if not labels:
        raise DataError(
            f"{printable(path)} has no table of labels (a .tsv with the columns ReportID and Labels, in "
            "derivatives/labels/); put it there."
        )
    for folder in subfolders(path):
        met: Counter[str] = Counter()
        files = walk(folder, path, met)
        if folder not in patients:
            tally["not in a patient's folder"] += sum(1 for _ in files)
            continue
        for file in files:
            named = NAME.match(file.name)
            if named is None:
                tally["a name that is not sub-…_ses-…_{cr,dx}"] += 1
                continue
            patient, session, kind = named[1], named[2], named[3].casefold()
            if kind == "ct":
                tally["CT, not an X-ray"] += 1
                continue
            findings = labels.get(session.casefold())
            if findings is None:
                tally["a film whose session the labels do not list"] += 1
                continue
            keys = set(map(canonical, findings))
            if NOT_COVID in keys and COVID in keys:
                tally["a film of a patient who tested negative, with COVID 19 in its report"] += 1
            elif not keys:
                tally["a film without a finding"] += 1
            elif canonical(_UNCERTAIN) in keys and COVID not in keys:
                tally["a film of uncertain COVID 19"] += 1
            else:
                in_name, sidecar = VIEW.search(file.name), read_sidecar(file)
                if sidecar.damaged:
                    tally["a JSON file beside a film that cannot be read (the film stays, without its window)"] += 1
                sex, age = people.get(patient.casefold(), ("", ""))
                yield Film(
                    **placed(file, path), label=", ".join(findings), patient=patient,
                    patient_everywhere=True, sex=sex,
                    age=age, view=in_name[1] if in_name else sidecar.view,
                )  # fmt: skip
        del met["not an image"]  # other counts say more about the films
        tally.update(met)
    loose(path, tally, "not in a patient's folder")


def _tables(path: Path) -> Iterator[Path]:
    for folder in (entry(path, "derivatives"), path):
        inner = entry(folder, "labels") if folder is not None else None
        for place in (inner, folder):
            if place is not None and place.is_dir():
                yield from sorted(file for file in place.iterdir() if file.suffix.casefold() in (".tsv", ".csv"))


def _labels(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the findings of each session, from every table that has them."""
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for file in _tables(path):
        if columns(file) >= _NEEDS:
            negative = bool(_NEGATIVE_SET.search(file.stem) or _NEGATIVE_SET.search(path.name))
            for _, row in read_table(file):
                listed = re.findall(r"'([^']*)'|\"([^\"]*)\"", row["labels"]) or [(row["labels"].strip("[] "), "")]
                findings = [word.strip() for pair in listed for word in pair if words.given(word)]
                findings += [NEGATIVE] * negative
                found[row["reportid"].casefold()].update(dict.fromkeys(findings))
    return {session: tuple(findings) for session, findings in found.items()}


def _people(path: Path) -> dict[str, tuple[str, str]]:
    """Return sex and age by patient, from participants.tsv."""
    file = entry(path, "participants.tsv", "participants.csv")
    if file is None:
        return {}
    return {
        (row.get("participant", "") or row.get("participant_id", "")).casefold(): (
            row.get("gender", "") or row.get("sex", ""), row.get("age", "").strip("[] ").split(",")[0],
        )
        for _, row in read_table(file)
    }  # fmt: skip
