"""This module makes the pulmonary vessels, which spread from the hila and branch and thin towards the pleura."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrtui.data.phantoms.grid import Cloud, merge
from cxrtui.data.phantoms.habitus import Habitus


@dataclass
class _Lung:
    """The vessels of one lung while they grow.

    Attributes:
        body: the patient's build.
        side: -1 or 1, the direction of the lung from the spine on the image.
        rng: the generator of bends, ratios and lengths.
        segments: x0, y0, x1, y1 and the radius of each straight piece, cm.
    """

    body: Habitus
    side: float
    rng: np.random.Generator
    segments: list[tuple[float, float, float, float, float]]

    def branch(self, start: tuple[float, float], angle: float, radius: float, length: float) -> None:
        """Add a branch and its children; a branch ends where it would leave the lung or is too thin to be seen."""
        limit, height, side, add = self._limit, self.body.height, self.side, self.segments.append
        x, y = start
        steps = max(2, int(length / 0.5))
        # Numbers of one distribution are drawn together: a call costs far more than a number.
        bend, *jitters = self.rng.standard_normal(1 + steps).tolist()
        bend *= 0.06
        for jitter in jitters:
            angle += bend + 0.10 * jitter
            nx, ny = x + side * math.cos(angle) * 0.5, y + math.sin(angle) * 0.5
            if abs(nx) > limit(ny) or ny < 0.6 or ny > height:
                return
            add((x, y, nx, ny, radius))
            x, y = nx, ny
            radius *= 0.985
        if radius < 0.06:
            return
        ratio, spread, *drawn = self.rng.random(4).tolist()
        ratio, spread = _between(0.68, 0.84, ratio), _between(0.2, 0.42, spread)
        for turn, r in ((spread * (1.25 - ratio), ratio + 0.06), (-spread, 1.32 - ratio)):
            flip, shorter = drawn or self.rng.random(2).tolist()
            drawn = []
            turned = angle + (1.0 if flip < 0.5 else -1.0) * turn
            self.branch((x, y), turned, radius * min(r, 0.86), length * _between(0.68, 0.92, shorter))

    def _limit(self, y: float) -> float:
        """Return how far from the spine the lung reaches at `y`, cm."""
        t = min(max(y / self.body.height, 0.0), 1.0)
        return self.body.width * (13.6 - 8.5 * math.pow(1 - t, 3.2))


def _between(low: float, high: float, share: float) -> float:
    return low + (high - low) * share


def tree(body: Habitus, rng: np.random.Generator) -> Cloud:
    """Return volume elements of both lungs' vessels with the hila; the left hilum is higher than the right."""
    rows: list[tuple[float, float, float, float, float]] = []
    for side in (-1.0, 1.0):
        lung = _Lung(body, side, rng, rows)
        hilum = (side * 3.7 * body.width, 0.435 * body.height + (0.7 if side < 0 else -0.5))
        for angle in np.linspace(-1.3, 1.4, 14):
            at = (
                hilum[0] + side * rng.uniform(-0.4, 0.7),
                hilum[1] + 1.6 * np.sin(angle) + rng.normal(0, 0.25),
            )
            heavy = 0.50 if angle > 0.6 else 0.40
            turned = angle + rng.normal(0, 0.1)
            radius = body.vessels * heavy * rng.uniform(0.75, 1.2)
            lung.branch(at, turned, radius, rng.uniform(1.4, 3.4))
        # The descending artery is the thick part of the hilum.
        for k in range(9):
            s = k / 9
            rows.append(
                (
                    hilum[0] + side * 0.5 * s,
                    hilum[1] - 1.4 + 4.6 * s,
                    hilum[0] + side * 0.5 * (s + 1 / 9),
                    hilum[1] - 1.4 + 4.6 * (s + 1 / 9),
                    (0.85 - 0.3 * s) * math.sin(math.pi * (0.2 + 0.65 * s)),
                )
            )
    seg = np.array(rows)
    wide = seg[:, 4] > 0.35
    return merge([_fill(seg[~wide], 5, 7), _fill(seg[wide], 5, 17)])


def _fill(seg: NDArray[np.float64], along: int, across: int) -> Cloud:
    """Return volume elements of round segments: `along` × `across` each, weighted by the chord at their position."""
    offset = (np.arange(across) + 0.5) / (across / 2) - 1.0
    x0, y0, x1, y1, r = seg.T
    s = (np.arange(along) + 0.5) / along
    length = np.hypot(x1 - x0, y1 - y0)
    nx, ny = -(y1 - y0) / length, (x1 - x0) / length
    off = offset[None, None, :] * r[:, None, None]
    x = (x0[:, None] + (x1 - x0)[:, None] * s)[..., None] + nx[:, None, None] * off
    y = (y0[:, None] + (y1 - y0)[:, None] * s)[..., None] + ny[:, None, None] * off
    chord = 2 * r[:, None, None] * np.sqrt(1 - offset**2)
    w = np.broadcast_to(chord * (2 * r / across)[:, None, None] * (length / along)[:, None, None], x.shape)
    return Cloud(x.ravel(), y.ravel(), np.zeros(x.size), w.ravel())
