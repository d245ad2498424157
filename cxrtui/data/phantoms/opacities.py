"""This module draws the finding, bilateral peripheral lower-zone ground-glass opacities, and harmless look-alikes.

The distribution follows the radiographic series of Wong et al. (Radiology 2020; 296:E72): ground glass, consolidation,
mostly bilateral, peripheral and in the lower zones, with severity from barely visible to extensive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cxrtui.data.phantoms.anatomy import ellipsoid
from cxrtui.data.phantoms.grid import FloatMap, Grid, noise
from cxrtui.data.phantoms.habitus import Habitus

GROUND_GLASS = 0.1
"""Linear attenuation in 1/cm that an opacity of full strength adds; collapse to soft tissue would add 0.14."""


def _blob(grid: Grid, x: float, y: float, a: float, b: float, tilt: float, warp: tuple[FloatMap, FloatMap]) -> FloatMap:
    dx, dy = grid.x - np.float32(x) + warp[0], grid.y - np.float32(y) + warp[1]
    c, s = np.float32(np.cos(tilt)), np.float32(np.sin(tilt))
    q = ((dx * c + dy * s) / np.float32(a)) ** 2 + ((dy * c - dx * s) / np.float32(b)) ** 2
    out: FloatMap = np.exp(-q)
    return out


@dataclass(frozen=True)
class Disease:
    """One patient's opacities at their usual stage: `extent` 0..1 and `strength` (attenuation), both `[N, N]`."""

    extent: FloatMap
    strength: FloatMap
    inside: tuple[FloatMap, FloatMap]
    """Silhouettes of the left and right lung, 0 or 1."""

    def at(self, stage: float) -> tuple[FloatMap, FloatMap]:
        """Return added attenuation and mask (0 or 1) `[N, N]` at a `stage` around 1; later is wider and denser."""
        extent = self.extent ** np.float32(1 / stage)
        mask = np.zeros(extent.shape, dtype=np.float32)
        for lung in self.inside:
            here = extent * lung
            mask += here > 0.35 * here.max()
        return np.float32(stage) * extent * self.strength, mask


def draw_disease(
    grid: Grid, body: Habitus, aerated: FloatMap, silhouette: FloatMap, rng: np.random.Generator
) -> Disease:
    """Draw two to five opacities per lung, at least one in the lower zone, with severity from faint to dense."""
    severity = 0.5 + 0.7 * rng.beta(1.3, 1.6)
    warp = (0.7 * noise(rng, grid.n, 6.0, 1.2, 2.0), 0.7 * noise(rng, grid.n, 6.0, 1.2, 2.0))
    patchy = np.clip(0.78 + 0.2 * noise(rng, grid.n, 3.0, 0.25, 1.6), 0.25, 1.4)
    extent = np.zeros((grid.n, grid.n), dtype=np.float32)
    for side in (-1.0, 1.0):
        for k in range(int(rng.integers(2, 6))):
            zone = rng.beta(4.5, 2.6) if k else rng.uniform(0.55, 0.80)
            y = float(0.22 + 0.70 * zone) * body.height
            outer, inner = float(body.lateral(y)), float(body.medial(y))
            x = inner + (outer - inner) * (0.42 + 0.55 * rng.beta(2.6, 1.2))
            y = min(y, float(body.diaphragm(np.array(side * x))) - 0.8)
            size = rng.uniform(1.8, 3.5)
            # The long axis lies along the pleura.
            blob = _blob(
                grid,
                side * x,
                y,
                size * rng.uniform(0.7, 1.0),
                size * rng.uniform(1.0, 1.6),
                side * rng.uniform(-0.1, 0.4),
                warp,
            )
            extent = 1 - (1 - extent) * (1 - blob * np.float32(rng.uniform(0.55, 0.95)))
    strength = np.float32(GROUND_GLASS * severity) * patchy * aerated
    right, left = silhouette * (grid.x < 0), silhouette * (grid.x >= 0)
    return Disease(extent, np.asarray(strength, dtype=np.float32), (right, left))


def look_alikes(grid: Grid, body: Habitus, aerated: FloatMap, rng: np.random.Generator) -> FloatMap:
    """Return the attenuation of structures that look like the finding, drawn alike for both classes.

    They are nipples, a scar, a hazy central or basal region on one side, atelectatic bands, and uneven lungs.
    """
    calm = (np.zeros((1, 1), dtype=np.float32), np.zeros((1, 1), dtype=np.float32))
    out = 0.006 * noise(rng, grid.n, 14.0, 2.0, 2.0) * aerated
    side = 1.0 if rng.random() < 0.5 else -1.0
    chance = rng.random(4)
    where = rng.uniform(-1, 1, 8)
    if chance[0] < 0.35:
        for s in (-1.0, 1.0):
            x, y = s * (9.0 + 0.6 * where[0]) * body.width, (0.72 + 0.05 * where[1]) * body.height
            out = out + 0.17 * ellipsoid(grid, x, y, 0.5, 0.5, 0.45)
    if chance[1] < 0.30:  # perihilar haze, one side
        blob = _blob(grid, side * 4.6, 11.5 + 2 * where[2], 3.0, 3.4, 0.0, calm)
        out = out + (0.035 + 0.015 * where[3]) * blob * aerated
    if chance[2] < 0.20:  # plate atelectasis: a band above one dome
        y = float(body.diaphragm(np.array(side * 8.0))) - 2.0 + where[4]
        out = out + 0.035 * _blob(grid, side * 9.5, y - 1.0, 2.6, 0.35, 0.25 * where[5], calm) * aerated
    if chance[3] < 0.20:  # apical scarring
        out = out + 0.05 * _blob(grid, side * 6.0, 2.2, 2.4, 0.9, 0.2 * where[6], calm) * aerated
    result: FloatMap = np.asarray(out, dtype=np.float32)
    return result
