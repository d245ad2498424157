"""This module reads TIFF of more than 8 bits a sample, signed TIFF, and kinds that Pillow does not open.

tifffile returns integers and floating point as they are stored, in any byte order, photometric interpretation, planes
or tiles; Pillow silently cuts, wraps or swaps some of them. Pillow decodes the compressions for which tifffile needs
imagecodecs (LZW, PackBits), with settings that neither cut nor swap.
"""

from __future__ import annotations

import importlib.util
import io
import logging
import sys
import zlib
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, TiffImagePlugin

from cxrtui.data.images.opening import MAX_PIXELS
from cxrtui.data.images.samples import Array, Samples
from cxrtui.errors import FilmError

_BITS, _PHOTOMETRIC, _EXTRA, _FORMAT = 258, 262, 338, 339  # TIFF 6.0 section 8 and its extensions
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _INKS = 0, 1, 2, 3, 5
_DEFLATE = (8, 32946)
_OWN = (1, *_DEFLATE)  # the compressions that tifffile reads without imagecodecs
# LZW, JPEG, deflate (with the predictor of floating point), PackBits, LZMA, Zstandard: what Pillow's libtiff may read.
_LIBTIFF = (5, 7, *_DEFLATE, 32773, 34925, 50000)
# libtiff always returns native byte order; these are Pillow's modes for that, which it does not always choose.
_NATIVE = {"I;16BS": "I;16NS", "I;32BS": "I;32NS", "F;32BF": "F;32NF", "I;16B": "I;16N"}
_TURNS = {2: (False, -1, 1), 3: (False, -1, -1), 4: (False, 1, -1), 5: (True, 1, 1), 6: (True, -1, 1),
          7: (True, -1, -1), 8: (True, 1, -1)}  # fmt: skip


logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # its warnings about odd tags would be printed over the screen


@dataclass(frozen=True)
class TiffHeader:
    """The header of a TIFF file's first image; `width` and `height` are after orientation; `bits` are per sample."""

    width: int
    height: int
    bits: int
    colours: str


def is_deep_tiff(image: Image.Image) -> bool:
    """Whether Pillow would change a TIFF file's samples: they have more than 8 bits, are signed or premultiplied."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return False
    tags = image.tag_v2
    bits, formats, extra = (tags.get(tag, usual) for tag, usual in ((_BITS, (1,)), (_FORMAT, (1,)), (_EXTRA, ())))
    return max(bits) > 8 or max(formats) != 1 or 1 in extra


def tiff_header(stream: BinaryIO) -> TiffHeader:
    """Return the header of a TIFF file of any kind that tifffile reads.

    Raises:
        FilmError: it is not of a kind that can be read.
    """
    with _Page(stream) as page:
        turned = page.turn in _TURNS and _TURNS[page.turn][0]
        width, height = (page.height, page.width) if turned else (page.width, page.height)
        colours = {_WHITE_IS_ZERO: "grey", _BLACK_IS_ZERO: "grey", _PALETTE: "palette"}.get(page.photometric, "colour")
        return TiffHeader(width, height, page.bits, colours + " with transparency" * page.has_alpha)


def tiff_samples(stream: BinaryIO) -> Samples:
    """Return the samples of the first image of a TIFF file.

    Raises:
        FilmError: it is not of a kind that can be read.
    """
    with _Page(stream) as page:
        page.check()
        found = page.values()
        if page.planes_first and not page.upright:
            found = np.moveaxis(found, 0, -1)
        if found.dtype.kind not in "buif":
            raise FilmError(f"its TIFF samples ({found.dtype.name}) are not read")
        colours = {_RGB: 3, _INKS: 4}.get(page.photometric, 1)
        if page.photometric == _PALETTE:
            found, colours = page.colours(found), 3
        elif page.bits < 8:
            found = (found.astype(np.float32) * (255 / ((1 << page.bits) - 1))).round().astype(np.uint8)
        alpha = None
        if found.ndim == 3:
            if found.shape[-1] < colours:
                raise FilmError(f"its TIFF layout ({found.shape[-1]} samples a pixel) is not read")
            alpha = found[..., colours] if page.has_alpha and found.shape[-1] > colours else None
            found = found[..., 0] if colours == 1 else found[..., :3] if colours == 3 else _without_inks(found)
        samples = Samples(found, alpha, page.photometric == _WHITE_IS_ZERO)
        return samples if page.upright else _turned(samples, page.turn)


def _without_inks(inks: Array) -> Array:
    """Convert cyan, magenta, yellow, black (integers, or 0 to 1) to RGB `[H, W, 3]` by Pillow's formula for 8 bits."""
    top = 1.0 if inks.dtype.kind == "f" else float(np.iinfo(inks.dtype).max)
    light = (top - inks[..., :3].astype(np.float64)) * ((top - inks[..., 3:4]) / top)
    return np.asarray((light if inks.dtype.kind == "f" else light.round()).astype(inks.dtype))


