"""Every file that pydicom brings: seen as its own plain pipeline sees it, or refused for a reason that is true."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from cxrtui.data.images.decode import decode_with_notes
from cxrtui.data.images.dicom.dataset import transfer_syntax, whole
from cxrtui.errors import FilmError

HOME = Path(pydicom.__file__).parent / "data"
OTHERS = (".py", ".pyc", ".json", ".txt", ".icc", ".dump", ".gz", ".md")
FILES = [
    path
    for folder in ("test_files", "charset_files", "palettes")
    for path in sorted((HOME / folder).rglob("*"))
    if path.is_file() and path.suffix not in OTHERS and path.name != "README"
]
# Windows of a slice that no value of these cuttings of 16 by 16 pixels reaches: own range.
OWN_RANGE = {"17136": 6, "17166": 1, "17196": 1}


def plain(dataset: pydicom.Dataset) -> np.ndarray:
    """What is seen, 0 to 1: decode, modality LUT, VOI LUT, inversion, and the scale of what came last."""
    values = dataset.pixel_array
    if dataset.SamplesPerPixel == 3:
        return np.asarray(values.astype(float) @ [0.299, 0.587, 0.114] / (2**dataset.BitsStored - 1))
    values = apply_modality_lut(values, dataset)
    found = apply_voi_lut(values, dataset, index=0, prefer_lut=True).astype(float)
    low, high = float(found.min()), float(found.max())
    if "VOILUTSequence" in dataset:
        low, high = 0.0, float(2 ** dataset.VOILUTSequence[0].LUTDescriptor[2] - 1)
    elif "WindowCenter" in dataset:
        half = 2 ** (dataset.BitsStored - 1)
        slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
        ends = (-half, half - 1) if dataset.PixelRepresentation else (0, 2 * half - 1)
        low, high = (end * slope + intercept for end in ends)
    grey = (found - low) / (high - low)
    inverse = dataset.PhotometricInterpretation == "MONOCHROME1" or dataset.get("PresentationLUTShape") == "INVERSE"
    return np.asarray(1 - grey if inverse else grey)


def one_grey(dataset: pydicom.Dataset) -> bool:
    """Whether all but one pixel in a hundred lie within three greys."""
    return float(np.ptp(np.quantile(plain(dataset), [0.005, 0.995]))) * 255 <= 3


def true(reason: str, dataset: pydicom.Dataset) -> bool:
    """Whether the tags themselves bear `reason` out."""
    size = 2 * whole(dataset, "Rows", 0) * whole(dataset, "Columns", 0)
    said: dict[str, Any] = {
        "without an image": not dataset.get("Rows") or not dataset.get("Columns"),
        "ends before its pixels": "PixelData" not in dataset,
        "frames; a film has one": whole(dataset, "NumberOfFrames", 1) > 1,
        "8 to 16 bits are read": dataset.get("BitsAllocated") not in (8, 16),
        "pixels are cut short": len(dataset.get("PixelData", b"")) < size,
        "PALETTE_COLOR": dataset.get("PhotometricInterpretation") == "PALETTE COLOR",
        "needs: pip install 'cxrtui[jpeg12]'": transfer_syntax(dataset).name.startswith("JPEG Extended")
        and importlib.util.find_spec("libjpeg") is None,
        # Its codestream was made to hold the bytes of a delimiter, where the width stands.
        "codestream holds 3722445056 x 1024": "embedded" in str(dataset.filename),
        "it is uniform": "it is uniform" in reason and one_grey(dataset),
        # A byte lies before its first element.
        "not a PNG, JPEG, WebP, TIFF, BMP or DICOM image": Path(str(dataset.filename)).read_bytes()[0] == ord(" "),
    }  # fmt: skip
    named = [holds for words, holds in said.items() if words in reason]
    return len(named) == 1 and bool(named[0])


def test_they_are_here() -> None:
    assert len(FILES) > 150


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOME)))
def test_as_the_plain_pipeline_or_refused_with_reason(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path, force=True)
        found, reason = None, ""
        try:
            found = decode_with_notes(path)
        except FilmError as error:
            reason = str(error)
        if found is None:
            assert true(reason, dataset), reason
            return
        if greys := OWN_RANGE.get(path.name):
            values = apply_modality_lut(dataset.pixel_array, dataset).astype(float)
            expected = (values - values.min()) / np.ptp(values)
            assert f"leaves {greys} of 256 greys" in found.notes[0]
        else:
            expected = plain(dataset)
        assert np.abs(found.values - expected * 255).max() <= 0.5 + 1e-6
