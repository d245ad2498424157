"""One file to grey values. The content decides the format, never the name, and the header is judged before decoding.

Rules, all functions of the one file (and of the sidecar that `layouts.bimcv` reads), so that training and `classify`
see the same pixels:

- Only files that `pictures` opens; the first picture of several.
- DICOM by its own rules, which `cxrtui.data.dicom.tables` holds; what follows is for the others.
- Deeper than 8 bits: white is the largest value of the smallest depth among 8, 10, 12, 14, 16, 24 and 32 bits that
  holds the brightest pixel (12-bit detectors are often stored in 16). Floating point is from 0 to 1, or to 255 where it
  goes beyond 1; where it goes beyond that too, and where values are negative, from their minimum to their maximum.
- A film of more than 8 bits that comes with a `Display` is windowed and turned as that says, before it is scaled.
- Colour becomes luma (ITU-R 601); transparent pixels lie on black, the colour of an unexposed border; a TIFF in which
  zero is white is inverted; EXIF orientation is applied.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, TiffImagePlugin
from PIL.Image import Resampling

from cxrtui.data.dicom.recognise import HEAD, is_dicom
from cxrtui.data.films import Display
from cxrtui.data.pictures import LARGE, large_at_once, open_picture, reading
from cxrtui.errors import FilmError

Grey = npt.NDArray[np.uint8]

_DEPTHS = (8, 10, 12, 14, 16, 24, 32)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip


def stored_side(size: int) -> int:
    """The side at which films for a network input of `size` are stored: a margin of one seventh, a multiple of 8."""
    return max(8, round(size * 8 / 7 / 8) * 8)


@dataclass(frozen=True, eq=False)
class Decoded:
    """A film's `values`, uint8 `[H, W]`, and what a user should hear of how they were read.

    Each of `notes` is a clause without a capital or a full stop, such as "Pixel Representation is missing; its pixels
    are taken as unsigned". Most films have none.
    """

    values: Grey
    notes: tuple[str, ...] = ()


def decode(path: str | Path | int, display: Display | None = None) -> Grey:
    """The film at `path` as uint8 `[H, W]`, 0 black to 255 white.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
    """
    return decode_with_notes(path, display).values


def decode_with_notes(path: str | Path | int, display: Display | None = None) -> Decoded:
    """As `decode`, with the notes.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
    """
    image, notes = _load(path, 0, display)
    return Decoded(np.asarray(image), notes)


def read_film(path: str | Path | int, side: int, fit: str = "stretch", display: Display | None = None) -> Grey:
    """The film at `path` as uint8 `[side, side]`: what the prepared store holds and what `classify` looks at.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
    """
    return read_film_with_notes(path, side, fit, display).values


def read_film_with_notes(
    path: str | Path | int, side: int, fit: str = "stretch", display: Display | None = None
) -> Decoded:
    """As `read_film`, with the notes.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
    """
    image, notes = _load(path, 2 * side, display)
    return Decoded(np.asarray(square(image, side, fit)), notes)


def square(image: Image.Image, side: int, fit: str = "stretch") -> Image.Image:
    """A greyscale `image` as a square of `side` pixels, antialiased.

    `fit`: `stretch` ignores its proportions, `crop` keeps the middle, `pad` keeps everything on black.
    """
    width, height = image.size
    if fit == "pad":
        scale = side / max(width, height)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        canvas = Image.new("L", (side, side), 0)
        resized = image.resize(inner, Resampling.BILINEAR, reducing_gap=3.0)
        canvas.paste(resized, ((side - inner[0]) // 2, (side - inner[1]) // 2))
        return canvas
    box = None
    if fit == "crop":
        short = min(width, height)
        left, top = (width - short) / 2, (height - short) / 2
        box = (left, top, left + short, top + short)
    return image.resize((side, side), Resampling.BILINEAR, box=box, reducing_gap=3.0)


def _load(path: str | Path | int, enough: int, display: Display | None) -> tuple[Image.Image, tuple[str, ...]]:
    """The film in mode L, and its notes.

    A JPEG may come smaller, but with both sides at least `enough`; 0 = in full.
    """
    notes: list[str] = []
    with reading(Path(path) if isinstance(path, str) else path) as stream:
        image = _decode(stream, enough, display, notes)
    return image, tuple(dict.fromkeys(notes))


def _decode(stream: BinaryIO, enough: int, display: Display | None, notes: list[str]) -> Image.Image:
    head = stream.read(HEAD)
    stream.seek(0)
    if is_dicom(head):
        from cxrtui.data.dicom import pixels  # pydicom takes long to import, and most films are not DICOM

        return pixels.grey(stream, notes)
    kind, image = open_picture(stream, head)
    with image:
        width, height = image.size
        if enough and kind == "JPEG":
            shrink = max(1, min(width, height) // enough)
            image.draft(None, (max(1, width // shrink), max(1, height // shrink)))
        with large_at_once if width * height > LARGE else nullcontext():
            image.load()
            grey = _grey(image, display)
            turn = _TURNS.get(_orientation(image))
        return grey.transpose(turn) if turn is not None else grey


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # broken metadata says nothing about the picture
        return 1


def _grey(image: Image.Image, display: Display | None) -> Image.Image:
    """A loaded image in mode L."""
    mode = image.mode
    if mode.startswith("I") or mode == "F":
        white_is_zero = isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(262) == 0
        values = np.asarray(image)
        grey = _eight_bits(values) if display is None or display.window is None else _windowed(values, display.window)
        return ImageOps.invert(grey) if white_is_zero or (display is not None and display.inverted) else grey
    if mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        clear = image if mode in ("RGBA", "LA") else image.convert("RGBA")
        alpha = clear.getchannel("A")
        grey = clear.convert("RGB").convert("L") if clear.mode == "RGBA" else clear.getchannel("L")
        return grey if alpha.getextrema() == (255, 255) else Image.composite(grey, Image.new("L", grey.size, 0), alpha)
    if mode in ("L", "RGB", "1", "YCbCr"):
        return image.convert("L")
    if mode in ("P", "CMYK", "HSV", "RGBX"):
        return image.convert("RGB").convert("L")
    raise FilmError(f"its colour model ({mode}) is not read")


def _windowed(values: npt.NDArray[np.generic], window: tuple[float, float]) -> Image.Image:
    """Grey values `[H, W]` through a linear window (PS3.3 section C.11.2.1.2.1), as mode L."""
    if not np.isfinite(values).all():
        raise FilmError("it has pixels that are not numbers")
    centre, width = window
    seen = (values.astype(np.float32) - np.float32(centre - 0.5)) / np.float32(max(width - 1, 1e-6)) + np.float32(0.5)
    return Image.fromarray(np.rint(seen.clip(0, 1) * 255).astype(np.uint8))


def _eight_bits(values: npt.NDArray[np.generic]) -> Image.Image:
    """Deep grey values `[H, W]` of any integer or floating type, as mode L."""
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise FilmError("it has pixels that are not numbers")
    floating = np.issubdtype(values.dtype, np.floating)
    if low < 0 or (floating and high > 255):
        span = low, high
    elif floating:
        span = 0.0, 1.0 if high <= 1 else 255.0
    else:
        span = 0.0, float(next((1 << bits) - 1 for bits in _DEPTHS if high < (1 << bits)))
    if values.dtype.itemsize == 2 and not floating:
        table = np.rint(np.arange(1 << 16) * (255.0 / max(span[1], 1.0))).clip(0, 255).astype(np.uint8)
        return Image.fromarray(table[values.astype(np.uint16, copy=False)])
    scaled = (values.astype(np.float32) - np.float32(span[0])) * np.float32(255.0 / max(span[1] - span[0], 1e-12))
    return Image.fromarray(np.rint(scaled).clip(0, 255).astype(np.uint8))
