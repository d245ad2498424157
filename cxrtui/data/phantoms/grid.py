"""This module defines the body's coordinate grid, and the two ways to put matter on it.

Coordinates are centimetres in the patient's frontal plane: x grows to the viewer's right (the patient's left), y grows
downwards from the lung apices. Depth z grows from back to front. Maps are float32 `[H, W]`: path lengths in cm, or
attenuation (path length times a linear attenuation coefficient, dimensionless).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

FloatMap = NDArray[np.float32]
Elements = NDArray[np.float32] | NDArray[np.float64]

_AT_ONCE = 1 << 14  # volume elements, few enough for a core's cache
LEFT, TOP, EXTENT = -23.0, -11.0, 46.0
"""Corner and width in cm of the square that the body is drawn on."""


@dataclass(frozen=True)
class Grid:
    """A square of pixels over the body; `x` is `[1, N]` and `y` is `[N, 1]`, so that 1-D profiles are cheap."""

    n: int

    @property
    def pixel(self) -> float:
        """Width of a pixel in cm."""
        return EXTENT / self.n

    @property
    def x(self) -> FloatMap:
        """Horizontal positions of the pixel centres, cm, `[1, N]`."""
        return LEFT + (np.arange(self.n, dtype=np.float32)[None, :] + np.float32(0.5)) * np.float32(self.pixel)

    @property
    def y(self) -> FloatMap:
        """Vertical positions of the pixel centres, cm, `[N, 1]`."""
        return TOP + (np.arange(self.n, dtype=np.float32)[:, None] + np.float32(0.5)) * np.float32(self.pixel)


@dataclass(frozen=True)
class Cloud:
    """Volume elements: positions `x, y, z` in cm and volumes `w` in cm^3 (negative where matter is displaced)."""

    x: Elements
    y: Elements
    z: Elements
    w: Elements


def merge(clouds: list[Cloud]) -> Cloud:
    """Return one cloud with all elements of several clouds."""
    return Cloud(
        np.concatenate([c.x for c in clouds]),
        np.concatenate([c.y for c in clouds]),
        np.concatenate([c.z for c in clouds]),
        np.concatenate([c.w for c in clouds]),
    )


def splat(grid: Grid, x: Elements, y: Elements, w: Elements) -> FloatMap:
    """Project volume elements onto the grid: volume divided by pixel area is the path length in cm along the beam.

    Elements are shared bilinearly among four pixels. Elements outside the grid are dropped.
    """
    n, count = grid.n, len(x)
    scale = np.float32(1 / grid.pixel)
    at, shares, filled = np.empty(count, np.int64), np.empty((4, count)), 0
    for part in (slice(begin, begin + _AT_ONCE) for begin in range(0, count, _AT_ONCE)):
        u = (np.asarray(x[part], dtype=np.float32) - np.float32(LEFT)) * scale - np.float32(0.5)
        v = (np.asarray(y[part], dtype=np.float32) - np.float32(TOP)) * scale - np.float32(0.5)
        volumes = np.asarray(w[part], dtype=np.float32) * (scale * scale)
        keep = (u >= 0) & (v >= 0) & (u < n - 1) & (v < n - 1)
        if not keep.all():
            u, v, volumes = u[keep], v[keep], volumes[keep]
        i, j = u.astype(np.int32), v.astype(np.int32)
        fu, fv = u - i.astype(np.float32), v - j.astype(np.float32)
        low, right = fv * volumes, fu * volumes
        both = fu * low
        here = slice(filled, filled + len(u))
        at[here] = j * n + i
        shares[:, here] = volumes - low - right + both, right - both, low - both, both
        filled = here.stop
    total, *others = (np.bincount(at[:filled], share[:filled], n * n) for share in shares)
    for moved, by in zip(others, (1, n, n + 1), strict=True):
        total[by:] += moved[:-by]
    return total.reshape(n, n).astype(np.float32)


@lru_cache(maxsize=16)
def _spectrum(n: int, coarse: float, fine: float, slope: float) -> FloatMap:
    fy = np.fft.fftfreq(n)[:, None] * n / EXTENT
    fx = np.fft.rfftfreq(n)[None, :] * n / EXTENT
    f = np.hypot(fy, fx)
    amplitude = np.exp(-((f * fine) ** 2)) / (f + 1.0 / coarse) ** slope
    amplitude[0, 0] = 0.0
    out: FloatMap = amplitude.astype(np.float32)
    return out


def noise(rng: np.random.Generator, n: int, coarse: float, fine: float, slope: float = 1.5) -> FloatMap:
    """Return a random field `[n, n]` of mean 0 and variance 1 with structure between `fine` and `coarse` cm.

    The power falls as frequency^(-2·slope): slope near 1.5 resembles the anatomical noise of chest radiographs
    (Burgess, J Opt Soc Am A 1999, finds 1/f^3 power).
    """
    shape = (n, n // 2 + 1)
    white = rng.standard_normal((2, *shape), dtype=np.float32)
    field = fft.irfft2((white[0] + np.complex64(1j) * white[1]) * _spectrum(n, coarse, fine, slope), s=(n, n))
    out: FloatMap = np.asarray(field / (field.std() + 1e-9), dtype=np.float32)
    return out
