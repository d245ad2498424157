"""Radiographs that are no chest films, drawn: bones in soft tissue, as attenuation that is exposed; each is seeded."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from altered import Picture, Rng, inverted, window
from graphics import clouds
from PIL import Image, ImageFilter


def _tube(shape: tuple[int, int], ends: Sequence[float], radii: Sequence[float]) -> np.ndarray:
    """The thickness of a straight limb between two points, with a radius at each end; 0 outside."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    x0, y0, x1, y1 = ends
    length = max(1e-3, (x1 - x0) ** 2 + (y1 - y0) ** 2)
    along = (((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length).clip(0, 1)
    far = np.hypot(x - (x0 + along * (x1 - x0)), y - (y0 + along * (y1 - y0)))
    waist = radii[0] + (radii[1] - radii[0]) * along
    waist = waist * (1 - 0.25 * np.sin(np.pi * along))
    return 2 * np.sqrt(np.maximum(waist * waist - far * far, 0))


def _bone(shape: tuple[int, int], ends: Sequence[float], radii: Sequence[float], rng: Rng) -> np.ndarray:
    """Cortex less marrow."""
    inside = [radius * rng.uniform(0.5, 0.75) for radius in radii]
    return _tube(shape, ends, radii) - rng.uniform(0.6, 0.9) * _tube(shape, ends, inside)


def _exposed(soft: np.ndarray, bone: np.ndarray, rng: Rng) -> Picture:
    signal = soft * rng.uniform(0.004, 0.012) + bone * rng.uniform(0.02, 0.05)
    top = np.quantile(signal, 0.995)
    values = (signal / max(float(top), 1e-6)) ** rng.uniform(0.5, 1.1)
    values = values + rng.uniform(0, 0.12) + rng.normal(0, rng.uniform(0.005, 0.03), values.shape)
    image = Image.fromarray((values.clip(0, 1) * 255).astype(np.uint8))
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.5)))


def limb(rng: Rng) -> Picture:
    """An arm or a leg: one joint, one or two bones on each side of it."""
    shape = (int(rng.uniform(200, 300)), int(rng.uniform(110, 260)))
    height, width = shape
    lean = rng.normal(0, 0.25) * width
    joint = (width / 2 + rng.normal(0, 0.06) * width, height * rng.uniform(0.35, 0.65))
    ends = ((width / 2 + lean, -30.0), (width / 2 + rng.normal(0, 0.25) * width, height + 30.0))
    thick = rng.uniform(0.08, 0.2) * min(shape)
    soft, bone = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for far in ends:
        line = (*joint, *far)
        flesh = thick * rng.uniform(1.6, 3.0)
        soft = np.maximum(soft, _tube(shape, line, (flesh, flesh * rng.uniform(0.9, 1.5))))
        many = int(rng.integers(1, 3))
        for place in range(many):
            aside = (place - (many - 1) / 2) * thick * 1.5
            moved = (line[0] + aside, line[1], line[2] + aside, line[3])
            bone = bone + _bone(
                shape, moved, (thick * rng.uniform(0.7, 1.2) / many, thick * rng.uniform(0.4, 0.8) / many), rng
            )
    return _turned(_exposed(soft, bone, rng), rng)


def hand(rng: Rng) -> Picture:
    """A hand or a foot: five rays of short bones from a wrist."""
    shape = (260, int(rng.uniform(160, 240)))
    height, width = shape
    root = (width / 2, height * rng.uniform(0.75, 0.95))
    soft, bone = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    fan = rng.uniform(0.15, 0.32)
    thick = rng.uniform(5, 9)
    for ray in range(5):
        turn = (ray - 2) * fan + rng.normal(0, 0.04)
        reach = height * (0.8 - 0.07 * abs(ray - 2)) * rng.uniform(0.85, 1)
        points = [
            (root[0] + share * reach * np.sin(turn), root[1] - share * reach * np.cos(turn))
            for share in (0.18, 0.5, 0.72, 0.86, 1)
        ]
        for one, other in itertools.pairwise(points):
            line = (*one, *other)
            short = (
                line[0] * 0.93 + line[2] * 0.07,
                line[1] * 0.93 + line[3] * 0.07,
                line[0] * 0.07 + line[2] * 0.93,
                line[1] * 0.07 + line[3] * 0.93,
            )
            bone = np.maximum(bone, _bone(shape, short, (thick, thick * 0.9), rng))
            soft = np.maximum(soft, _tube(shape, line, (thick * 2.2, thick * 1.9)))
    palm = _tube(shape, (root[0], root[1] + 60, root[0], root[1] - height * 0.3), (width * 0.2, width * 0.28))
    for _ in range(7):
        at = (root[0] + rng.normal(0, width * 0.08), root[1] - height * rng.uniform(0, 0.12))
        bone = np.maximum(bone, _bone(shape, (*at, at[0] + 4, at[1] + 4), (thick * 1.2, thick * 1.2), rng))
    bone = np.maximum(
        bone, _bone(shape, (root[0] - 14, root[1] + 10, root[0] - 18, height + 40.0), (thick * 1.6, thick * 1.4), rng)
    )
    bone = np.maximum(
        bone, _bone(shape, (root[0] + 16, root[1] + 12, root[0] + 18, height + 40.0), (thick * 1.1, thick), rng)
    )
    return _turned(_exposed(np.maximum(soft, palm), bone, rng), rng)


