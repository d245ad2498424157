"""This module decodes one file to an image of one channel and 8 bits.

The content of the file decides its format, and its header is checked before decoding.

The rules depend only on the file (and on the sidecar that `layouts.bimcv` reads), so that training and `classify` see
the same pixels:

- Only files that `opening` opens are decoded; of several pages in a file, the first one is used.
- DICOM follows its own rules, which are in `cxrtui.data.images.dicom.tables`; the rules below are for other formats.
- In films of more than 8 bits (grey, colour, with alpha or floating point), `tones` finds black and white from the
  stored values (12-bit detectors are often stored in 16).
- A film of more than 8 bits that has a `Display` is windowed and inverted by it before it is scaled.
- Colour becomes luma (ITU-R 601). Transparent pixels become black, the colour of an unexposed border; alpha is ignored
  where it would leave no film or is the same everywhere. A TIFF in which zero is white is inverted; EXIF orientation is
  applied.
- A blank film is refused in every format: it is blank if all but one pixel in 20 lie within five greys.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps
from PIL.Image import Resampling

from cxrtui.data.films import Display
from cxrtui.data.frontal.recognise import View, recognise
from cxrtui.data.frontal.righting import UPRIGHT, Righting
from cxrtui.data.frontal.thumbnail import FIRST
from cxrtui.data.images.dicom.recognise import HEAD, is_dicom
from cxrtui.data.images.opening import LARGE, large_at_once, open_image, reading
from cxrtui.data.images.samples import Samples, orientation, png_samples
from cxrtui.data.images.tiff import is_deep_tiff, tiff_samples
from cxrtui.data.images.tones import (
    BLANK,
    COLLAPSED,
    SHARE,
    Array,
    blocks,
    eight_bits,
    greys_left,
    refuse_uniform,
    scaled,
    spread,
    tally,
)
from cxrtui.data.images.tones import Pixels as Pixels
from cxrtui.errors import FilmError

_TOPS = tuple((1 << bits) - 1 for bits in (8, 10, 12, 14))
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip


def stored_size(size: int) -> int:
    """Return the size of stored films for a network input of `size`: one seventh larger, as a multiple of 8."""
    return max(8, round(size * 8 / 7 / 8) * 8)


@dataclass(frozen=True, eq=False)
class Decoded:
    """A film's `values`, uint8 `[H, W]`, and notes for the user on how they were read.

    Each of `notes` is a clause without a capital or a full stop, such as "Pixel Representation is missing; its pixels
    are taken as unsigned". Most films have none. `view` is what the film shows, where that was asked for.
    """

    values: Pixels
    notes: tuple[str, ...] = ()
    view: View | None = None


def decode(path: str | Path | int, display: Display | None = None) -> Pixels:
    """Return the film at `path` as uint8 `[H, W]`, from 0 (black) to 255 (white).

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
    """
    return decode_with_notes(path, display).values


def decode_with_notes(
    path: str | Path | int, display: Display | None = None, righting: Righting = UPRIGHT
) -> Decoded:  # fmt: skip
    """Return what `decode` returns, after `righting`, with the notes.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
    """
    image, notes = _load(path, 0, display)
    return Decoded(np.asarray(righting.apply(image)), notes)


def read_film(
    path: str | Path | int, size: int, resize_mode: str = "stretch", display: Display | None = None
) -> Pixels:
    """Return the film at `path` as uint8 `[size, size]`, as the prepared store and `classify` use it.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
    """
    return read_film_with_notes(path, size, resize_mode, display).values


def read_film_with_notes(
    path: str | Path | int, size: int, resize_mode: str = "stretch", display: Display | None = None,
    righting: Righting = UPRIGHT, *, recognised: bool = False,
) -> Decoded:  # fmt: skip
    """Return what `read_film` returns, after `righting`, with the notes; and what the film shows, if `recognised`.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
    """
    image, notes = _load(path, 2 * size, display)
    view = _view(path, image, display) if recognised else None
    return Decoded(np.asarray(square(righting.apply(image), size, resize_mode)), notes, view)


def _view(path: str | Path | int, image: Image.Image, display: Display | None) -> View:
    """Return what a film shows that was decoded as `image`, perhaps smaller than it can be recognised by."""
    if min(image.size) < FIRST:
        image, _ = _load(path, FIRST, display)
    return recognise(image)


def square(image: Image.Image, size: int, resize_mode: str = "stretch") -> Image.Image:
    """Resize a greyscale `image` to a square of `size` pixels, antialiased.

    `resize_mode`: `stretch` ignores the proportions, `crop` keeps the middle, `pad` adds black borders.
    """
    width, height = image.size
    if resize_mode == "pad":
        scale = size / max(width, height)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        canvas = Image.new("L", (size, size), 0)
        resized = image.resize(inner, Resampling.BILINEAR, reducing_gap=3.0)
        canvas.paste(resized, ((size - inner[0]) // 2, (size - inner[1]) // 2))
        return canvas
    box = None
    if resize_mode == "crop":
        short = min(width, height)
        left, top = (width - short) / 2, (height - short) / 2
        box = (left, top, left + short, top + short)
    return image.resize((size, size), Resampling.BILINEAR, box=box, reducing_gap=3.0)


def _load(path: str | Path | int, enough: int, display: Display | None) -> tuple[Image.Image, tuple[str, ...]]:
    """Return the film in mode L, and its notes.

    A JPEG may be decoded smaller, but with both dimensions at least `enough`; 0 means in full.
    """
    notes: list[str] = []
    with reading(Path(path) if isinstance(path, str) else path) as stream:
        head = stream.read(HEAD)
        stream.seek(0)
        image = _decode(stream, head, enough, display, notes)
        counted = _counted(image)
        windowed = is_dicom(head) or (display is not None and display.window is not None)
        refuse_uniform(*counted, SHARE if windowed else BLANK)  # a window may leave few greys
        if (left := greys_left(*counted)) <= COLLAPSED + 1:
            notes.append(f"it uses {left} of 256 greys")
    return image, tuple(dict.fromkeys(notes))


def _decode(stream: BinaryIO, head: bytes, enough: int, display: Display | None, notes: list[str]) -> Image.Image:
    if is_dicom(head):
        from cxrtui.data.images.dicom import pixels  # pydicom takes long to import, and most films are not DICOM

        return pixels.read_image(stream, notes)
    kind, image = open_image(stream, head)
    if image is None:
        return _deep(tiff_samples(stream), display, notes)
    with image:
        width, height = image.size
        if enough and kind == "JPEG":
            shrink = max(1, min(width, height) // enough)
            image.draft(None, (max(1, width // shrink), max(1, height // shrink)))
        with large_at_once if width * height > LARGE else nullcontext():
            if kind == "TIFF" and is_deep_tiff(image):
                return _deep(tiff_samples(stream), display, notes)
            samples = png_samples(stream, head, image) if kind == "PNG" else None
            decoded = _shallow(image, notes) if samples is None else _deep(samples, display, notes)
            turn = _TURNS.get(orientation(image) if samples is None else samples.turn)
        return decoded.transpose(turn) if turn is not None else decoded


def _shallow(image: Image.Image, notes: list[str]) -> Image.Image:
    """Convert an image of at most 8 bits a sample to mode L."""
    image.load()
    mode = image.mode
    if mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        clear = image if mode in ("RGBA", "LA") else image.convert("RGBA")
        opaque = clear.convert("RGB").convert("L") if clear.mode == "RGBA" else clear.getchannel("L")
        return _on_black(opaque, clear.getchannel("A"), notes)
    if mode in ("L", "RGB", "1", "YCbCr"):
        return image.convert("L")
    if mode in ("P", "CMYK", "HSV", "RGBX", "LAB"):
        return image.convert("RGB").convert("L")
    raise FilmError(f"its colour model ({mode}) is not read")


def _deep(samples: Samples, display: Display | None, notes: list[str]) -> Image.Image:
    """Convert samples of any depth to an image in mode L."""
    values = samples.values if samples.values.ndim == 2 else _luma(samples.values)
    if display is not None and display.window is not None:
        pixels = _windowed(values, display.window, notes)
    else:
        pixels = values if values.dtype == np.uint8 else eight_bits(values, notes)
    image = Image.fromarray(np.ascontiguousarray(pixels))
    if samples.white_is_zero or (display is not None and display.inverted):
        image = ImageOps.invert(image)
    if samples.alpha is None:
        return image
    return _on_black(image, Image.fromarray(np.ascontiguousarray(_opacity(samples.alpha))), notes)


def _opacity(alpha: Array) -> Pixels:
    """Return alpha of any depth as uint8; opaque is the top of its dtype, or of a depth that it reaches exactly."""
    if alpha.dtype.kind == "f":
        return scaled(alpha, 0, 1)
    top = int(alpha.max())
    return scaled(alpha, 0, top if top in _TOPS else np.iinfo(alpha.dtype).max)


def _luma(colours: Array) -> Array:
    """Return the luma of RGB `[H, W, 3]`, in the same dtype."""
    kind = colours.dtype
    exact = np.float64 if kind.itemsize > 2 else np.float32
    luma: Array = np.empty(colours.shape[:2], exact if kind.kind == "f" else kind)
    for rows in blocks(colours):
        part = np.zeros((len(luma[rows]), luma.shape[1]), exact)
        for place, share in enumerate((0.299, 0.587, 0.114)):
            part += colours[rows, :, place] * exact(share)
        luma[rows] = part if kind.kind == "f" else np.rint(part)
    return luma


def _on_black(opaque: Image.Image, alpha: Image.Image, notes: list[str]) -> Image.Image:
    """Blend `opaque` with black by its `alpha`, both in mode L; ignore alpha where it would leave no film.

    Alpha that is the same everywhere is ignored too, because it would only darken the film.
    """
    least, most = alpha.getextrema()
    if least == 255:
        return opaque
    shown = Image.composite(opaque, Image.new("L", opaque.size, 0), alpha)
    if spread(*_counted(shown), BLANK) <= COLLAPSED < spread(*_counted(opaque), BLANK):
        notes.append("its transparency would leave nothing of it, and was ignored")
        return opaque
    if least == most:
        notes.append("it is equally transparent everywhere, which was ignored")
        return opaque
    refuse_uniform(*_counted(opaque, alpha))  # transparent pixels do not count, so a blank film stays blank
    return shown


def _counted(image: Image.Image, seen: Image.Image | None = None) -> tuple[Array, Array]:
    counts = np.asarray(image.histogram(seen))
    (levels,) = np.nonzero(counts)
    return levels, counts[levels]


def _windowed(values: Array, window: tuple[float, float], notes: list[str]) -> Pixels:
    """Apply a linear window (PS3.3 section C.11.2.1.2.1) to `[H, W]`; scale by depth where that leaves too little."""
    if not np.isfinite(values).all():
        raise FilmError("it has pixels that are not numbers")
    if values.dtype.kind != "f":
        refuse_uniform(*tally(values))
    centre, width = window
    seen = (values.astype(np.float32) - np.float32(centre - 0.5)) / np.float32(max(width - 1, 1e-6)) + np.float32(0.5)
    pixels: npt.NDArray[np.uint8] = np.rint(seen.clip(0, 1) * 255).astype(np.uint8)
    left = spread(*_counted(Image.fromarray(pixels)))
    if left > COLLAPSED:
        return pixels
    notes.append(
        f"the window beside it (center {centre:g}, width {width:g}) leaves {left + 1} of 256 greys; its own depth was "
        "used"
    )
    return eight_bits(values, notes)
