"""This module reads the image in a DICOM file as uint8 or float64, after checking its tags and its codestream."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom.dataset import Dataset

from cxrtui.data.images.dicom.codecs import compressed, decoded
from cxrtui.data.images.dicom.dataset import first, open_dataset, whole
from cxrtui.data.images.dicom.stored import Stored, beyond, heard, stored
from cxrtui.data.images.dicom.tables import Counts, Raw, display_table
from cxrtui.data.images.opening import LARGE, MAX_PIXELS, large_at_once
from cxrtui.data.images.tones import SHARE, eight_bits, refuse_uniform
from cxrtui.errors import FilmError

_T = TypeVar("_T", bound=np.generic)
_LUMA = (0.299, 0.587, 0.114)  # ITU-R 601
_BLOCK = 1 << 20


def read_image(stream: BinaryIO, notes: list[str]) -> Image.Image:
    """Return the film in the DICOM file `stream`, in mode L; remarks for the user are added to `notes`.

    Raises:
        FilmError: it holds no film that can be read; the message is the reason.
    """
    height, width = check(open_dataset(stream, pixels=False))
    with large_at_once if height * width > LARGE else nullcontext():
        dataset = open_dataset(stream, pixels=True)
        if "PixelRepresentation" not in dataset:
            dataset.PixelRepresentation = None  # other tags take their implicit type from it; see `stored`
        how, values = _values(dataset, notes)
        if how.samples == 3:
            if how.bits <= 8:
                return Image.fromarray(np.ascontiguousarray(values)).convert("L")
            return Image.fromarray(eight_bits(_luma(values), notes))
        counts = _counts(values)
        shown, kept = display_table(dataset, counts, how, notes)
        table = np.rint(shown * 255).astype(np.uint8)
        refuse_uniform(table[kept], counts[kept], SHARE)
        return Image.fromarray(_through(table, values))


def display_values(dataset: Dataset, notes: list[str] | None = None) -> npt.NDArray[np.float64]:
    """Return the displayed image of `dataset` (read by pydicom) as float64 `[H, W]`, 0 black to 1 white, not rounded.

    Colour of more than 8 bits is rounded to 8, because its depth is found in that step. Remarks for the user are added
    to `notes`.

    Raises:
        FilmError: it holds no film that can be read; the message is the reason.
    """
    check(dataset)
    notes = [] if notes is None else notes
    how, values = _values(dataset, notes)
    if how.samples == 3:
        if how.bits <= 8:
            return np.asarray(values.astype(np.float64) @ np.asarray(_LUMA) / 255)
        return np.asarray(eight_bits(_luma(values), notes) / 255)
    return _through(display_table(dataset, _counts(values), how, notes)[0], values)


def check(dataset: Dataset) -> tuple[int, int]:
    """Return the rows and columns of a data set, after checking by its tags that its pixels may be decoded.

    Raises:
        FilmError: it holds no image, more than one, or too large a one.
    """
    height, width = whole(dataset, "Rows", 0), whole(dataset, "Columns", 0)
    if height <= 0 or width <= 0:
        kind = getattr(first(dataset, "SOPClassUID"), "name", "")
        raise FilmError(f"it is a DICOM object without an image{f' ({kind})' if kind else ''}")
    if height * width > MAX_PIXELS:
        limit = MAX_PIXELS // 10**6
        raise FilmError(f"it has too many pixels ({width} x {height}; the limit is {limit} million)")
    if (frames := whole(dataset, "NumberOfFrames", 1)) > 1:
        raise FilmError(f"it has {frames} frames; a film has one")
    return height, width


def _values(dataset: Dataset, notes: list[str]) -> tuple[Stored, Raw]:
    """Return how the values are stored, and the codec's output: raw values `[H, W]`, or colours `[H, W, 3]`."""
    height, width = check(dataset)
    frame = compressed(dataset)
    how = stored(dataset, height, width, frame, notes)
    if "PhotometricInterpretation" in dataset:  # pydicom's decoders take one text and no list
        dataset.PhotometricInterpretation = how.photometric
    found = decoded(dataset, how, frame)
    if how.samples == 3:
        return how, found
    raw: Raw = found.view(np.uint8) if found.dtype.itemsize == 1 else found.view(np.uint16)
    if how.doubtful or how.claimed != how.bits:
        how = heard(how, raw, notes)
    if not frame and how.high == how.bits - 1 < 8 * raw.dtype.itemsize - 1:
        how = beyond(how, raw, whole(dataset, "PixelPaddingValue", -1) & 0xFFFF, notes)
    return how, raw


def _luma(colours: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.asarray(np.rint(colours.astype(np.float32) @ np.asarray(_LUMA, np.float32))).astype(colours.dtype)


def _counts(raw: Raw) -> Counts:
    counts = np.zeros(1 << (8 * raw.dtype.itemsize), np.int64)
    flat = raw.reshape(-1)
    for start in range(0, flat.size, _BLOCK):  # an index of all pixels at once would take eight bytes for each
        counts += np.bincount(flat[start : start + _BLOCK], minlength=len(counts))
    return counts


def _through(table: npt.NDArray[_T], raw: Raw) -> npt.NDArray[_T]:
    result = np.empty(raw.shape, table.dtype)
    source, target = raw.reshape(-1), result.reshape(-1)
    for start in range(0, source.size, _BLOCK):
        target[start : start + _BLOCK] = table[source[start : start + _BLOCK]]
    return result
