"""This module reads images of more than 8 bits a sample in full depth; Pillow alone cuts most of them to 8 bits.

Pillow decodes a PNG of 16-bit colours twice, once for the upper and once for the lower bytes of each sample. The module
`cxrtui.data.images.tiff` reads TIFF.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin

Array = npt.NDArray[Any]

_HALVES = {2: ("RGB;16B", "RGB;16L"), 6: ("RGBA;16B", "RGBA;16L")}


@dataclass(frozen=True, eq=False)
class Samples:
    """`values` as stored, `[H, W]` grey or `[H, W, 3]` RGB; `alpha` `[H, W]` where it has one; `turn` is EXIF's."""

    values: Array
    alpha: Array | None = None
    white_is_zero: bool = False
    turn: int = 1


def orientation(image: Image.Image) -> int:
    """Return EXIF's orientation, 1 to 8 (EXIF 2.32 section 4.6.4), 1 where it has none; this may decode the image."""
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # broken metadata does not make the image unusable
        return 1


def png_samples(stream: BinaryIO, head: bytes, image: Image.Image) -> Samples | None:
    """Return the samples of the PNG file in `stream`, opened as `image`; None where it has fewer than 16 bits."""
    bits, colour = head[24], head[25]
    if bits != 16:
        return None
    if colour == 0:
        values = np.asarray(image).astype(np.uint16)
        return Samples(values, _keyed(values, image.info.get("transparency")), turn=orientation(image))
    if colour == 4:  # four bytes a pixel: two of grey, two of alpha
        both = _as(stream, "RGBA")
        pairs = np.ascontiguousarray(both).view(">u2").astype(np.uint16)
        return Samples(pairs[..., 0], pairs[..., 1], turn=orientation(both))
    upper, lower = _HALVES[colour]
    high = _as(stream, upper)
    turn, key = orientation(high), high.info.get("transparency")
    found = np.asarray(high).astype(np.uint16)
    del high  # each copy of 100 million pixels takes hundreds of megabytes
    found <<= 8
    found |= np.asarray(_as(stream, lower))
    if colour == 6:
        return Samples(found[..., :3], found[..., 3], turn=turn)
    return Samples(found, _keyed(found, key), turn=turn)


def _as(stream: BinaryIO, raw: str) -> Image.Image:
    """Decode the PNG in `stream` with Pillow's raw mode `raw`."""
    stream.seek(0)
    image = PngImagePlugin.PngImageFile(stream)
    image.tile = [tile._replace(args=raw) for tile in image.tile]
    image.load()
    return image


def _keyed(values: Array, key: object) -> Array | None:
    """Return alpha where the image names one transparent value or colour (PNG's tRNS), else None."""
    if key is None:
        return None
    same = values == np.asarray(key)
    return np.where(same if values.ndim == 2 else same.all(-1), 0, 65535).astype(np.uint16)
