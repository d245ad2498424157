"""This module opens image files, recognises them by content, and checks their headers before any decoding.

It accepts only regular files of PNG, JPEG, WebP, TIFF, BMP or DICOM, of at most `MAX_BYTES` and `MAX_PIXELS`.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import BmpImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from cxrtui.data.images.codestream import JPEG_LS, read_codestream
from cxrtui.errors import FilmError

# Pillow's warnings about broken metadata would be printed over the dashboard's screen.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

MAX_PIXELS = 100_000_000
MAX_BYTES = 1 << 30
LARGE = 16_000_000


class Permission(AbstractContextManager[None]):
    """A permission to decode a large film; only one is decoded at a time, so that peak memory is that of one film.

    A process that decodes alone needs no permission; a worker (`cxrtui.data.images.decoding`) sets `ask`.
    """

    def __init__(self) -> None:
        self.ask: Callable[[], None] = lambda: None

    def __enter__(self) -> None:
        self.ask()

    def __exit__(self, *_: object) -> None:
        """Do nothing: the permission ends with the film."""


large_at_once = Permission()
# Messages of Pillow and tifffile about files that are well formed and that they do not support.
_NOT_READ = re.compile(
    r"unsupported|not (yet )?supported(?! between)|cannot handle|not (available|implemented)|requires the|unknown "
    r"(pixel mode|data organization|compression|interlace)|decoder .* not", re.IGNORECASE)  # fmt: skip
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
KINDS = (
    (b"\x89PNG\r\n\x1a\n", "PNG", PngImagePlugin.PngImageFile),
    (b"\xff\xd8\xff", "JPEG", JpegImagePlugin.JpegImageFile),
    (b"II", "TIFF", TiffImagePlugin.TiffImageFile), (b"MM", "TIFF", TiffImagePlugin.TiffImageFile),
    (b"RIFF", "WebP", WebPImagePlugin.WebPImageFile), (b"BM", "BMP", BmpImagePlugin.BmpImageFile),
)  # fmt: skip


def open_film(path: Path | int) -> BinaryIO:
    """Open the file at `path`, after checking that reading it will neither block nor go on for ever.

    A number is the descriptor of an open file, which is read from its beginning and stays open.

    Raises:
        FilmError: it cannot be opened; the message is the reason, without the path.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise FilmError("it is a folder" if stat.S_ISDIR(status.st_mode) else "it is not a regular file")
        if status.st_size == 0:
            raise FilmError("the file is empty")
        if status.st_size > MAX_BYTES:
            raise FilmError(f"the file is too large ({status.st_size / 2**30:.1f} GiB; the limit is 1 GiB)")
        if isinstance(path, int):
            os.lseek(path, 0, os.SEEK_SET)
        return open(path, "rb", closefd=not isinstance(path, int))
    except FileNotFoundError:
        raise FilmError("there is no such file") from None
    except PermissionError:
        raise FilmError("there is no permission to read it") from None
    except (OSError, ValueError) as error:
        raise FilmError(f"it cannot be opened ({getattr(error, 'strerror', None) or error})") from None


@contextmanager
def reading(path: Path | int) -> Iterator[BinaryIO]:
    """Open the film at `path` (see `open_film`); an error while the block reads it becomes a `FilmError`.

    Raises:
        FilmError: the message is the reason, without the path.
        MemoryError: there is not enough memory to decode it.
    """
    try:
        with open_film(path) as stream:
            yield stream
    except (FilmError, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise FilmError(f"it has too many pixels (the limit is {MAX_PIXELS // 10**6} million)") from None
    except Exception as error:  # Pillow's decoders raise many kinds on damaged files
        raise FilmError(_reason(error)) from None


def _reason(error: Exception) -> str:
    """Return why a file could not be decoded; only faults of its content, not of disk or library, are called damage."""
    message = (str(error) or type(error).__name__).splitlines()[0]
    if isinstance(error, OSError) and error.errno is not None:
        if error.errno == errno.ENOMEM:
            return "there is not enough memory to decode it"
        return f"it cannot be read ({error.strerror or message})"
    if isinstance(error, NotImplementedError) or _NOT_READ.search(message):
        return f"it is of a kind that is not read ({message})"
    return f"it is damaged or cut short ({message})"


def open_image(stream: BinaryIO, head: bytes) -> tuple[str, Image.Image | None]:
    """Return the kind of an image that begins with `head`, and the image, of which only the header is read.

    The image is None for a TIFF file that Pillow does not open and that `cxrtui.data.images.tiff` may open.

    Raises:
        FilmError: it is not an image, or it is too large.
    """
    kind, plugin = next(((kind, plugin) for magic, kind, plugin in KINDS if head.startswith(magic)), ("", None))
    if plugin is None:
        raise FilmError("it is not a PNG, JPEG, WebP, TIFF, BMP or DICOM image")
    if head[:4] == _TIFF[-1]:  # big-endian with offsets of 64 bits, which Pillow considers damaged
        return kind, None
    # Not Image.open: it warns of large images, process-wide, before their size can be asked.
    try:
        image = plugin(stream)
    except (SyntaxError, KeyError, OSError, TypeError, ValueError) as error:
        if kind == "TIFF" and head[:4] in _TIFF:
            return kind, None
        if kind == "JPEG" and (named := _beyond(stream)):
            raise FilmError(f"it is {named}, which is read in DICOM files alone; export it as PNG or TIFF") from error
        raise
    width, height = image.size
    if width * height > MAX_PIXELS:
        image.close()
        raise FilmError(f"it has too many pixels ({width} x {height}; the limit is {MAX_PIXELS // 10**6} million)")
    if not width or not height:
        image.close()
        raise FilmError("it has no pixels")
    return kind, image


def _beyond(stream: BinaryIO) -> str:
    """Return the name of an intact kind of JPEG that Pillow does not open; empty where it is of the usual kind."""
    stream.seek(0)
    found = read_codestream(stream.read(1 << 16))
    if found is None or (found.bits == 8 and found.marker in (0xC0, 0xC1, 0xC2)):
        return ""
    name = "JPEG-LS" if found.marker == JPEG_LS else "lossless JPEG" if found.marker == 0xC3 else "JPEG"
    return f"{found.bits}-bit {name}"
