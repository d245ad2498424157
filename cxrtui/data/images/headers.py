"""This module reads an image's type, size and depth from the file's first bytes; it decodes no pixel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cxrtui.data.images.dicom.recognise import HEAD, is_dicom
from cxrtui.data.images.opening import open_image, reading
from cxrtui.data.images.tiff import is_deep_tiff, tiff_header
from cxrtui.errors import FilmError

_ENDINGS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".webp": "WebP",
            ".tif": "TIFF", ".tiff": "TIFF", ".bmp": "BMP", ".dcm": "DICOM", ".dicom": "DICOM"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Header:
    """`kind` is the type by content; `misnamed` means that the ending names another type; `bits` are per sample."""

    kind: str
    width: int
    height: int
    bits: int
    colours: str
    misnamed: bool


def read_header(path: Path | int, ending: str = "") -> Header:
    """Return the header of the image at `path`: a file, or the descriptor of an open file whose name ends in `ending`.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
    """
    with reading(path) as stream:
        head = stream.read(HEAD)
        stream.seek(0)
        ending = _ENDINGS.get((ending if isinstance(path, int) else path.suffix).casefold(), "")
        return _dicom(path, ending) if is_dicom(head) else _header(stream, head, ending)


def _header(stream: BinaryIO, head: bytes, ending: str) -> Header:
    kind, image = open_image(stream, head)
    misnamed = bool(ending) and ending != kind
    if image is None or is_deep_tiff(image):
        found = tiff_header(stream)
        return Header(kind, found.width, found.height, found.bits, found.colours, misnamed)
    with image:
        width, height = image.size
        mode = image.mode
    bits = head[24] if kind == "PNG" else 1 if mode == "1" else 8
    colours = {"P": "palette", "RGBA": "colour with transparency", "LA": "grey with transparency"}.get(mode)
    if kind == "PNG" and head[25] == 4:  # Pillow opens 16 bits of it as RGBA
        colours = "grey with transparency"
    grey = mode in ("L", "1") or mode.startswith("I")
    return Header(kind, width, height, bits, colours or ("grey" if grey else "colour"), misnamed)


def _dicom(path: Path | int, ending: str) -> Header:
    from cxrtui.data.images.dicom.header import (
        read_header,  # pydicom takes long to import, and most films are not DICOM
    )

    header = read_header(path, salt=b"", raw=True)
    if not header.rows or not header.columns:
        raise FilmError(f"it is a DICOM object without an image{f' ({header.sop_name})' if header.sop_name else ''}")
    colours = "grey" if header.photometric.startswith("MONOCHROME") else "colour"
    misnamed = ending not in ("", "DICOM")
    return Header("DICOM", header.columns, header.rows, header.bits_stored, colours, misnamed)
