"""This module draws a patient: sex, age, build, and the outlines of the chest that the other parts use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator

# Outline of the lungs against depth below the apex (fraction of the height to the costophrenic angle, square root taken
# so that the rounded apex is resolved); half widths in cm for an adult whose lungs are 28 cm wide.
_ROOT = np.sqrt(np.array([0.0, 0.006, 0.025, 0.07, 0.15, 0.3, 0.5, 0.72, 0.88, 1.0, 1.3]))
_LATERAL = np.array([4.4, 5.3, 6.2, 7.7, 9.6, 11.8, 13.2, 14.1, 14.3, 14.2, 13.6])
_MEDIAL = np.array([4.4, 3.4, 2.7, 2.0, 1.6, 1.5, 1.5, 1.6, 1.9, 2.2, 2.4])
_LATERAL_CURVE = PchipInterpolator(_ROOT, _LATERAL)
_MEDIAL_CURVE = PchipInterpolator(_ROOT, _MEDIAL)


@dataclass(frozen=True)
class Habitus:
    """Build of one patient. Lengths in cm, densities relative to a normal adult's."""

    sex: str
    age: int
    width: float
    """Scale of the chest's width."""
    height: float
    """Apex to costophrenic angle."""
    depth: float
    """Half of the trunk's thickness from front to back."""
    fat: float
    """Extra soft tissue around the rib cage."""
    dome: float
    """Depth of the right dome's summit below the apex."""
    heart: float
    """Scale of the heart."""
    aorta: float
    """Radius of the aortic knob; grows with age."""
    bone: float
    lung: float
    """Density of the lung: low when emphysematous, high when poorly inflated."""
    vessels: float
    breast: float
    """Thickness of the breasts; 0 for a flat chest."""
    scoliosis: float
    rib_slope: float

    def lateral(self, y: ArrayLike) -> NDArray[np.float64]:
        """Return the half width of the rib cage's inside at depth y."""
        return self._outline(_LATERAL_CURVE, y)

    def medial(self, y: ArrayLike) -> NDArray[np.float64]:
        """Return the distance of the lung's inner edge from the midline at depth y."""
        return self._outline(_MEDIAL_CURVE, y)

    def _outline(self, curve: PchipInterpolator, y: ArrayLike) -> NDArray[np.float64]:
        t = np.sqrt(np.clip(np.asarray(y, dtype=np.float64) / self.height, 0.0, 1.3))
        out: NDArray[np.float64] = self.width * curve(t)
        return out

    def diaphragm(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return the silhouette of both domes at x: a summit, a gentle inner slope, a steep costophrenic angle."""
        x = np.asarray(x, dtype=np.float64)
        summit = self.dome + np.where(x > 0, 1.1, 0.0)
        peak = 6.3 * self.width
        offset = np.abs(x) - peak
        outward = np.clip(offset / (14.2 * self.width - peak), 0.0, 1.6)
        inward = np.clip(-offset / peak, 0.0, 1.0)
        fall = self.height - self.dome
        out: NDArray[np.float64] = summit + fall * outward**2.6 + 1.5 * inward**2
        return out

    def spine(self, y: ArrayLike) -> NDArray[np.float64]:
        """Return the sideways deviation of the spine at depth y."""
        return self.scoliosis * np.sin(np.asarray(y, dtype=np.float64) / 9.0 + 0.6)


def draw_habitus(rng: np.random.Generator) -> Habitus:
    """Draw a patient from an adult population, without regard to disease."""
    female = rng.random() < 0.5
    age = int(np.clip(rng.normal(56, 16), 19, 92))
    old = (age - 55) / 40
    width = float(np.clip(rng.normal(0.95 if female else 1.02, 0.05), 0.82, 1.14))
    height = float(np.clip(rng.normal(25.5 if female else 27.0, 1.4), 22.0, 30.0))
    fat = float(np.clip(rng.gamma(2.2, 0.55), 0.2, 3.5))
    return Habitus(
        sex="F" if female else "M",
        age=age,
        width=width,
        height=height,
        depth=float(np.clip(rng.normal(9.6, 0.7) + 0.5 * fat, 8.4, 12.5)),
        fat=fat,
        dome=height - float(np.clip(rng.normal(4.3, 0.7), 2.8, 6.0)),
        heart=float(np.clip(rng.normal(0.97 + 0.07 * old, 0.08), 0.8, 1.22)) * (0.95 if female else 1.0),
        aorta=float(np.clip(rng.normal(1.55 + 0.5 * old, 0.2), 1.1, 2.5)),
        bone=float(np.clip(rng.normal(1.0 - 0.22 * old, 0.14), 0.6, 1.4)),
        lung=float(np.clip(rng.normal(1.0, 0.16), 0.65, 1.45)),
        vessels=float(np.clip(rng.normal(1.0, 0.18), 0.6, 1.5)),
        breast=float(np.clip(rng.normal(2.4, 1.0), 0.3, 4.8)) if female else 0.0,
        scoliosis=float(rng.normal(0.0, 0.25)),
        rib_slope=float(np.clip(rng.normal(1.0, 0.1), 0.75, 1.25)),
    )