def skull(rng: Rng) -> Picture:
    """A skull or a pelvis: shells of bone with holes."""
    y, x = np.mgrid[-1:1:220j, -1:1:200j].astype(np.float32)
    x = x - rng.normal(0, 0.1)
    wide, high = rng.uniform(0.5, 0.85), rng.uniform(0.55, 0.9)
    outer = np.maximum(1 - (x / wide) ** 2 - ((y + 0.1) / high) ** 2, 0)
    inner = np.maximum(1 - (x / (wide * 0.93)) ** 2 - ((y + 0.1) / (high * 0.93)) ** 2, 0)
    bone = np.sqrt(outer) * 100 - np.sqrt(inner) * 85
    for side in (-1, 1):
        centre = (side * rng.uniform(0.2, 0.4), rng.uniform(0, 0.5))
        hole = np.hypot((x - centre[0]) / rng.uniform(0.1, 0.25), (y - centre[1]) / rng.uniform(0.1, 0.25)) < 1
        bone = np.where(hole, bone * rng.uniform(0.2, 0.6), bone)
    if rng.random() < 0.6:
        bone = bone + 60 * np.exp(-((x / rng.uniform(0.08, 0.2)) ** 2)) * (y > rng.uniform(0, 0.5))
    soft = np.sqrt(np.maximum(1 - (x / (wide * 1.1)) ** 2 - ((y + 0.1) / (high * 1.1)) ** 2, 0)) * 120
    return _turned(_exposed(soft, bone, rng), rng)


def trunk(rng: Rng) -> Picture:
    """An abdomen or a spine: a column of vertebrae in soft tissue, with gas."""
    shape = (260, int(rng.uniform(140, 260)))
    height, width = shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    middle = width * (0.5 + rng.normal(0, 0.07)) + rng.normal(0, 12) * np.sin(y / height * np.pi * rng.uniform(0.5, 2))
    half = width * rng.uniform(0.06, 0.16)
    period = height / rng.uniform(5, 9)
    column = (np.abs(x - middle) < half * (1 + 0.12 * np.cos(2 * np.pi * y / period))) * (
        0.6 + 0.4 * (np.cos(2 * np.pi * y / period) < 0.85)
    )
    soft = np.sqrt(np.maximum(1 - ((x - width / 2) / (width * rng.uniform(0.45, 0.7))) ** 2, 0)) * 200
    for _ in range(int(rng.integers(0, 14))):
        far = np.hypot(
            (x - rng.uniform(0, width)) / rng.uniform(5, 30), (y - rng.uniform(0, height)) / rng.uniform(5, 25)
        )
        soft = soft - 60 * np.exp(-(far**2))
    bone = column.astype(np.float32) * rng.uniform(20, 70)
    if rng.random() < 0.5:  # iliac wings
        for side in (-1, 1):
            ring = np.hypot(
                (x - width / 2 - side * width * 0.28) / (width * 0.25), (y - height * 0.85) / (height * 0.25)
            )
            bone = bone + 40 * (np.abs(ring - 0.9) < 0.12) + 12 * (ring < 0.9)
    return _turned(_exposed(np.maximum(soft, 0), bone, rng), rng)


def teeth(rng: Rng) -> Picture:
    """A dental film: two rows of crowns and roots."""
    shape = (int(rng.uniform(140, 220)), int(rng.uniform(180, 300)))
    height, width = shape
    soft, bone = np.full(shape, 90, np.float32), np.zeros(shape, np.float32)
    many = int(rng.integers(3, 14))
    for place in range(many):
        x = (place + 0.5) / many * width
        for side in (-1, 1):
            y = height / 2 + side * 4
            bone = np.maximum(
                bone,
                1.6 * _tube(shape, (x, y, x + rng.normal(0, 4), y + side * height * 0.3), (width / many * 0.45, 4)),
            )
    return _turned(_exposed(soft, bone, rng), rng)


def breast(rng: Rng) -> Picture:
    """A mammogram: half an ellipse with strands, at an edge."""
    y, x = np.mgrid[-1:1:260j, 0:1.4:180j].astype(np.float32)
    shape = (
        np.maximum(1 - (x / rng.uniform(0.7, 1.2)) ** 2 - ((y - rng.normal(0, 0.15)) / rng.uniform(0.6, 0.95)) ** 2, 0)
        ** 0.4
    )
    texture = np.asarray(clouds(rng).resize((180, 260)), np.float32) / 255
    image = _exposed(shape * 100, shape * texture * rng.uniform(10, 60), rng)
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else image


def _turned(image: Picture, rng: Rng) -> Picture:
    choice = rng.random()
    if choice < 0.2:
        image = image.transpose(Image.Transpose.ROTATE_90)
    elif choice < 0.4:
        image = image.transpose(Image.Transpose.ROTATE_180)
    elif choice < 0.6:
        image = image.rotate(rng.uniform(-40, 40), Image.Resampling.BILINEAR, expand=bool(rng.random() < 0.5))
    if rng.random() < 0.3:
        image = window(image, rng, 0.5, 0.95)
    return inverted(image) if rng.random() < 0.12 else image


RADIOGRAPH: tuple[Callable[[Rng], Picture], ...] = (limb, limb, hand, skull, trunk, trunk, teeth, breast)
