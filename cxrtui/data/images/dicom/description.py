"""What a DICOM file says of its film, as plain values; no pydicom is needed for them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DicomHeader:
    """The tags that cxrtui uses; whatever a file leaves open is empty.

    `patient` is a hash (see `dicom.salt`) unless the raw one was asked for. `view` is the View Position in
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
