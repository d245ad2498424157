"""The tags of DICOM files: device, exposure, matrix and display. Files of other types have none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from cxrtui.data.confounders.columns import Columns
from cxrtui.data.confounders.film import Known
from cxrtui.data.confounders.kinds.kind import Kind

WORDS = (
    "Modality", "Manufacturer", "ManufacturerModelName", "DetectorType", "FilterType", "Grid", "BodyPartExamined",
    "PhotometricInterpretation", "PresentationIntentType", "LossyImageCompression", "PatientOrientation",
)  # fmt: skip
NUMBERS = (
    "KVP", "ExposureTime", "XRayTubeCurrent", "Exposure", "DistanceSourceToDetector", "DistanceSourceToPatient",
    "ImagerPixelSpacing", "PixelSpacing", "Rows", "Columns", "BitsStored", "WindowCenter", "WindowWidth",
    "RescaleSlope", "RescaleIntercept", "Sensitivity",
)  # fmt: skip


def read_tags(stream: BinaryIO) -> dict[str, str | float]:
    """Return the tags of the DICOM file in `stream` that `WORDS` and `NUMBERS` name, where it has them.

    Only a worker process calls this, because it reads a file of a stranger with pydicom.

    Raises:
        FilmError: the tags cannot be read.
    """
    from cxrtui.data.images.dicom.dataset import (  # pydicom takes long to import, and most films are not DICOM
        number,
        open_dataset,
        text,
        transfer_syntax,
    )

    dataset = open_dataset(stream, pixels=False)
    tags: dict[str, str | float] = {word: found[:64] for word in WORDS if (found := text(dataset, word))}
    tags["TransferSyntax"] = transfer_syntax(dataset).name
    return tags | {name: value for name in NUMBERS if (value := number(dataset, name)) is not None}


def columns(films: Sequence[Known]) -> Columns:
    """Return the features of the films' tags."""
    tags = [film.measures.tags for film in films if film.measures is not None]
    numbers = [name for name in NUMBERS if any(name in held for held in tags)]
    return Columns(
        numbers={name: [_number(held.get(name)) for held in tags] for name in numbers},
        words={word: [str(held.get(word, "")) for held in tags] for word in (*WORDS, "TransferSyntax")},
    )


def _number(value: str | float | None) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


KIND = Kind(
    "dicom", "DICOM tags: device, exposure, matrix",
    "take films of the same devices and exposures for both classes, or hold a device out for the test", columns,
    decoded=True,
)  # fmt: skip
