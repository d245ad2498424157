"""This module reads a DICOM file as pydicom's data set; it checks the file first, and it prints and logs nothing."""

from __future__ import annotations

import logging
import math
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import pydicom
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.multival import MultiValue
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from cxrtui.data.images.opening import MAX_PIXELS
from cxrtui.errors import FilmError

_MAX_INFLATED = 2 * MAX_PIXELS + (1 << 26)  # 16 bits a pixel, and room for the tags

# pydicom's warnings quote the faulty values, and these may contain a patient's name.
logging.getLogger("pydicom").setLevel(logging.CRITICAL)
_lock = threading.Lock()
_inside = 0
_filters: Any = None


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the warnings of pydicom and its decoders, and keep all others.

    Filters belong to the whole process: the first thread to enter sets ours, and the last one to leave restores the
    earlier ones.
    """
    global _inside, _filters
    with _lock:
        if not _inside:
            _filters = warnings.catch_warnings()
            _filters.__enter__()
            warnings.filterwarnings("ignore", module=r"(pydicom|pylibjpeg|libjpeg|openjpeg|PIL)\b")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                _filters.__exit__(None, None, None)


CUT_SHORT = "it is a DICOM file that ends before its pixels"
"""The reason for a file that is torn in its header, wherever that is, or from which the pixels were taken."""

_STANDARD = "1.2.840.10008."  # the root of the UIDs that the standard defines


def open_dataset(stream: BinaryIO, *, pixels: bool) -> Dataset:
    """Return the data set in `stream`, a file with or without preamble (PS3.10 section 7.1); `pixels`: read them too.

    Raises:
        FilmError: there is none.
    """
    with quiet():
        try:
            _refuse_deflated_bomb(stream)
            stream.seek(0)
            dataset = pydicom.dcmread(stream, stop_before_pixels=not pixels, force=True)
        except (FilmError, MemoryError):
            raise
        except Exception as error:  # the message may quote a value
            if not stream.read(1):
                raise FilmError(CUT_SHORT) from None
            raise FilmError(f"its DICOM tags are damaged or cut short ({type(error).__name__})") from None
        if not dataset or (_of_an_image(dataset) and not _has_pixels(dataset, stream, pixels=pixels)):
            raise FilmError(CUT_SHORT)
        return dataset


def _of_an_image(dataset: Dataset) -> bool:
    """Return whether pixels belong to an object of this SOP class (PS3.4 annex B.5), or its UID is torn itself."""
    meta = getattr(dataset, "file_meta", None) or Dataset()
    kind = UID(str(meta.get("MediaStorageSOPClassUID", "") or first(dataset, "SOPClassUID") or ""))
    return "Image Storage" in kind.name or (kind.name == kind and kind.startswith(_STANDARD))


def _has_pixels(dataset: Dataset, stream: BinaryIO, *, pixels: bool) -> bool:
    """Return whether there are pixels in a data set that was read with them, or else behind where reading stopped."""
    if pixels:
        return any(keyword in dataset for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData"))
    # Of a deflated file everything is read, so that the stream is at its end in any case.
    return transfer_syntax(dataset) == DeflatedExplicitVRLittleEndian or bool(stream.read(1))


def _refuse_deflated_bomb(stream: BinaryIO) -> None:
    """Refuse a deflated data set (PS3.5 section A.5) that is too large, because pydicom inflates it all at once."""
    stream.seek(0)
    if stream.read(132)[128:] != b"DICM":
        return
    meta = read_dataset(stream, False, True, stop_when=lambda tag, _vr, _length: tag.group != 2)
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return
    inflate, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
    while chunk := inflate.unconsumed_tail or stream.read(1 << 20):
        total += len(inflate.decompress(chunk, 1 << 20))
        if total > _MAX_INFLATED:
            raise FilmError("it inflates to more than a film can hold")
        if inflate.eof:
            return


def first(dataset: Dataset, keyword: str) -> Any:
    """Return the element's first value; None where it has none or it cannot be read."""
    with quiet():
        try:
            value = dataset.get(keyword)
        except Exception:  # a value that is invalid for its representation is ignored
            return None
    if isinstance(value, (MultiValue, list, tuple)):
        value = value[0] if value else None
    return None if value == "" else value


def text(dataset: Dataset, keyword: str) -> str:
    """Return the element's first value as text, empty where it has none."""
    value = first(dataset, keyword)
    return "" if value is None else " ".join(str(value).replace("\0", " ").split())


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return the element's first value; None where it has none or it is not a finite number."""
    try:
        value = float(first(dataset, keyword))
    except (TypeError, ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def whole(dataset: Dataset, keyword: str, default: int) -> int:
    """Return the element's first value as a whole number, `default` where it has none."""
    value = number(dataset, keyword)
    return default if value is None else int(value)


def transfer_syntax(dataset: Dataset) -> pydicom.uid.UID:
    """Return how the file is encoded; where the file does not say, this is the little-endian default."""
    meta = getattr(dataset, "file_meta", None)
    with quiet():
        named = meta.get("TransferSyntaxUID") if meta else None
        if named:
            return pydicom.uid.UID(named)
    implicit, little = getattr(dataset, "original_encoding", (True, True))
    if little is False:
        return pydicom.uid.ExplicitVRBigEndian
    return pydicom.uid.ExplicitVRLittleEndian if implicit is False else pydicom.uid.ImplicitVRLittleEndian
