"""This module decodes the bytes of a DICOM image to an array, with the decoders that pydicom finds.

A decoder that raises an error on damaged data is tried before gdcm, whose own exceptions abort the process: OpenJPEG
for JPEG 2000, Pillow for JPEG. gdcm decodes what they refuse, unless it is cut short, and the formats that only gdcm
reads (lossless JPEG, JPEG-LS).
"""

from __future__ import annotations

import importlib.util
import re
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, JPEG2000TransferSyntaxes, JPEGBaseline8Bit, JPEGExtended12Bit, RLELossless

from cxrtui.data.images.codestream import read_codestream, whole
from cxrtui.data.images.dicom.dataset import quiet, transfer_syntax
from cxrtui.data.images.dicom.stored import Stored
from cxrtui.errors import FilmError

_JPEG12 = "pip install 'cxrtui[jpeg12]'"
_MOST = 160  # characters kept of a codec's message


def compressed(dataset: Dataset) -> bytes | None:
    """Return the compressed image; None where the pixels are not compressed.

    Raises:
        FilmError: there are no pixels.
    """
    data = dataset.get("PixelData")
    if not data:
        floats = "FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset
        raise FilmError("its pixels are floating point, which no film's are" if floats else "its pixels are missing")
    if not transfer_syntax(dataset).is_encapsulated:
        return None
    with quiet():
        try:
            frame = next(generate_frames(data, number_of_frames=1), b"")
        except Exception as error:  # pydicom raises many kinds on a broken sequence of items
            raise FilmError(f"its pixels are damaged or cut short ({_words(error)})") from None
    if not frame:
        raise FilmError("its pixels are missing")
    return frame


def decoded(dataset: Dataset, how: Stored, frame: bytes | None) -> npt.NDArray[Any]:
    """Return the image as the file stores it: integers in native byte order `[H, W]`, or `[H, W, 3]` as RGB.

    Raises:
        FilmError: it is damaged, or no decoder reads it.
    """
    syntax = transfer_syntax(dataset)
    if frame is None:
        have = len(dataset.PixelData)
        if have < how.size * (2 / 3 if how.photometric == "YBR_FULL_422" else 1):
            raise FilmError(f"its pixels are cut short ({have} of {how.size} bytes)")
        if how.allocated == 8 and how.size > 64 and have in (2 * how.size, 2 * how.size + 1):
            raise FilmError(f"its tags describe {how.size} bytes of pixels and it holds {have}, two to a sample")
    elif len(frame) > 2 * how.size + (1 << 20):
        raise FilmError("its compressed pixels are larger than the image itself")
    stream = read_codestream(frame) if frame else None
    options: dict[str, Any] = {
        "rows": how.rows, "columns": how.columns, "number_of_frames": 1, "samples_per_pixel": how.samples,
        "photometric_interpretation": how.photometric, "planar_configuration": how.planar,
        "bits_allocated": how.allocated, "bits_stored": how.bits,
        "pixel_representation": int(stream is not None and bool(stream.signed)),
        "allow_excess_frames": False, "correct_unused_bits": False,
        "apply_j2k_sign_correction": False, "apply_jls_sign_correction": False,
    }  # fmt: skip
    reasons = []
    with quiet():
        for plugin in _plugins(syntax, cut=frame is not None and not whole(frame)):
            try:
                found, _ = get_decoder(syntax).as_array(
                    dataset, raw=how.samples == 1, index=0, decoding_plugin=plugin, **options
                )
            except (FilmError, MemoryError):
                raise
            except NotImplementedError as error:
                if not plugin:
                    raise FilmError(f"its transfer syntax ({syntax.name}) is not read") from None
                reasons.append(f"{plugin}: {_words(error)}")
            except Exception as error:  # every codec raises errors of its own kind
                reasons.append(_words(error))
            else:
                if found.shape[:2] != (how.rows, how.columns) or found.ndim != (3 if how.samples == 3 else 2):
                    raise FilmError("its pixels are not what its tags say")
                if found.dtype.itemsize > 2:
                    raise FilmError("its pixels are not what its tags say")
                return np.asarray(found.astype(found.dtype.newbyteorder("="), copy=False))
    raise FilmError(_why(syntax, frame, reasons))


def _plugins(syntax: UID, *, cut: bool) -> tuple[str, ...]:
    """Return the names of pydicom's decoding plugins in the order to try; one empty name lets pydicom choose."""
    if not syntax.is_encapsulated or syntax == RLELossless:
        return ("",)
    try:
        available = get_decoder(syntax).available_plugins
    except NotImplementedError:
        return ("",)
    wanted: tuple[str, ...] = ("pylibjpeg", "gdcm", "pyjpegls")
    if syntax in JPEG2000TransferSyntaxes:
        wanted = ("pylibjpeg", "pillow", *(() if cut else ("gdcm",)))
    elif syntax in (JPEGBaseline8Bit, JPEGExtended12Bit):
        wanted = ("pillow", "pylibjpeg", *(() if cut else ("gdcm",)))
    return tuple(name for name in wanted if name in available) or ("",)


def _why(syntax: UID, frame: bytes | None, reasons: list[str]) -> str:
    """Return why no decoder read it: a decoder is missing, the image is damaged, or the codecs' own messages."""
    text = "; ".join(dict.fromkeys(reasons))
    stream = read_codestream(frame) if frame else None
    if "missing dependencies" in text:
        return f"no decoder of {syntax.name} is installed; pip install 'cxrtui[jpeg12]' brings one"
    has_libjpeg = importlib.util.find_spec("libjpeg") is not None
    if stream is not None and stream.lossy_12_bit and not has_libjpeg:
        return f"it is {stream.bits}-bit lossy JPEG, which needs: {_JPEG12} ({text})"
    if frame is None or (stream is not None and not whole(frame)):
        return f"its pixels are damaged or cut short ({text})"
    if syntax == RLELossless or stream is None:
        return f"its pixels are damaged ({text})"
    if "JPEG" in syntax.name and syntax not in JPEG2000TransferSyntaxes and not has_libjpeg:
        return f"its pixels ({syntax.name}) cannot be decoded ({text}); a decoder that may read them: {_JPEG12}"
    return f"its pixels ({syntax.name}) cannot be decoded ({text})"


def _words(error: Exception) -> str:
    """Return a codec's own reason on one line, without the sentence that pydicom puts around it."""
    lines = [" ".join(line.split()) for line in (str(error) or type(error).__name__).splitlines()]
    if len(lines) > 1 and "raised by all available" in lines[0]:
        lines = lines[1:]
    return re.sub(r"\s+", " ", "; ".join(line for line in lines if line))[:_MOST]
