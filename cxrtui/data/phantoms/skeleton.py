"""This module makes bones of volume elements (ribs, clavicles, scapulae, humeri) and a spine of vertebrae.

A rib is a tilted ellipse around the chest. As it is projected and not drawn, it curves, crosses its own front part, and
is brighter where the beam runs along it, as on a real film.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cxrtui.data.phantoms.grid import Cloud, FloatMap, Grid, merge
from cxrtui.data.phantoms.habitus import Habitus

Points = NDArray[np.float64]

_SHELLS = ((1.0, 26, 1.0), (0.6, 12, 0.5))
"""Cortex and a layer of spongy bone: relative radius, number of elements around it, relative density."""


def tube(path: Points, across: Points, radii: tuple[float, float], cortex: float, step: float = 0.105) -> Cloud:
    """Make a bone along `path` `[n, 3]` with an elliptic section: `radii` along `across` `[n, 3]` and the normal."""
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    count = max(4, int(length[-1] / step))
    s = (np.arange(count) + 0.5) / count * length[-1]
    centre = np.stack([np.interp(s, length, path[:, k]) for k in range(3)], axis=1)
    first = np.stack([np.interp(s, length, across[:, k]) for k in range(3)], axis=1)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    tangent = np.gradient(centre, axis=0)
    second = np.cross(tangent / np.linalg.norm(tangent, axis=1, keepdims=True), first)
    second /= np.linalg.norm(second, axis=1, keepdims=True)
    # The ends taper, so that no bone has a flat end.
    end = np.clip(np.minimum(s, length[-1] - s) / (1.2 * max(radii)), 0.05, 1.0) ** 0.5
    centre, first, second, end = (a.astype(np.float32) for a in (centre, first, second, end))
    parts = []
    for scale, fewest, density in _SHELLS:
        around = max(fewest, int(2 * np.pi * max(radii) * scale / 0.12))
        turn = ((np.arange(around, dtype=np.float32) + 0.5) / around * 2 * np.pi).astype(np.float32)
        a = radii[0] * scale * end[:, None] * np.cos(turn)
        b = radii[1] * scale * end[:, None] * np.sin(turn)
        p = [centre[:, k, None] + a * first[:, k, None] + b * second[:, k, None] for k in range(3)]
        arc = np.hypot(radii[0] * np.sin(turn), radii[1] * np.cos(turn)) * scale * 2 * np.pi / around
        thickness = cortex if scale == 1.0 else 0.36 * min(radii)
        w = density * thickness * (length[-1] / count) * end[:, None] * arc[None, :]
        parts.append(Cloud(p[0].ravel(), p[1].ravel(), p[2].ravel(), w.ravel()))
    return merge(parts)


def _ball(centre: Points, radius: float, cortex: float, density: float) -> Cloud:
    """Make a sphere: cortex of the given thickness, filled with spongy bone of relative `density`."""
    n = 5000
    turn = np.arange(n) * np.pi * (3 - np.sqrt(5))
    z = 1 - 2 * (np.arange(n) + 0.5) / n
    unit = np.stack([np.sqrt(1 - z * z) * np.cos(turn), z, np.sqrt(1 - z * z) * np.sin(turn)], axis=1)
    # The same directions are used again, at radii that fill the volume evenly.
    r = np.concatenate([np.ones(n), ((np.arange(n) * 0.618034) % 1.0) ** (1 / 3)])
    p = centre + radius * r[:, None] * np.concatenate([unit, unit])
    shell, fill = 4 * np.pi * radius**2 * cortex / n, density * 4 / 3 * np.pi * radius**3 * 0.3 / n
    return Cloud(p[:, 0], p[:, 1], p[:, 2], np.concatenate([np.full(n, shell), np.full(n, fill)]))


def _constant(n: int, vector: tuple[float, float, float]) -> Points:
    return np.tile(np.array(vector, dtype=np.float64), (n, 1))


def ribs(body: Habitus, rng: np.random.Generator) -> Cloud:
    """Make ten pairs of ribs from the spine to the costochondral junction."""
    clouds = []
    spacing = (body.dome - 1.2) / 9.2
    for side in (-1.0, 1.0):
        for i in range(10):
            wobble = rng.normal(0.0, 1.0, 3)
            top = -0.6 + spacing * i + 0.10 * wobble[0]
            drop = body.rib_slope * (3.4 + 7.4 * (1 - np.exp(-i / 2.4))) + 0.25 * wobble[1]
            reach = float(body.lateral(top + 0.57 * drop)) + 0.45
            # The last part before the sternum is cartilage, which a film does not show.
            phi = np.linspace(0.03, np.pi * (0.76 if i else 0.8) + 0.02 * wobble[2], 90)
            root = 1.5
            x = root + (reach - root) * np.sin(phi) ** 0.92
            z = -8.2 * np.cos(phi)
            # Ribs rise a little before they fall.
            y = top + drop * ((1 - np.cos(phi)) / 2) ** 0.82 - 0.35 * np.sin(phi * 2.0).clip(0)
            path = np.stack([side * x + body.spine(top), y, z], axis=1)
            broad = 0.56 + 0.04 * (i > 1)
            rib = tube(path, _constant(90, (0.0, 1.0, 0.15)), (broad, 0.36), 0.145 if i else 0.085)
            # Where the beam runs along the flank, the rib is seen edge-on; the cortex of the flank is thinner.
            flank = np.abs(rib.x - body.spine(top)) / reach
            clouds.append(Cloud(rib.x, rib.y, rib.z, rib.w * (1 - 0.45 * np.minimum(flank, 1.0) ** 6)))
    return merge(clouds)


def shoulders(body: Habitus, rng: np.random.Generator, raised: float) -> Cloud:
    """Make clavicles, scapulae and humeri; `raised` in cm lifts the outer ends, as raised arms do."""
    clouds = []
    k = body.width
    for side in (-1.0, 1.0):
        w = rng.normal(0.0, 0.3, 4)
        s = np.linspace(0.0, 1.0, 40)
        x = 1.9 + (15.6 * k - 1.9) * s
        y = 3.4 + 0.3 * w[0] + (-3.6 - raised + 0.5 * w[1]) * s**0.9 + 0.75 * np.sin(2 * np.pi * s) * (1 - 0.3 * s)
        path = np.stack([side * x, y, np.full(40, 7.0)], axis=1)
        clouds.append(tube(path, _constant(40, (0.0, 1.0, 0.0)), (0.66, 0.6), 0.26))

        out = side * k
        joint = np.array([out * 16.3, 2.9 - raised + 0.3 * w[2], -1.0])
        tip = np.array([out * (13.6 + 0.8 * w[3]), 16.0 - 0.5 * raised, -7.0])
        crest = np.array([out * 12.2, 2.2 - 0.8 * raised, -7.0])
        for a, b, r in (
            (tip, crest, 0.22),
            (tip, joint + np.array([-out * 1.6, 1.6, 0.0]), 0.42),
            (crest, joint, 0.42),
        ):
            path = a + (b - a) * np.linspace(0, 1, 20)[:, None]
            path[:, 0] += out * 0.5 * np.sin(np.linspace(0, np.pi, 20))
            clouds.append(tube(path, _constant(20, (1.0, 0.3, 0.0)), (r, r), 0.10))
        # The blade is a thin plate between its borders.
        q = rng.random((2, 9000))
        flip = q.sum(axis=0) > 1
        q[:, flip] = 1 - q[:, flip]
        blade = tip + np.outer(q[0], crest - tip) + np.outer(q[1], joint - [out * 1.6, -1.0, 0] - tip)
        area = 0.5 * abs(float(np.cross(crest - tip, joint - tip)[2]))
        clouds.append(Cloud(blade[:, 0], blade[:, 1], blade[:, 2], np.full(9000, 0.16 * area / 9000)))
        # This makes acromion, humeral head and shaft.
        over = np.array(
            [
                joint + np.array([out * 1.2, -2.2, 0]),
                joint + np.array([-out * 2.4, -2.6, 0]),
                joint + np.array([-out * 4.4, -0.6, -3]),
            ]
        )
        clouds.append(tube(over, _constant(3, (0.0, 1.0, 0.0)), (0.6, 0.5), 0.10))
        head = joint + np.array([out * 1.2, 0.3, 0.0])
        clouds.append(_ball(head, 2.2, 0.09, 0.4))
        arm = np.array([head + np.array([out * 0.7, 1.5, 0]), head + np.array([out * (3.0 + raised), 44.0, 0])])
        clouds.append(tube(arm, _constant(2, (1.0, 0.0, 0.0)), (1.15, 1.1), 0.2))
    return merge(clouds)


def spine(grid: Grid, body: Habitus) -> FloatMap:
    """Return the path length in cm of bone in vertebral bodies, end plates, pedicles and spinous processes."""
    y = grid.y
    x = grid.x - body.spine(y).astype(np.float32)
    pitch = (body.dome - 1.2) / 9.2
    phase = ((y + 0.6) / pitch + 0.5) % 1.0 - 0.5
    half = np.float32(1.55) + np.float32(0.022) * np.clip(y, -6, 30) + 0.35 * (2 * phase) ** 2
    across = np.clip(1 - (x / (1.12 * half)) ** 2, 0, None)
    vertebra = 1 / (1 + np.exp((np.abs(phase) * pitch - 0.41 * pitch) / 0.07))
    plate = np.exp(-(((np.abs(phase) - 0.39) * pitch / 0.10) ** 2))
    wall = np.exp(-(((np.abs(x) - half + 0.12) / 0.14) ** 2))
    out = across * (0.6 * vertebra + 0.35 * plate) + 0.20 * wall * vertebra
    pedicle = ((np.abs(x) - 0.62 * half) / 0.34) ** 2 + ((phase + 0.16) * pitch / 0.5) ** 2
    out += 0.35 * np.exp(-(pedicle**2))
    process = (x / 0.28) ** 2 + ((phase - 0.22) * pitch / 0.7) ** 2
    out += 0.45 * np.exp(-(process**2))
    reach = np.clip(1 - ((np.abs(x) - 1.2) / 1.9) ** 2, 0, 1)
    out += 0.25 * np.exp(-(((phase + 0.12) * pitch / 0.42) ** 2)) * reach
    result: FloatMap = np.asarray(out, dtype=np.float32)
    return result
