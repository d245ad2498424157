"""This module gives path lengths in cm of trunk, arms, lungs, heart, great vessels, airways, breasts and stomach."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from cxrtui.data.phantoms.grid import FloatMap, Grid
from cxrtui.data.phantoms.habitus import Habitus


def _f32(a: object) -> FloatMap:
    out: FloatMap = np.asarray(a, dtype=np.float32)
    return out


def ellipsoid(grid: Grid, x: float, y: float, a: float, b: float, depth: float, tilt: float = 0.0) -> FloatMap:
    """Return chord lengths in cm through an ellipsoid: semi-axes a, b in the film plane, `depth`; `tilt` in rad."""
    dx, dy = grid.x - np.float32(x), grid.y - np.float32(y)
    c, s = np.float32(np.cos(tilt)), np.float32(np.sin(tilt))
    q = ((dx * c + dy * s) / np.float32(a)) ** 2 + ((dy * c - dx * s) / np.float32(b)) ** 2
    return _f32(2 * depth * np.sqrt(np.clip(1 - q, 0, None)))


def column(grid: Grid, centre: FloatMap, radius: float, depth: float, top: float, bottom: float) -> FloatMap:
    """Return chord lengths in cm through an upright tube about `centre` `[N, 1]`, with soft ends."""
    span = 1 / (1 + np.exp(-(grid.y - top) / 0.35)) / (1 + np.exp((grid.y - bottom) / 0.35))
    return _f32(2 * depth * np.sqrt(np.clip(1 - ((grid.x - centre) / radius) ** 2, 0, None)) * span)


def trunk(grid: Grid, body: Habitus, abducted: float, raised: float) -> FloatMap:
    """Return neck, shoulders, chest wall, abdomen and arms; the elbows are `abducted` cm away from the trunk."""
    k, fat = body.width, body.fat
    chest = 14.9 * k + 1.0 + fat
    levels = [-11, -6.5, -4.5, -2.8, -1.2, 0.6, 3.0, 6.0, 9.5, 14, 22, 28, 36]
    widths = [5.6, 6.0, 7.2, 9.8 * k, 13.6 * k, 17.0 * k, 18.8 * k + 0.4 * fat, 18.2 * k + 0.5 * fat]
    widths += [chest + 1.0, chest + 0.1, chest, chest - 0.3 + 0.2 * fat, chest - 0.6 + 0.4 * fat]
    depths = [5.8, 5.8, 5.8, 6.2, 7.0, 7.8, 8.6, 9.2, 9.6, 10.0, 10.3, 10.6, 11.0]
    lift = np.array([0, 0, 0.3, 0.6, 0.9, 0.8, 0.5, 0.2, 0, 0, 0, 0, 0]) * raised
    y = grid.y.astype(np.float64)
    w = _f32(PchipInterpolator(np.array(levels) - lift, widths)(y))
    d = _f32(PchipInterpolator(levels, depths)(y) * (body.depth / 10.0))
    out = 2 * d * np.clip(1 - (np.abs(grid.x) / w) ** 3.4, 0, None) ** 0.5
    for side in (-1.0, 1.0):
        # The upper arm begins at the shoulder; the deltoid makes its top round.
        radius = 4.1 + 0.35 * fat
        axis = _f32(side * (17.0 * k + 0.6 + 0.3 * fat + (abducted + 0.6) * np.clip(y - 3.0, 0, None) / 14.0))
        inside = np.clip(1 - ((grid.x - axis) / radius) ** 2, 0, None)
        top = np.clip((grid.y + 2.2 + raised - 0.35 * np.abs(grid.x - axis) ** 1.3 * 0.5) / 2.5, 0, 1)
        out = np.maximum(out, 2 * radius * np.sqrt(inside) * np.sqrt(top))
    return _f32(out)


def lungs(grid: Grid, body: Habitus) -> tuple[FloatMap, FloatMap]:
    """Return the aerated depth in cm, and the silhouette in 0..1: the lung above the domes.

    Below a dome's silhouette, some lung lies behind it in the posterior recess. The lost share grows as the square root
    of the depth below a rounded summit, which makes the edge look sharp.
    """
    y = grid.y
    lateral, medial, lean = _f32(body.lateral(y)), _f32(body.medial(y)), _f32(0.5 * body.spine(y))
    dome = _f32(body.diaphragm(grid.x))
    side = np.asarray(np.abs(grid.x - lean), dtype=np.float32)
    t = np.clip(y / body.height, 0, 1)
    chord = np.sqrt(np.clip(1 - (side / lateral) ** 2.6, 0, None))
    # The lung surrounds the mediastinum in front and behind, so its inner edge is a step plus a ramp.
    near, far = np.clip((side - medial) / 1.1, 0, 1), np.clip((side - medial + 0.4) / 3.4, 0, 1)
    inner = 0.35 * near * near * (3 - 2 * near) + 0.65 * far**0.7
    depth = 2 * (body.depth - 2.3) * np.clip(t / 0.24, 0, 1) ** 0.55 * (1 - 0.12 * t)
    below = np.clip((y - dome) / 2.6, 0, 1)
    behind = np.clip((body.height + 1.3 - y) / 5.0, 0, 1)
    share = (1 - (1 - 0.20 * behind) * np.sqrt(below)) * np.clip((body.height + 1.3 - y) / 1.0, 0, 1)
    aerated = depth * chord * inner * share * (y > 0) * (y < body.height + 1.5)
    silhouette = (side < lateral) & (side > medial + 0.3) & (y < dome) & (y > 0.2)
    return _f32(aerated), _f32(silhouette)


def heart(grid: Grid, body: Habitus) -> FloatMap:
    """Return heart and great vessels; where chambers overlap, the longest chord counts."""
    h, k = body.heart, body.width
    base = body.dome
    down = np.clip((grid.y - 7.0) / (base - 7.0), 0, 1)
    descending = _f32((1.3 + 0.45 * body.aorta) * (1 - down) + 0.7 * down)
    cava = _f32(-1.15 - 0.45 * np.sin(np.clip((grid.y - 2.0) / 11.0, 0, 1) * np.pi))
    parts = [
        ellipsoid(grid, 2.6 * k, base - 2.3 * h, 7.9 * h, 5.5 * h, 5.2, 0.55),  # left ventricle and atrium
        ellipsoid(grid, -0.9 * k, base - 3.4 * h, 3.6 * h, 5.6 * h, 4.6, 0.1),  # right atrium
        ellipsoid(grid, 1.7 * k, base - 8.6, 2.6 * k, 4.6, 3.8, -0.4),  # pulmonary trunk
        ellipsoid(grid, 1.6 + 0.35 * body.aorta, 8.2 - 0.8 * (body.aorta - 1.6), body.aorta, body.aorta, 3.6),
        column(grid, descending, 0.75 * body.aorta, 1.2, 8.0, base + 3),
        column(grid, cava, 1.35 * k, 2.0, 2.5, base - 3.0),
        # The rest of the mediastinum is squared, so that it fades sideways.
        column(grid, _f32(0.2 + 0 * grid.y), 3.1 * k, 3.0, -2.0, base + 4) ** 2 / np.float32(6.0),
    ]
    total = parts[0]
    for part in parts[1:]:
        total = np.maximum(total, part)
    # Below the domes, the heart displaces no lung.
    return _f32(total * np.clip(1 - (grid.y - _f32(body.diaphragm(grid.x))) / 0.8, 0, 1))


def air(grid: Grid, body: Habitus, bubble: tuple[float, float, float]) -> FloatMap:
    """Return air outside the lungs: trachea, and gas in stomach and colon; `bubble` is its x, size and depth in cm."""
    y = grid.y
    bend = _f32(-0.45 * np.exp(-(((y - 7.0) / 3.0) ** 2)) + body.spine(y) * 0.6)
    # It fades towards the carina, where it leans back and divides into the two main bronchi.
    trachea = column(grid, bend, 0.9 * body.width, 1.05, -14.0, 10.5) * np.clip((11.0 - y) / 6.0, 0, 1)
    x, size, depth = bubble
    top = float(body.diaphragm(np.array(x))) + 0.6
    gas = ellipsoid(grid, x, top + 0.75 * size, 1.35 * size, 0.75 * size, depth / 2, 0.12)
    return _f32(trachea + 0.6 * gas * gas / (gas + 1.0) * np.clip((y - top) / 0.8, 0, 1))


def breasts(grid: Grid, body: Habitus, sag: float) -> FloatMap:
    """Return breast tissue in cm: it fades upwards and ends below in a curved edge; it is zero for `breast == 0`."""
    out = np.zeros((grid.n, grid.n), dtype=np.float32)
    if body.breast <= 0:
        return out
    for side in (-1.0, 1.0):
        radius = 5.4 + 0.5 * body.breast
        dx = (grid.x - side * 8.6 * body.width) / radius
        dy = (grid.y - (0.66 * body.height + sag)) / radius
        dy = np.where(dy < 0, dy * 0.62, dy * 1.12)
        q = np.clip(1 - dx**2 - dy**2, 0, None)
        out += _f32(body.breast * q ** np.float32(0.62))
    return out
