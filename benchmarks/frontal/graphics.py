"""Images that are drawn and no radiographs: pages, screenshots, blanks, textures and shapes, each seeded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from altered import Picture, Rng, font, marked
from PIL import Image, ImageDraw

WORDS = """the patient lungs are clear no acute finding seen chest report heart size normal date name of hospital there
Lorem ipsum dolor sit amet study image series left right comparison none impression technique signed doctor""".split()  # noqa: SIM905


def text(rng: Rng) -> Picture:
    """A page, a form or a slide."""
    width, height = int(rng.uniform(180, 340)), int(rng.uniform(180, 340))
    light = rng.random() < 0.75
    paper, ink = (int(rng.uniform(200, 256)), int(rng.uniform(0, 90)))
    page = Image.new("L", (width, height), paper if light else 255 - paper)
    draw = ImageDraw.Draw(page)
    y = rng.uniform(2, 40)
    while y < height:
        size = rng.choice([7, 8, 10, 12, 16, 24, 36], p=[0.2, 0.2, 0.2, 0.15, 0.1, 0.1, 0.05])
        x = rng.choice([8, 12, 30, width / 2])
        line = " ".join(rng.choice(WORDS, int(rng.integers(1, 14))))
        if rng.random() < 0.85:
            draw.text((x, y), line, fill=ink if light else 255 - ink, font=font(size))
        elif rng.random() < 0.5:
            draw.line((x, y, width - 10, y), fill=128)
        else:
            draw.rectangle(
                (x, y, x + rng.uniform(20, 120), y + rng.uniform(10, 80)), outline=ink, fill=int(rng.uniform(0, 256))
            )
        y += size * rng.uniform(1.0, 1.9)
    return page


def screen(rng: Rng) -> Picture:
    """A screenshot: panels, text, charts."""
    width, height = 320, int(rng.uniform(180, 300))
    page = Image.new("L", (width, height), int(rng.uniform(0, 256)))
    draw = ImageDraw.Draw(page)
    for _ in range(int(rng.integers(2, 14))):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        box = (x, y, x + rng.uniform(10, 200), y + rng.uniform(8, 150))
        kind = rng.random()
        if kind < 0.5:
            draw.rectangle(box, fill=int(rng.uniform(0, 256)), outline=int(rng.uniform(0, 256)))
        elif kind < 0.75:
            draw.text(
                (x, y), " ".join(rng.choice(WORDS, 6)), fill=int(rng.uniform(0, 256)), font=font(rng.uniform(7, 20))
            )
        else:
            points = [(x + step * 6, y + rng.normal(0, 15)) for step in range(int(rng.integers(5, 30)))]
            draw.line(points, fill=int(rng.uniform(0, 256)), width=int(rng.integers(1, 4)))
    return page


def blank(rng: Rng) -> Picture:
    """Nothing: even, a slope, a vignette, with noise and a mark."""
    height, width = int(rng.uniform(150, 300)), int(rng.uniform(150, 300))
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    values = rng.uniform(0.05, 0.95) + rng.normal(0, 0.3) * x + rng.normal(0, 0.3) * y
    values = values + rng.choice([0, rng.normal(0, 0.5)]) * (x * x + y * y)
    values = values + rng.choice([0, 1]) * rng.normal(0, rng.uniform(0.01, 0.2), values.shape)
    image = Image.fromarray((values.clip(0, 1) * 255).astype(np.uint8))
    if rng.random() < 0.5:
        marked(image, rng)
    return image


def clouds(rng: Rng) -> Picture:
    """Noise of any coarseness, as textures have it."""
    size = 192
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    frequency[0, 0] = 1
    waves = np.fft.rfft2(rng.standard_normal((size, size))) / frequency ** rng.uniform(0, 2.2)
    if rng.random() < 0.3:
        waves *= (
            np.abs(
                np.cos(
                    np.arctan2(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None] + 1e-9)
                    - rng.uniform(0, np.pi)
                )
            )
            ** 2
        )
    values = np.fft.irfft2(waves, (size, size))
    values = (values - values.mean()) / values.std() * rng.uniform(0.1, 0.3) + rng.uniform(0.3, 0.7)
    return Image.fromarray((values.clip(0, 1) * 255).astype(np.uint8))


def shapes(rng: Rng) -> Picture:
    """Stripes, rings, chessboards and discs."""
    y, x = np.mgrid[-1:1:200j, -1:1:200j]
    across, down, turn = rng.uniform(-0.4, 0.4), rng.uniform(-0.4, 0.4), rng.uniform(0, np.pi)
    u = (x - across) * np.cos(turn) + (y - down) * np.sin(turn)
    v = (y - down) * np.cos(turn) - (x - across) * np.sin(turn)
    waves, kind = rng.uniform(2, 16), rng.random()
    if kind < 0.3:
        values = np.sin(waves * u * 3)
    elif kind < 0.55:
        values = np.sin(waves * np.hypot(u, v) * 3)
    elif kind < 0.75:
        values = np.sign(np.sin(waves * u) * np.sin(waves * v))
    else:
        values = np.full_like(x, rng.uniform(-1, 1))
        for _ in range(int(rng.integers(1, 12))):
            far = np.hypot(
                (x - rng.uniform(-1, 1)) * rng.uniform(0.5, 2), (y - rng.uniform(-1, 1)) * rng.uniform(0.5, 2)
            )
            values = np.where(far < rng.uniform(0.05, 0.6), rng.uniform(-1, 1), values)
    if rng.random() < 0.5:
        values = np.sign(values) if kind < 0.55 else values
    return Image.fromarray(((values * rng.uniform(0.2, 0.5) + 0.5).clip(0, 1) * 255).astype(np.uint8))


GRAPHIC: tuple[Callable[[Rng], Picture], ...] = (text, text, screen, blank, shapes, clouds)
