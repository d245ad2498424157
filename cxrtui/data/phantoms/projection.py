"""This module turns attenuation into an 8-bit film: pose, Beer-Lambert, scatter, noise, processing, display curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cxrtui.data.phantoms.grid import LEFT, TOP, FloatMap, Grid


@dataclass(frozen=True)
class Exposure:
    """How one film was taken and processed; it is drawn from the film's own stream, independent of the class."""

    view: str
    field: float
    """Width of the film at the patient, cm."""
    rotation: float
    """Rotation of the patient in the film's plane, rad."""
    shift: tuple[float, float]
    yaw: float
    """Shift of front structures relative to back ones, cm."""
    expiration: float
    """Fraction by which the chest is lower than at full breath."""
    photons: float
    """Quanta per pixel in air at 320 pixels."""
    scatter: float
    """Scatter-to-primary ratio behind the mean patient."""
    blur: float
    """Blur of focal spot, motion and detector, cm."""
    enhancement: float
    """Strength of unsharp masking."""
    contrast: float
    gamma: float
    brightness: float


def draw_exposure(rng: np.random.Generator, portable: bool | None = None) -> Exposure:
    """Draw a plausible technique: upright PA in a department, or portable AP at the bedside; `portable` decides it."""
    drawn = rng.random() < 0.4
    portable = drawn if portable is None else portable
    return Exposure(
        view="AP" if portable else "PA",
        field=float(rng.uniform(32.5, 38.0)),
        rotation=float(np.clip(rng.normal(0, 0.035 if portable else 0.02), -0.09, 0.09)),
        shift=(float(rng.normal(0, 0.9)), float(rng.normal(12.6, 1.1))),
        yaw=float(np.clip(rng.normal(0, 0.5), -1.2, 1.2)),
        expiration=float(np.clip(rng.normal(0.07 if portable else 0.0, 0.04), -0.06, 0.18)),
        photons=float(np.exp(rng.uniform(np.log(1.5e4), np.log(8e4)))),
        scatter=float(rng.uniform(0.35, 0.8) if portable else rng.uniform(0.12, 0.4)),
        blur=float(rng.uniform(0.04, 0.13)),
        enhancement=float(rng.choice([0.0, rng.uniform(0.1, 0.5), rng.uniform(0.5, 1.3)], p=[0.35, 0.45, 0.2])),
        contrast=float(rng.uniform(2.6, 4.4)),
        gamma=float(np.exp(rng.normal(0, 0.16))),
        brightness=float(rng.normal(0.0, 0.05)),
    )


def sightlines(grid: Grid, size: int, e: Exposure) -> tuple[FloatMap, FloatMap]:
    """Return the body coordinates in cm, `[size, size]`, that each film pixel shows (in the mid plane)."""
    p = ((np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size) - np.float32(0.5)) * np.float32(
        e.field
    )
    c, s = np.float32(np.cos(e.rotation)), np.float32(np.sin(e.rotation))
    x = c * p[None, :] - s * p[:, None] + np.float32(e.shift[0])
    y = s * p[None, :] + c * p[:, None] + np.float32(e.shift[1])
    y = y + np.float32(e.expiration) * np.clip(y, 0, None)
    return x, y


def look(layer: FloatMap, grid: Grid, x: FloatMap, y: FloatMap, slide: float = 0.0) -> FloatMap:
    """Sample a layer along the sightlines; `slide` cm moves its middle sideways and keeps the chest wall in place."""
    if slide:
        x = x + np.float32(slide) * np.clip(1 - (x / np.float32(13.0)) ** 2, 0, None)
    u = (x - np.float32(LEFT)) / np.float32(grid.pixel) - np.float32(0.5)
    v = (y - np.float32(TOP)) / np.float32(grid.pixel) - np.float32(0.5)
    out: FloatMap = ndimage.map_coordinates(layer, (v, u), order=1, mode="nearest", output=np.float32)
    return out


def coarse_blur(image: FloatMap, sigma: float) -> FloatMap:
    """Apply a wide Gaussian of `sigma` pixels, computed on a grid four times coarser."""
    h, w = image.shape
    ph, pw = -h % 4, -w % 4
    padded = np.pad(image, ((0, ph), (0, pw)), mode="edge") if ph or pw else image
    flat = padded.reshape(padded.shape[0] // 4, 4, -1).mean(axis=1)
    small = np.float32(0.25) * (flat[:, 0::4] + flat[:, 1::4] + flat[:, 2::4] + flat[:, 3::4])
    small = ndimage.gaussian_filter(small, sigma / 4, mode="nearest", truncate=3.0)
    rows = (np.arange(h, dtype=np.float32) - 1.5) / 4
    cols = (np.arange(w, dtype=np.float32) - 1.5) / 4
    j = np.clip(np.floor(rows).astype(int), 0, small.shape[0] - 2)
    i = np.clip(np.floor(cols).astype(int), 0, small.shape[1] - 2)
    fj, fi = np.clip(rows - j, 0, 1)[:, None], np.clip(cols - i, 0, 1)[None, :]
    tall = small[j] * (1 - fj) + small[j + 1] * fj
    out: FloatMap = np.asarray(tall[:, i] * (1 - fi) + tall[:, i + 1] * fi, dtype=np.float32)
    return out


def detect(attenuation: FloatMap, e: Exposure, rng: np.random.Generator) -> FloatMap:
    """Return the log signal of the detector, again as attenuation.

    Primary I = exp(-A) (Beer-Lambert); scatter is a wide blur of it; the quantum noise of N·I expected photons has
    relative standard deviation 1/sqrt(N·I), which in the log domain is added directly.
    """
    h = attenuation.shape[0]
    pixel = e.field / h
    primary = np.exp(-attenuation)
    veil = coarse_blur(np.minimum(primary, np.float32(0.25)), 3.2 / pixel)
    signal = primary + np.float32(0.5 * e.scatter) * veil
    quanta = np.float32(e.photons * (320 / h) ** 2) * signal
    grain = rng.standard_normal((h, h), dtype=np.float32) / np.sqrt(quanta)
    out = (
        ndimage.gaussian_filter(np.log(signal) - grain, e.blur / pixel, truncate=3.0)
        if e.blur / pixel > 0.3
        else (np.log(signal) - grain)
    )
    # Read-out adds some noise after the blur, so that smooth films also have grain.
    out = out - np.float32(0.25) * grain
    result: FloatMap = np.asarray(-out, dtype=np.float32)
    if e.enhancement:
        result = result + np.float32(e.enhancement) * (result - coarse_blur(result, 1.1 / pixel))
    return result


def display(log_signal: FloatMap, window: tuple[float, float], e: Exposure) -> NDArray[np.float32]:
    """Apply the film density curve, with a toe and a shoulder: bone becomes white, air black; values 0..1."""
    low, high = window
    v = (log_signal - np.float32(low)) / np.float32(high - low) - np.float32(0.5) + np.float32(e.brightness)
    k = np.float32(e.contrast)
    ends = 1 / (1 + np.exp(np.array([1.25, -1.25], dtype=np.float32) * k * 0.5))
    curve = (1 / (1 + np.exp(-k * v)) - ends[0]) / (ends[1] - ends[0])
    out: FloatMap = np.clip(curve, 0, 1) ** np.float32(e.gamma)
    return out
