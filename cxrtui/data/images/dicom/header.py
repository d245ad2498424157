"""This module reads a DICOM file's tags and replaces the patient's name by a hash (see `salt`)."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from pydicom.dataset import Dataset

from cxrtui.data.findings import no_patient
from cxrtui.data.images.dicom.dataset import first, open_dataset, text, transfer_syntax, whole
from cxrtui.data.images.dicom.description import DicomHeader as DicomHeader
from cxrtui.data.images.dicom.salt import deidentified as deidentified
from cxrtui.data.images.dicom.salt import own_salt
from cxrtui.data.images.opening import open_film
from cxrtui.errors import FilmError

_LYING = ("HFS", "FFS")  # head or feet first, supine (PS3.3 section C.7.3.1.1.2)
_VIEW = re.compile(r"\b(PA|AP|LL|RL|LAT|LATERAL)\b", re.IGNORECASE)


def read_header(path: str | Path | int, *, salt: bytes | None = None, raw: bool = False) -> DicomHeader:
    """Return the tags of the file at `path`; its pixels are not read.

    Args:
        path: a DICOM file under any name, or the descriptor of an open one.
        salt: the salt of the patient's hash; None for this user's own.
        raw: whether to return the patient as the file has it, for a user who may know it.

    Raises:
        FilmError: it is not a DICOM file or cannot be read; the message is the reason, without the path.
    """
    with open_film(Path(path) if isinstance(path, str) else path) as stream:
        dataset = open_dataset(stream, pixels=False)
    named = text(dataset, "SOPClassUID")
    if not (named or text(dataset, "Modality") or "Rows" in dataset):
        raise FilmError("it is not a DICOM image")
    patient = text(dataset, "PatientID")
    patient = "" if no_patient(patient) else patient
    return DicomHeader(
        patient=patient if raw else deidentified(patient, own_salt() if salt is None else salt),
        view=_view(dataset),
        sex={"M": "M", "F": "F", "O": "O"}.get(text(dataset, "PatientSex").upper()[:1], ""),
        age=_age(dataset),
        manufacturer=text(dataset, "Manufacturer"),
        institution=text(dataset, "InstitutionName"),
        modality=text(dataset, "Modality").upper(),
        body_part=text(dataset, "BodyPartExamined").upper(),
        laterality=(text(dataset, "ImageLaterality") or text(dataset, "Laterality")).upper(),
        sop_class=named,
        sop_name=str(getattr(first(dataset, "SOPClassUID"), "name", "")),
        rows=whole(dataset, "Rows", 0),
        columns=whole(dataset, "Columns", 0),
        frames=whole(dataset, "NumberOfFrames", 1),
        bits_stored=whole(dataset, "BitsStored", 0) or whole(dataset, "BitsAllocated", 0),
        photometric=text(dataset, "PhotometricInterpretation").upper(),
        encoding=transfer_syntax(dataset).name,
    )


def _view(dataset: Dataset) -> str:
    view = text(dataset, "ViewPosition").upper()
    if not view:
        words = " ".join(text(dataset, keyword) for keyword in ("SeriesDescription", "ProtocolName"))
        named = {word.upper() for word in _VIEW.findall(words.replace("_", " "))}
        view = named.pop() if len(named) == 1 else ""
    supine = text(dataset, "PatientPosition").upper() in _LYING
    return "AP supine" if supine and view in ("", "AP") else view


def _age(dataset: Dataset) -> str:
    """Return whole years, from Patient's Age (PS3.5 section 6.2, AS) or from the dates of birth and study."""
    if found := re.fullmatch(r"(\d{1,3})([DWMY]?)", text(dataset, "PatientAge").upper()):
        return str(int(found[1]) // {"D": 365, "W": 52, "M": 12}.get(found[2], 1))
    try:
        born, seen = (
            date.fromisoformat(text(dataset, keyword).replace(".", "")) for keyword in ("PatientBirthDate", "StudyDate")
        )
    except ValueError:
        return ""
    years = seen.year - born.year - ((seen.month, seen.day) < (born.month, born.day))
    return str(years) if 0 <= years < 130 else ""
