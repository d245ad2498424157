"""Copies of films as they occur between collections: re-encoded, resized, cropped, framed, edited, marked, turned."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

KINDS = (
    "re-encoded", "resized", "cropped", "cropped 6 %", "bordered", "brightness", "gamma", "inverted", "marked",
    "rotated 3°", "mirrored", "several",
)  # fmt: skip
Random = np.random.Generator


def edited(film: Image.Image, kind: str, random: Random) -> Image.Image:
    """A copy of the grey `film`, edited by `kind`; `random` draws how much."""
    if kind == "several":
        for other in random.choice([kind for kind in KINDS if kind != "several"], 3, replace=False):
            film = edited(film, str(other), random)
        return film
    return _EDITS[kind](film, random)


def _re_encoded(film: Image.Image, random: Random) -> Image.Image:
    stream = io.BytesIO()
    film.save(stream, "JPEG", quality=int(random.integers(25, 85)))
    return Image.open(io.BytesIO(stream.getvalue())).convert("L")


def _resized(film: Image.Image, random: Random) -> Image.Image:
    scale = random.uniform(0.35, 0.9)
    return film.resize([max(64, round(edge * scale)) for edge in film.size], Image.Resampling.BICUBIC)


def _cropped(film: Image.Image, random: Random) -> Image.Image:
    return _crop(film, *random.uniform(0, 0.06, 4))


def _crop(film: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    width, height = film.size
    return film.crop(
        (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
    )


def _bordered(film: Image.Image, random: Random) -> Image.Image:
    edges = tuple(int(edge) for edge in random.uniform(0, 0.15, 4) * [*film.size, *film.size])
    return ImageOps.expand(film, edges, fill=int(random.choice([0, 255, random.integers(20, 200)])))


def _brightness(film: Image.Image, random: Random) -> Image.Image:
    shift = random.uniform(20, 60) * random.choice([-1, 1])
    return film.point([round(min(255, max(0, grey + shift))) for grey in range(256)])


def _gamma(film: Image.Image, random: Random) -> Image.Image:
    power = random.uniform(1.3, 2.0) ** random.choice([-1, 1])
    return film.point([round(255 * (grey / 255) ** power) for grey in range(256)])


def _marked(film: Image.Image, random: Random) -> Image.Image:
    film = film.copy()
    width, height = film.size
    draw = ImageDraw.Draw(film)
    for _ in range(int(random.integers(2, 5))):
        x, y = random.uniform(0, 0.85) * width, random.uniform(0, 0.9) * height
        word = str(random.choice(["R", "L", "PORTABLE", "ERECT AP", "22:14 28.03.2020", "Fig. 2 (a)"]))
        draw.text((x, y), word, fill=255, font=ImageFont.load_default(size=float(random.uniform(0.04, 0.1) * height)))
    x, y = random.uniform(0.1, 0.7) * width, random.uniform(0.1, 0.7) * height
    draw.rectangle((x, y, x + 0.15 * width, y + 0.1 * height), fill=int(random.choice([0, 255])))
    return film


def _rotated(film: Image.Image, random: Random) -> Image.Image:
    return film.rotate(3.0 * float(random.choice([-1, 1])), Image.Resampling.BICUBIC)


_EDITS = {
    "re-encoded": _re_encoded, "resized": _resized, "cropped": _cropped,
    "cropped 6 %": lambda film, random: _crop(film, 0.06, 0.06, 0.06, 0.06), "bordered": _bordered,
    "brightness": _brightness, "gamma": _gamma, "inverted": lambda film, random: ImageOps.invert(film),
    "marked": _marked, "rotated 3°": _rotated, "mirrored": lambda film, random: ImageOps.mirror(film),
}  # fmt: skip
