"""What a file's first bytes say of its picture: type, size and depth. No pixel is decoded."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import BmpImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from cxrtui.data.decode import MAX_PIXELS
from cxrtui.data.dicom.recognise import HEAD, is_dicom
from cxrtui.data.tags import read_tags
from cxrtui.errors import FilmError

_PLUGINS = (
    (b"\x89PNG\r\n\x1a\n", "PNG", PngImagePlugin.PngImageFile),
    (b"\xff\xd8\xff", "JPEG", JpegImagePlugin.JpegImageFile),
    (b"II", "TIFF", TiffImagePlugin.TiffImageFile), (b"MM", "TIFF", TiffImagePlugin.TiffImageFile),
    (b"RIFF", "WebP", WebPImagePlugin.WebPImageFile), (b"BM", "BMP", BmpImagePlugin.BmpImageFile),
)  # fmt: skip
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


def read_header(path: Path) -> Header:
    """The header of the picture at `path`.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise FilmError("it is not a regular file")
        if status.st_size == 0:
            raise FilmError("the file is empty")
        with path.open("rb") as stream:
            dicom = is_dicom(stream.read(HEAD))
            stream.seek(0)
            ending = _ENDINGS.get(path.suffix.casefold(), "")
            return _dicom(path, ending) if dicom else _header(stream, ending)
    except FilmError:
        raise
    except FileNotFoundError:
        raise FilmError("there is no such file") from None
    except PermissionError:
        raise FilmError("there is no permission to read it") from None
    except Image.DecompressionBombError:
        raise FilmError(f"it has too many pixels (the limit is {MAX_PIXELS // 10**6} million)") from None
    except Exception as error:  # Pillow's readers raise many kinds on damaged files
        reason = (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0]
        raise FilmError(f"it is damaged or cut short ({reason})") from None


def _header(stream: BinaryIO, ending: str) -> Header:
    head = stream.read(HEAD)
    stream.seek(0)
    kind, plugin = next(((kind, plugin) for magic, kind, plugin in _PLUGINS if head.startswith(magic)), ("", None))
    if plugin is None:
        raise FilmError("it is not a PNG, JPEG, WebP, TIFF, BMP or DICOM image")
    with plugin(stream) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise FilmError(f"it has too many pixels ({width} x {height}; the limit is {MAX_PIXELS // 10**6} million)")
        mode = image.mode
    bits = head[24] if kind == "PNG" else _DEEP.get(mode, 8)
    colours = {"P": "palette", "RGBA": "colour with transparency", "LA": "grey with transparency"}.get(mode)
    grey = mode in ("L", "1", "F") or mode.startswith("I")
    return Header(kind, width, height, bits, colours or ("grey" if grey else "colour"), bool(ending) and ending != kind)


def _dicom(path: Path, ending: str) -> Header:
    said = read_tags(path)
    if not said.rows or not said.columns:
        raise FilmError(f"it is a DICOM object without a picture{f' ({said.sop_name})' if said.sop_name else ''}")
    colours = "grey" if said.photometric.startswith("MONOCHROME") else "colour"
    misnamed = ending not in ("", "DICOM")
    return Header("DICOM", said.columns, said.rows, said.bits_stored, colours, misnamed)