def _turned(samples: Samples, turn: int) -> Samples:
    """Turn the samples upright by the tag Orientation, as `decode` does for other formats."""
    if turn not in _TURNS:
        return samples
    across, left, up = _TURNS[turn]

    def upright(values: Array) -> Array:
        turned = values.swapaxes(0, 1) if across else values
        return np.ascontiguousarray(turned[::up, ::left])

    return replace(samples, values=upright(samples.values),
                   alpha=None if samples.alpha is None else upright(samples.alpha))  # fmt: skip


class _Page:
    """The first page of a TIFF file, opened with tifffile."""

    def __init__(self, stream: BinaryIO) -> None:
        import tifffile  # it takes half a second to import, and few films need it

        stream.seek(0)
        self._stream = stream
        self._file = tifffile.TiffFile(stream, name="film.tif")  # an open file's name may be a number
        self._page: Any = self._file.pages[0]
        tags = self._page.tags
        self.width, self.height = int(self._page.imagewidth), int(self._page.imagelength)
        self.bits = _most(self._page.bitspersample)
        self.photometric = int(tags.valueof(_PHOTOMETRIC, _WHITE_IS_ZERO))
        self.turn = int(tags.valueof(274, 1))
        self.planes_first = self._page.axes == "SYX"
        extra = tuple(int(kind) for kind in self._page.extrasamples)
        four = self.photometric == _RGB and self._page.samplesperpixel == 4 and not extra
        self.has_alpha = four or extra[:1] in ((2,), (999,))
        self.upright = False  # whether the decoder has already turned the values

    def __enter__(self) -> _Page:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def check(self) -> None:
        """Check that the image may be decoded.

        Raises:
            FilmError: it is too large, or of a kind that is not read.
        """
        if self.width * self.height > MAX_PIXELS:
            limit = MAX_PIXELS // 10**6
            raise FilmError(f"it has too many pixels ({self.width} x {self.height}; the limit is {limit} million)")
        if not self.width or not self.height:
            raise FilmError("it has no pixels")
        if not 1 <= self.bits <= 64:
            raise FilmError(f"it is damaged or cut short ({self.bits} bits a sample)")
        known = self.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _INKS)
        if not known or self._page.axes not in ("YX", "YXS", "SYX") or self._page.samplesperpixel > 8:
            name = getattr(self._page.photometric, "name", self.photometric)
            raise FilmError(f"its TIFF layout ({name}, {self._page.samplesperpixel} samples a pixel) is not read")

    def values(self) -> Array:
        """Return all samples, in native byte order."""
        compression = int(self._page.compression)
        if self.bits not in (8, 16, 32, 64) and compression == 1 and self._page.samplesperpixel == 1:
            return self._unpacked()
        if compression not in _OWN and importlib.util.find_spec("imagecodecs") is None:
            return self._by_pillow()
        if compression in _DEFLATE:
            self._refuse_bomb()
        try:
            found = np.asarray(self._page.asarray(maxworkers=1))
        except ValueError as error:
            if "imagecodecs" not in str(error):
                raise
            return self._by_pillow()
        return found.astype(found.dtype.newbyteorder("="), copy=False)

    def colours(self, places: Array) -> Array:
        """Return the palette's colours at the indices `places`, `[H, W, 3]`."""
        palette = np.asarray(self._page.colormap)
        return np.moveaxis(palette[:, np.minimum(places, palette.shape[1] - 1)], 0, -1)

    def _refuse_bomb(self) -> None:
        """Refuse a file with a segment that inflates to more than the image, because tifffile inflates each at once."""
        most = self.width * self.height * int(self._page.samplesperpixel) * 8 + (1 << 20)
        for offset, length in zip(self._page.dataoffsets, self._page.databytecounts, strict=False):
            self._stream.seek(offset)
            inflate = zlib.decompressobj()
            inflate.decompress(self._stream.read(length), most)
            if inflate.unconsumed_tail:
                raise FilmError("it inflates to more than a film can hold")

    def _unpacked(self) -> Array:
        """Unpack grey values of 9 to 15 bits, which have gaps only at the end of a row (TIFF 6.0 section 7)."""
        if not 1 <= self.bits <= 16 or self._page.is_tiled:
            raise self._needs()
        row = -(-self.width * self.bits // 8)
        pieces = []
        for offset, length in zip(self._page.dataoffsets, self._page.databytecounts, strict=True):
            self._stream.seek(offset)
            data = self._stream.read(length)
            pieces.append(data[: len(data) // row * row])
        packed = np.frombuffer(b"".join(pieces), np.uint8)
        if packed.size < row * self.height:
            raise FilmError(f"it is damaged or cut short ({packed.size} of {row * self.height} bytes of pixels)")
        values = np.empty((self.height, self.width), np.uint16)
        weights = (1 << np.arange(self.bits - 1, -1, -1)).astype(np.uint16)
        for place, line in enumerate(packed[: row * self.height].reshape(self.height, row)):
            values[place] = np.unpackbits(line)[: self.width * self.bits].reshape(-1, self.bits) @ weights
        return values

    def _by_pillow(self) -> Array:
        """Return the samples that libtiff decodes, which Pillow does not cut here."""
        if int(self._page.compression) not in _LIBTIFF:
            raise self._needs()
        self._stream.seek(0)
        body = bytearray(self._stream.read())
        if self.photometric == _WHITE_IS_ZERO:  # Pillow knows fewer kinds of it; the caller inverts
            place = self._page.tags[_PHOTOMETRIC].valueoffset
            body[place : place + 2] = _BLACK_IS_ZERO.to_bytes(2, "little" if self._file.byteorder == "<" else "big")
        upper = self._load(body)
        if upper is not None and self.bits == 8 and upper.mode in ("L", "La", "LA", "RGB", "RGBA", "RGBa"):
            found = np.asarray(upper)
            return found.view(np.int8) if self._page.dtype == np.int8 else found
        if upper is None or upper.mode not in ("RGB", "RGBA") or self.planes_first:
            if upper is None or upper.mode not in ("I", "F", "I;16", "I;16B", "I;16L"):
                raise self._needs()
            found = np.asarray(upper)
            found = found.astype(found.dtype.newbyteorder("="), copy=False)
            return found.view(np.uint32) if self._page.dtype == np.uint32 else found
        lower = self._load(body, lower=True)
        if lower is None or self.bits != 16:
            raise self._needs()
        return np.asarray(np.asarray(upper).astype(np.uint16) << 8 | np.asarray(lower))

    def _load(self, body: bytearray, *, lower: bool = False) -> Image.Image | None:
        try:
            image = TiffImagePlugin.TiffImageFile(io.BytesIO(body))
        except SyntaxError:
            return None
        by_libtiff = bool(image.tile) and image.tile[0].codec_name == "libtiff"
        for place, tile in enumerate(image.tile):
            args = tile.args if isinstance(tile.args, tuple) else (tile.args,)
            raw = str(args[0]).replace("RGBa", "RGBA")
            raw = _NATIVE.get(raw, raw) if by_libtiff else raw
            if lower:
                little = raw.endswith("L") or (raw.endswith("N") and sys.byteorder == "little")
                raw = f"{raw[:-1]}{'B' if little else 'L'}"
            image.tile[place] = tile._replace(args=(raw, *args[1:]))
        image.load()
        self.upright = True
        return image

    def _needs(self) -> FilmError:
        name = getattr(self._page.compression, "name", "")
        if not name:
            return FilmError(f"its TIFF compression ({int(self._page.compression)}) is not known")
        return FilmError(f"its TIFF encoding ({name}, {self.bits} bits) needs a decoder: pip install imagecodecs")


def _most(bits: object) -> int:
    return max(int(bit) for bit in bits) if isinstance(bits, (tuple, list)) else int(str(bits))
