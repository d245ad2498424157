"""Transfer syntaxes that pydicom does not write: high-throughput JPEG 2000, and lossless JPEG of signed pixels."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL, JPEGLossless, JPEGLosslessSV1

from cxrtui.data.images.decode import decode
from cxrtui.data.images.dicom.pixels import display_values
from tests.data.images.dicom.test_dicom import compressed, film, lossless_jpeg, values_of, written

# 397 · row + 131 · column in 12 rows of 10, as OpenJPH 0.26 encodes it without loss; signed: less 2500.
RAMP = np.add.outer(np.arange(12) * 397, np.arange(10) * 131)
HEAD = ("/0//UQApQAAAAAAKAAAADAAAAAAAAAAAAAAACgAAAAwAAAAAAAAAAAAB", "DwEB", "jwEB")
BODY = (
    "/1AACAACAAAACv9SAAwAAgABAAUEBEAB/1wAEyCIkJCQkJCQkJCQkJCQiIiI/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAAHkAAf+TwAAm",
    "A+8FB3QAAMAAE0AAEwBg+AMHdACM+gOHdADAABNAABMA/38Ay3QA3d0AQjQAwAATwAAVQP9/AyPCdQD4xje+wFKB/rYAwAAroAAVwAQJCAgSEPzYL9fh"
    "i3cAGGPEiBHj9BBGQgHsuAD/2Q==",
    "i/4CB3QAAMAAE0AAEwBg+AMHdACM+gOHdADAABNAABMA/38Ay3QA3d0AQjQAwAATwAAVQP9/AyPCdQD4xje+wFKB/rYAwAAroAAVwAQJCAgSEPzYL9fh"
    "i3cAGGPEiBHj9BBGQgHsuAD/2Q==",
)  # fmt: skip


@pytest.mark.parametrize("syntax", [HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K])
@pytest.mark.parametrize("signed", [False, True])
def test_high_throughput_jpeg_2000(tmp_path: Path, syntax: str, signed: bool) -> None:
    stream = base64.b64decode(HEAD[0] + HEAD[1 + signed] + BODY[0] + BODY[1 + signed])
    values = RAMP - 2500 * signed
    path = written(compressed(film(values, 16), syntax, stream), tmp_path / "film")
    found = display_values(pydicom.dcmread(path))
    np.testing.assert_allclose(found, (values - values.min()) / np.ptp(values), atol=1e-12)
    window = {"WindowCenter": 1000 - 2500 * signed, "WindowWidth": 1001}
    path = written(compressed(film(values, 16, **window), syntax, stream), tmp_path / "film")
    np.testing.assert_allclose(display_values(pydicom.dcmread(path)), ((RAMP - 999.5) / 1000 + 0.5).clip(0, 1))
    assert decode(path).shape == RAMP.shape


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("syntax", [JPEGLossless, JPEGLosslessSV1])
def test_lossless_jpeg_of_signed_pixels(tmp_path: Path, bits: int, syntax: str) -> None:
    """The codestream holds the words as they are; the tags say that they are signed."""
    values = values_of(bits, True, bits)
    stream = lossless_jpeg(values & ((1 << bits) - 1), bits)
    window = {"WindowCenter": 0, "WindowWidth": 1 << (bits - 1)}
    path = written(compressed(film(values, bits, **window), syntax, stream), tmp_path / "film")
    expected = ((values + 0.5) / ((1 << (bits - 1)) - 1) + 0.5).clip(0, 1)
    np.testing.assert_allclose(display_values(pydicom.dcmread(path)), expected, atol=1e-12)
