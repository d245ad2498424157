"""The picture in a DICOM file, as uint8 or float64, judged by its tags and its codestream before it is decoded."""

from __future__ import annotations

import importlib.util
from contextlib import nullcontext
from typing import Any, BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import JPEGExtended12Bit, RLELossless

from cxrtui.data.dicom.codestream import picture_size
from cxrtui.data.dicom.dataset import open_dataset, quiet, text, transfer_syntax, whole
from cxrtui.data.dicom.decoders import decoder
from cxrtui.data.dicom.tables import Words, display_table
from cxrtui.data.pictures import LARGE, MAX_PIXELS, large_at_once
from cxrtui.errors import FilmError

_T = TypeVar("_T", bound=np.generic)
_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_LUMA = (0.299, 0.587, 0.114)  # ITU-R 601
_BLOCK = 1 << 20


def grey(stream: BinaryIO, notes: list[str]) -> Image.Image:
    """The film in the DICOM file `stream`, in mode L; what a user should hear of it is added to `notes`.

    Raises:
        FilmError: it holds none that can be read; the message is the reason.
    """
    height, width = check(open_dataset(stream, pixels=False))
    with large_at_once if height * width > LARGE else nullcontext():
        dataset = open_dataset(stream, pixels=True)
        if whole(dataset, "SamplesPerPixel", 1) == 3:
            return Image.fromarray(np.ascontiguousarray(_decoded(dataset, raw=False))).convert("L")
        words, packed = _words(dataset)
        table = np.rint(display_table(dataset, _seen(words), packed=packed) * 255).astype(np.uint8)
        return Image.fromarray(_through(table, words))


def display_values(dataset: Dataset) -> npt.NDArray[np.float64]:
    """What is seen of `dataset` (as pydicom read it) as float64 `[H, W]`, 0 black to 1 white, before any rounding.

    Raises:
        FilmError: it holds no film that can be read; the message is the reason.
    """
    check(dataset)
    if whole(dataset, "SamplesPerPixel", 1) == 3:
        return np.asarray(_decoded(dataset, raw=False).astype(np.float64) @ np.asarray(_LUMA) / 255)
    words, packed = _words(dataset)
    return _through(display_table(dataset, _seen(words), packed=packed), words)


def check(dataset: Dataset) -> tuple[int, int]:
    """Rows and columns of a data set whose pixels may be decoded, judged by its tags alone.

    Raises:
        FilmError: it holds no picture, more than one, too large a one, or one of a kind that is not read.
    """
    height, width = whole(dataset, "Rows", 0), whole(dataset, "Columns", 0)
    if height <= 0 or width <= 0:
        named = dataset.get("SOPClassUID")
        kind = getattr(named, "name", "") if named else ""
        raise FilmError(f"it is a DICOM object without a picture{f' ({kind})' if kind else ''}")
    if height * width > MAX_PIXELS:
        limit = MAX_PIXELS // 10**6
        raise FilmError(f"it has too many pixels ({width} x {height}; the limit is {limit} million)")
    if (frames := whole(dataset, "NumberOfFrames", 1)) > 1:
        raise FilmError(f"it has {frames} frames; a film has one")
    samples, allocated = whole(dataset, "SamplesPerPixel", 1), whole(dataset, "BitsAllocated", 0)
    photometric = text(dataset, "PhotometricInterpretation").upper()
    fits = photometric.startswith("MONOCHROME") if samples == 1 else samples == 3 and photometric in _COLOURS
    if not fits or (samples == 3 and allocated != 8):
        raise FilmError(f"its colour model ({photometric or 'none'}, {samples} x {allocated} bits) is not read")
    if allocated not in (8, 16) or not 1 <= whole(dataset, "BitsStored", allocated) <= allocated:
        stored = whole(dataset, "BitsStored", allocated)
        raise FilmError(f"it stores {stored} bits of {allocated}; 8 to 16 bits are read")
    return height, width


