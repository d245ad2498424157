"""This module defines the record of a DICOM file's tags as plain values; it does not import pydicom."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DicomHeader:
    """The tags that cxrtui uses; a tag that the file lacks is empty.

    `patient` is a hash (see `dicom.salt`) unless the raw one was asked for. `view` is the View Position in capitals,
    or, where that is empty, the view that the descriptions name. If the patient lies on the back, a view of `AP` or
    none becomes `AP supine`; `PA` is kept, because many devices write one position for all films. `age` is in whole
    years. A placeholder (``ANONYMOUS``, ``0000``) is not a patient.
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
