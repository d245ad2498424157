"""Films and edited copies of them, small and made on the spot."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from cxrtui.data.phantoms import generate


def _re_encoded(film: Image.Image) -> Image.Image:
    stream = io.BytesIO()
    film.save(stream, "JPEG", quality=40)
    return Image.open(io.BytesIO(stream.getvalue()))


def _cropped(film: Image.Image) -> Image.Image:
    width, height = film.size
    return film.crop((round(0.06 * width), round(0.06 * height), round(0.94 * width), round(0.94 * height)))


def _marked(film: Image.Image) -> Image.Image:
    film = film.copy()
    width, height = film.size
    draw = ImageDraw.Draw(film)
    draw.rectangle((0.1 * width, 0.1 * height, 0.25 * width, 0.2 * height), fill=255)
    draw.rectangle((0.5 * width, 0.7 * height, 0.8 * width, 0.74 * height), fill=0)
    return film


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "re-encoded": _re_encoded,
    "resized": lambda film: film.resize((film.width // 2, film.height // 2)),
    "cropped": _cropped,
    "bordered": lambda film: ImageOps.expand(film, (20, 6, 4, 14), fill=0),
    "brighter": lambda film: film.point([min(255, grey + 40) for grey in range(256)]),
    "gamma": lambda film: film.point([round(255 * (grey / 255) ** 1.8) for grey in range(256)]),
    "inverted": ImageOps.invert,
    "marked": _marked,
    "rotated": lambda film: film.rotate(3, Image.Resampling.BICUBIC),
    "mirrored": ImageOps.mirror,
}


def phantoms(folder: Path, count: int, size: int = 160) -> list[Image.Image]:
    """`count` synthetic films, several of one patient among them, sorted by path."""
    made = generate(folder, count=count, seed=3, size=size)
    return [Image.open(folder / film.path).convert("L") for film in made.films]


def thumbnail(film: Image.Image) -> np.ndarray:
    """The film as a thumbnail."""
    return np.asarray(film.convert("L").resize((128, 128), Image.Resampling.BILINEAR))