def _words(dataset: Dataset) -> tuple[Words, bool]:
    """Pixels as unsigned words `[H, W]`, and whether bits beyond Bits Stored are still in them."""
    syntax = transfer_syntax(dataset)
    packed = not syntax.is_encapsulated or syntax == RLELossless
    found = _decoded(dataset, raw=True)
    if found.ndim != 2 or found.dtype.itemsize > 2:
        raise FilmError("its pixels are not what its tags say")
    native = found.astype(found.dtype.newbyteorder("="), copy=False)
    return (native.view(np.uint8) if native.dtype.itemsize == 1 else native.view(np.uint16)), packed


def _decoded(dataset: Dataset, *, raw: bool) -> npt.NDArray[Any]:
    data = dataset.get("PixelData")
    if not data:
        floats = "FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset
        raise FilmError("its pixels are floating point, which no film's are" if floats else "its pixels are missing")
    syntax = transfer_syntax(dataset)
    expected = tuple(whole(dataset, keyword, 0) for keyword in ("Rows", "Columns"))
    size = expected[0] * expected[1] * whole(dataset, "SamplesPerPixel", 1) * whole(dataset, "BitsAllocated", 8) // 8
    with quiet():
        try:
            if syntax.is_encapsulated:
                _judge(data, expected, size)
            elif len(data) < size * (2 / 3 if text(dataset, "PhotometricInterpretation") == "YBR_FULL_422" else 1):
                raise FilmError(f"its pixels are cut short ({len(data)} of {size} bytes)")
            options: dict[str, Any] = {
                "allow_excess_frames": False, "correct_unused_bits": False,
                "apply_j2k_sign_correction": True, "apply_jls_sign_correction": True,
            }  # fmt: skip
            found, _ = decoder(syntax).as_array(dataset, raw=raw, index=0, **options)
        except (FilmError, MemoryError):
            raise
        except NotImplementedError:
            raise FilmError(f"its transfer syntax ({syntax.name}) is not read") from None
        except Exception as error:  # every codec has its own
            if syntax == JPEGExtended12Bit and importlib.util.find_spec("libjpeg") is None:
                raise FilmError("it is 12-bit lossy JPEG, which needs: pip install 'cxrtui[jpeg12]'") from None
            reason = (str(error) or type(error).__name__).strip().splitlines()[0]
            raise FilmError(f"its pixels are damaged or cut short ({reason[:120]})") from None
    if found.shape[:2] != expected:
        raise FilmError("its pixels are not what its tags say")
    return np.asarray(found)


def _judge(data: bytes, expected: tuple[int, ...], size: int) -> None:
    """Nothing, if what is encapsulated is one picture of the `expected` rows and columns, `size` bytes in full."""
    frame = next(generate_frames(data, number_of_frames=1), b"")
    if not frame:
        raise FilmError("its pixels are missing")
    if len(frame) > 2 * size + (1 << 20):
        raise FilmError("its compressed pixels are larger than the picture itself")
    found = picture_size(frame)
    if found is not None and found != expected:
        raise FilmError(
            f"its codestream holds {found[1]} x {found[0]} pixels and its tags say {expected[1]} x {expected[0]}"
        )


def _seen(words: Words) -> npt.NDArray[np.bool_]:
    seen = np.zeros(1 << (8 * words.dtype.itemsize), np.bool_)
    flat = words.reshape(-1)
    for start in range(0, flat.size, _BLOCK):  # an index of all pixels at once would be eight bytes each
        seen[flat[start : start + _BLOCK]] = True
    return seen


def _through(table: npt.NDArray[_T], words: Words) -> npt.NDArray[_T]:
    result = np.empty(words.shape, table.dtype)
    source, target = words.reshape(-1), result.reshape(-1)
    for start in range(0, source.size, _BLOCK):
        target[start : start + _BLOCK] = table[source[start : start + _BLOCK]]
    return result
