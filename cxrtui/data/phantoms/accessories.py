"""This module draws side markers, leads, lines and collimation, alike for both classes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cxrtui.data.phantoms.grid import FloatMap
from cxrtui.data.phantoms.projection import Exposure

_OVER = 2
"""Shapes are drawn this many times larger and averaged down, for smooth edges."""


@lru_cache(maxsize=32)
def _font(points: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(points)


def _down(canvas: Image.Image, size: int) -> FloatMap:
    a = np.asarray(canvas, dtype=np.float32) / np.float32(255)
    # One axis after the other, because a mean over both at once is many times slower.
    rows = a.reshape(size, _OVER, -1).mean(axis=1)
    out: FloatMap = np.float32(0.5) * (rows[:, 0::_OVER] + rows[:, 1::_OVER])
    return out


def marker(size: int, e: Exposure, rng: np.random.Generator) -> FloatMap:
    """Return the opacity 0..1 of the lead letter for a side, and sometimes of a technician's note."""
    canvas = Image.new("L", (size * _OVER, size * _OVER))
    draw = ImageDraw.Draw(canvas)
    unit = size * _OVER
    left = rng.random() < 0.6
    where = rng.uniform(0.0, 1.0, 4)
    x = (0.87 + 0.07 * where[0]) if left else (0.03 + 0.06 * where[0])
    y = 0.03 + 0.12 * where[1]
    draw.text(
        (x * unit, y * unit),
        "L" if left else "R",
        fill=int(200 + 55 * where[2]),
        font=_font(max(8, int(unit * (0.035 + 0.025 * where[3])))),
    )
    if rng.random() < 0.3:
        note = "PORTABLE" if e.view == "AP" else "ERECT"
        nx = 0.68 if not left else 0.06
        draw.text((nx * unit, (y + 0.01) * unit), note, fill=225, font=_font(max(6, int(unit * 0.026))))
    return _down(canvas, size)


def leads(size: int, e: Exposure, rng: np.random.Generator) -> FloatMap:
    """Return the attenuation of ECG electrodes with wires and of a venous catheter; it is zero on most films."""
    draws = rng.random(3)
    if draws[0] > 0.28:
        return np.zeros((1, 1), dtype=np.float32)
    canvas = Image.new("L", (size * _OVER, size * _OVER))
    draw = ImageDraw.Draw(canvas)
    unit = size * _OVER
    wide = max(1, round(unit * 0.0045))
    end = np.array([rng.uniform(0.3, 0.7), 1.05])
    for _ in range(int(rng.integers(2, 5))):
        spot = np.array([rng.choice([rng.uniform(0.12, 0.35), rng.uniform(0.65, 0.88)]), rng.uniform(0.15, 0.8)])
        bulge = np.array([rng.uniform(-0.2, 0.2), rng.uniform(0.0, 0.15)])
        s = np.linspace(0, 1, 40)[:, None]
        path = (1 - s) ** 2 * spot + 2 * s * (1 - s) * ((spot + end) / 2 + bulge) + s**2 * end
        draw.line([(float(px) * unit, float(py) * unit) for px, py in path], fill=120, width=wide)
        r = 0.011 * unit
        box = (spot[0] * unit - r, spot[1] * unit - r, spot[0] * unit + r, spot[1] * unit + r)
        draw.ellipse(box, fill=150, outline=90, width=wide)
    if draws[1] < 0.4:
        s = np.linspace(0, 1, 50)
        px = 0.47 - 0.16 * (1 - s) ** 3 + 0.01 * np.sin(5 * s)
        py = -0.02 + (0.46 + 0.06 * draws[2]) * s
        draw.line([(float(a) * unit, float(b) * unit) for a, b in zip(px, py, strict=True)], fill=70, width=wide + 1)
    return _down(canvas, size)


def collimation(size: int, rng: np.random.Generator) -> FloatMap:
    """Return the collimator's transmission 0..1: 1 on open films, slightly tilted black bands on others."""
    draws = rng.random(5)
    tilt = rng.normal(0, 0.012)
    if draws[0] > 0.35:
        return np.ones((1, 1), dtype=np.float32)
    p = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
    x = p[None, :] + np.float32(tilt) * (p[:, None] - np.float32(0.5))
    y = p[:, None] - np.float32(tilt) * (p[None, :] - np.float32(0.5))
    out = np.ones((size, size), dtype=np.float32)
    for edge, at in ((x, draws[1]), (1 - x, draws[2]), (y, draws[3]), (1 - y, draws[4])):
        if at < 0.6:
            out = out * np.clip((edge - np.float32(0.085 * at)) * np.float32(size * 0.8), 0, 1)
    result: FloatMap = out.astype(np.float32)
    return result
