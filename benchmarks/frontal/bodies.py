"""A trunk of ellipsoids, seen from the side, from above and in slices; stand-ins for real views, each seeded.

Coordinates: ``x`` to the left, ``y`` to the back, ``z`` to the feet; the trunk is about 2 wide and high.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from altered import Picture, Rng, bordered, marked
from PIL import Image, ImageFilter

Points = tuple[np.ndarray, np.ndarray, np.ndarray]
Centre = tuple[float, float, float]
_RIBS = 10
_VESSELS = 40


def _inside(points: Points, centre: Centre, radii: Centre) -> np.ndarray:
    """1 inside an ellipsoid, 0 outside, with a soft edge."""
    far = sum(((at - middle) / radius) ** 2 for at, middle, radius in zip(points, centre, radii, strict=True))
    return np.clip((1 - far) * 6, 0, 1)


class Body:
    """A random trunk."""

    def __init__(self, rng: Rng) -> None:
        self.rng = rng
        self.wide, self.deep = rng.uniform(0.8, 1.0), rng.uniform(0.45, 0.7)
        self.lung = (rng.uniform(0.3, 0.4) * self.wide, rng.uniform(0.65, 0.85) * self.deep, rng.uniform(0.6, 0.85))
        self.cage = (1.16 * self.lung[0], 1.16 * self.lung[1], 1.16 * self.lung[2])
        self.apart = self.wide * rng.uniform(0.42, 0.5)
        self.dome = rng.uniform(0.3, 0.6)
        self.air = rng.uniform(0.1, 0.35)
        self.heart = (rng.uniform(0.05, 0.25), -self.deep * rng.uniform(0.25, 0.45), rng.uniform(0.15, 0.35))
        self.size = rng.uniform(0.2, 0.38)
        self.arms = rng.random() < 0.4
        self.gas = [
            ((rng.normal(0, 0.3), rng.normal(-0.2, 0.15), rng.uniform(0.65, 1.1)), rng.uniform(0.04, 0.15))
            for _ in range(rng.integers(1, 7))
        ]
        self.slope, self.period = rng.uniform(-0.4, 0.8), rng.uniform(0.16, 0.22)
        self.bend, self.shoulders, self.ribs = rng.normal(0.05, 0.15), rng.uniform(0.2, 1.1), rng.uniform(0.15, 0.8)

    def density(self, points: Points, fine: bool = False) -> np.ndarray:
        """The attenuation at `points`: water is 1."""
        x, y, z = points[0], points[1] - self.bend * (points[2] + 0.1) ** 2, points[2]
        points = (x, y, z)
        taper = 1 - self.shoulders * np.clip(-z - 0.5, 0, 0.6)
        shape = np.abs(x / (self.wide * taper)) ** 2.6 + np.abs(y / (self.deep * taper)) ** 2.4
        body = np.clip((1 - shape) * 8, 0, 1)
        muscle = np.clip((0.85 - shape) * 8, 0, 1)
        mu = 0.85 * body + 0.15 * muscle
        under = np.clip((self.dome + 0.25 * y - 0.35 * np.abs(np.abs(x) - self.apart) - z) * 14, 0, 1)
        for side in (-1, 1):
            lung = _inside(points, (side * self.apart, 0.05 * self.deep, -0.1), self.lung) * under
            wall = _inside(points, (side * self.apart, 0.05 * self.deep, -0.1), self.cage)
            level = (np.cos(2 * np.pi * (z + self.slope * y) / self.period) > 0.3) * (z < 0.75)
            mu = mu + self.ribs * np.clip(wall - lung - 0.3, 0, 1) * level * body
            mu = mu * (1 - lung) + self.air * lung
        for _ in range(_VESSELS if fine else 0):
            at = (self.rng.normal(0, 0.5) * self.wide, self.rng.normal(0, 0.3) * self.deep, self.rng.normal(-0.1, 0.4))
            long = self.rng.uniform(0.01, 0.04), self.rng.uniform(0.01, 0.08), self.rng.uniform(0.02, 0.3)
            mu = np.maximum(mu, _inside(points, at, long) * body)
        mu = np.maximum(mu, 1.05 * _inside(points, self.heart, (1.2 * self.size, self.size, 1.1 * self.size)))
        mu = np.maximum(mu, 1.02 * (np.hypot(x, y + 0.1) < 0.14) * (z < 0.3))
        back = y - 0.62 * self.deep
        column = np.hypot(x / 0.17, back / 0.15) < 1 - 0.12 * np.cos(2 * np.pi * z / (1.15 * self.period))
        spine = column * (1.35 + 0.5 * (np.hypot(x / 0.14, back / 0.12) > 0.8))
        arch = (np.abs(x) < 0.04) * (back > 0.1) * (back < 0.3) * body * 1.6
        hollow = np.hypot(x / 0.07, (back - 0.2) / 0.06) < 1
        mu = np.where(hollow & (body > 0.5), 1.0, np.maximum(np.maximum(mu, spine), arch))
        mu = np.maximum(mu, 1.5 * (np.abs(x) < 0.09) * (np.abs(y + 0.93 * self.deep) < 0.04) * (np.abs(z + 0.15) < 0.4))
        for place, size in self.gas:
            mu = mu * (1 - _inside(points, place, (size, size, size)))
        if self.arms:
            for side in (-1, 1):
                ring = np.hypot((x - side * 1.18) / 0.16, y / 0.16)
                mu = np.maximum(mu, np.where(ring < 0.4, 1.8, 1.0) * (ring < 1))
        return mu

    def projected(self, turn: float, top: float, bottom: float) -> np.ndarray:
        """The sum along rays of a trunk that has turned by `turn` radians, from height `top` to `bottom`."""
        half = 1.05 * float(np.hypot(self.deep * np.sin(turn), self.wide * np.cos(turn)))
        z, u, v = np.meshgrid(np.linspace(top, bottom, 72), np.linspace(-half, half, 64), np.linspace(-1.1, 1.1, 36),
                              indexing="ij")  # fmt: skip
        points = (u * np.cos(turn) - v * np.sin(turn), u * np.sin(turn) + v * np.cos(turn), z)
        x, y, z = (each.astype(np.float32) for each in points)
        return np.asarray(self.density((x, y, z)).sum(axis=2) * (2.2 / 36))


def sideways(rng: Rng) -> Picture:
    """A lateral or steeply oblique view."""
    body = Body(rng)
    body.arms = False
    turn = rng.choice([-1, 1]) * rng.normal(np.pi / 2, 0.14)
    sums = body.projected(turn, rng.uniform(-1.15, -0.8), rng.uniform(0.6, 1.1))
    if rng.random() < 0.5:  # raised arms and chin above
        height = np.linspace(0, 1, len(sums))[:, None]
        sums = sums + rng.uniform(0.2, 0.9) * np.clip(0.25 - height, 0, 1) * 4
    return _film(sums, rng)


def along(rng: Rng) -> Picture:
    """A view along the spine, as no film of a chest has it, or of the trunk below the chest."""
    body = Body(rng)
    if rng.random() < 0.5:
        return _film(body.projected(rng.normal(0, 0.5), rng.uniform(0.4, 0.6), rng.uniform(1.2, 1.8)), rng)
    x, y, z = np.meshgrid(np.linspace(-1.2, 1.2, 80), np.linspace(-0.9, 0.9, 60), np.linspace(-1, 1, 32), indexing="ij")
    return _film(body.density((x, y, z)).sum(axis=2).T / 16, rng)


def slice_(rng: Rng) -> Picture:
    """A CT slice: mostly across, sometimes frontal or sagittal, in the window of lungs, soft tissue or bone."""
    body, choice = Body(rng), rng.random()
    half = rng.uniform(0.95, 1.35)
    u, v = np.meshgrid(np.linspace(-half, half, 176), np.linspace(-half, half, 176))
    level = np.full_like(u, rng.uniform(-0.75, 1.0))
    if choice < 0.55:
        across = (u, v + rng.normal(0, 0.05), level)
    elif choice < 0.87:
        across = (u, np.full_like(u, rng.uniform(-0.3, 0.3)), v)
    else:
        across = (np.full_like(u, rng.uniform(-0.5, 0.5)), u, v)
    mu = body.density(across, fine=True)
    if choice < 0.55 and rng.random() < 0.6:  # the table
        ring = v - 0.08 * u * u - body.deep - rng.uniform(0.06, 0.15)
        mu = np.maximum(mu, 0.9 * (np.abs(ring) < 0.015) * (np.abs(u) < 0.8))
    if rng.random() < 0.2:  # tissue that has filled with fluid
        mu = np.maximum(mu, 0.7 * np.clip(rng.normal(-0.3, 0.5) + v, 0, 1) * (mu > 0.05))
    low, high = [(-0.05, 1.3), (0.75, 1.25), (0.3, 1.9), (0.0, 0.7)][rng.choice(4, p=[0.45, 0.3, 0.1, 0.15])]
    mu = mu + rng.normal(0, rng.uniform(0.01, 0.06), mu.shape)
    if rng.random() < 0.4:
        mu = np.where(np.hypot(u, v) < half, mu, low)
    image = Image.fromarray((((mu - low) / (high - low)).clip(0, 1) * 255).astype(np.uint8))
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.9)))
    if rng.random() < 0.5:
        ends = image.getbbox() or (0, 0, *image.size)
        image = image.crop(ends)
    if rng.random() < 0.3:
        marked(image, rng)
    return bordered(image, rng) if rng.random() < 0.15 else image


def _film(sums: np.ndarray, rng: Rng) -> Picture:
    """Expose line integrals, with the loss of contrast that scatter brings."""
    values = 1 - np.exp(-sums * rng.uniform(0.6, 1.6))
    low, high = np.quantile(values, (rng.uniform(0.0, 0.1), rng.uniform(0.96, 1.0)))
    values = ((values - low) / max(high - low, 1e-3)).clip(0, 1) ** rng.uniform(0.7, 1.8)
    image = Image.fromarray((values * 255).astype(np.uint8)).resize((200, 220), Image.Resampling.BICUBIC)
    noise = rng.normal(0, rng.uniform(1, 6), (220, 200))
    return Image.fromarray((np.asarray(image, np.float32) + noise).clip(0, 255).astype(np.uint8))


BODY: dict[str, tuple[Callable[[Rng], Picture], ...]] = {
    "lateral": (sideways,),
    "ct": (slice_,),
    "radiograph": (along,),
}
