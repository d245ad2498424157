"""What a file's first bytes say of its picture: type, size and depth. No pixel is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cxrtui.data.dicom.recognise import HEAD, is_dicom
from cxrtui.data.pictures import open_picture, reading
from cxrtui.errors import FilmError

_ENDINGS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".webp": "WebP",
            ".tif": "TIFF", ".tiff": "TIFF", ".bmp": "BMP", ".dcm": "DICOM", ".dicom": "DICOM"}  # fmt: skip
_DEEP = {"I;16": 16, "I;16B": 16, "I;16L": 16, "I": 32, "F": 32, "1": 1}


@dataclass(frozen=True)
class Header:
    """`kind` is the type by content; `misnamed`: the ending speaks of another; `bits` are those of a sample."""

    kind: str
    width: int
    height: int
    bits: int
    colours: str
    misnamed: bool


def read_header(path: Path | int, ending: str = "") -> Header:
    """The header of the picture at `path`, a file or the descriptor of an open one of which the name's `ending` is.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
    """
    with reading(path) as stream:
        head = stream.read(HEAD)
        stream.seek(0)
        ending = _ENDINGS.get((ending if isinstance(path, int) else path.suffix).casefold(), "")
        return _dicom(path, ending) if is_dicom(head) else _header(stream, head, ending)


def _header(stream: BinaryIO, head: bytes, ending: str) -> Header:
    kind, image = open_picture(stream, head)
    with image:
        width, height = image.size
        mode = image.mode
    bits = head[24] if kind == "PNG" else _DEEP.get(mode, 8)
    colours = {"P": "palette", "RGBA": "colour with transparency", "LA": "grey with transparency"}.get(mode)
    grey = mode in ("L", "1", "F") or mode.startswith("I")
    return Header(kind, width, height, bits, colours or ("grey" if grey else "colour"), bool(ending) and ending != kind)


def _dicom(path: Path | int, ending: str) -> Header:
    from cxrtui.data.dicom.header import read_header  # pydicom takes long to import, and most films are not DICOM

    said = read_header(path, salt=b"", raw=True)
    if not said.rows or not said.columns:
        raise FilmError(f"it is a DICOM object without a picture{f' ({said.sop_name})' if said.sop_name else ''}")
    colours = "grey" if said.photometric.startswith("MONOCHROME") else "colour"
    misnamed = ending not in ("", "DICOM")
    return Header("DICOM", said.columns, said.rows, said.bits_stored, colours, misnamed)
