"""What a DICOM file says of its film, with a hash where the patient's name would stand.

**The salt** of the hash is one for each cache folder (`$CXRTUI_CACHE_DIR`, else the user's): 32 random bytes, made at
the first need and readable by the user alone. So a patient has the same hash in every data set that this user prepares,
and films of one patient stay together though they come from two folders; and who only holds a log, a report or a
`splits.csv` cannot try out numbers until one fits. No split depends on it (their order is drawn from the films'
content); the prepared films do, and lie in the same folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from pydicom.dataset import Dataset

from cxrtui.data.dicom.dataset import first, open_dataset, text, transfer_syntax, whole
from cxrtui.data.findings import no_patient
from cxrtui.data.pictures import open_film
from cxrtui.errors import FilmError
from cxrtui.workspace import cache_root

_SALT = "patients.salt"
_LYING = ("HFS", "FFS")  # head or feet first, supine (PS3.3 section C.7.3.1.1.2)
_VIEW = re.compile(r"\b(PA|AP|LL|RL|LAT|LATERAL)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class DicomHeader:
    """The tags that cxrtui uses; whatever a file leaves open is empty.

    `patient` is a hash (see the module's text) unless the raw one was asked for. `view` is the View Position in
    capitals, or where that is empty the one that the descriptions name; a film `AP`, or without a view, of a patient
    who lies on the back is `AP supine` (`PA` stays: many devices write one position for all). `age` is in whole
    years. A word for nobody (``ANONYMOUS``, ``0000``) is no patient.
    """

    patient: str = ""
    view: str = ""
    sex: str = ""
    age: str = ""
    manufacturer: str = ""
    institution: str = ""
    modality: str = ""
    body_part: str = ""
    laterality: str = ""
    sop_class: str = ""
    sop_name: str = ""
    rows: int = 0
    columns: int = 0
    frames: int = 1
    bits_stored: int = 0
    photometric: str = ""
    encoding: str = ""


def read_header(path: str | Path, *, salt: bytes | None = None, raw: bool = False) -> DicomHeader:
    """The tags of the file at `path`; its pixels are not read.

    Args:
        path: a DICOM file under any name.
        salt: of the patient's hash; None for this user's own.
        raw: the patient as the file has it, for those who may know.

    Raises:
        FilmError: it is no DICOM file or cannot be read; the message is the reason, without the path.
    """
    with open_film(Path(path)) as stream:
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
        bits_stored=whole(dataset, "BitsStored", 0),
        photometric=text(dataset, "PhotometricInterpretation").upper(),
        encoding=transfer_syntax(dataset).name,
    )


def deidentified(patient_id: str, salt: bytes) -> str:
    """A name for the patient that cannot be turned back without the `salt`: 16 hexadecimal digits, empty for none."""
    if not patient_id.strip():
        return ""
    return hmac.new(salt, patient_id.strip().encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()[:16]


def own_salt() -> bytes:
    """This user's salt; see the module's text."""
    return _salt_in(cache_root())


@cache
def _salt_in(folder: Path) -> bytes:
    """The salt kept in `folder`; where nothing can be kept, one for this process."""
    file, made = folder / _SALT, secrets.token_bytes(32)
    temporary = folder / f".{_SALT}.{os.getpid()}.{secrets.token_hex(4)}.tmp"
    with contextlib.suppress(OSError):
        if len(kept := file.read_bytes()) == 32:
            return kept
        file.unlink()
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(made)
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(temporary, file)  # whoever is first decides
    with contextlib.suppress(OSError):
        temporary.unlink()
        made = file.read_bytes()
    return made


def _view(dataset: Dataset) -> str:
    view = text(dataset, "ViewPosition").upper()
    if not view:
        words = " ".join(text(dataset, keyword) for keyword in ("SeriesDescription", "ProtocolName"))
        named = {word.upper() for word in _VIEW.findall(words.replace("_", " "))}
        view = named.pop() if len(named) == 1 else ""
    supine = text(dataset, "PatientPosition").upper() in _LYING
    return "AP supine" if supine and view in ("", "AP") else view


def _age(dataset: Dataset) -> str:
    """Whole years, from Patient's Age (PS3.5 section 6.2, AS) or from the dates of birth and study."""
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
