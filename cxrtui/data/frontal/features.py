"""This module describes thumbnails in numbers: oriented gradients, grey levels, symmetry, tone and texture.

Gradients are counted by direction in cells, each cell normalised by those around it (Dalal and Triggs, Histograms of
oriented gradients for human detection, CVPR 2005); the directions have a sign, so that an inverted film differs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cxrtui.data.frontal.thumbnail import SIZE, Pixels

CELL = 8
"""Pixels of a cell's edge."""
BINS = 16
"""Directions of gradients, all round."""
_COARSE = 24  # cells of the grey levels
_CLIP = 0.3
_LEVELS = 16
_CELLS = SIZE // CELL

Floats = npt.NDArray[np.float32]


def features(thumbnails: Pixels) -> Floats:
    """Return the features of `thumbnails`, uint8 ``[N, SIZE, SIZE]``: float32 ``[N, COUNT]``."""
    greys = thumbnails.astype(np.float32)
    low, high = np.quantile(thumbnails.reshape(len(thumbnails), -1), (0.02, 0.98), axis=1).astype(np.float32)
    span = np.maximum(high - low, np.float32(1))
    scaled = np.clip((greys - low[:, None, None]) / span[:, None, None], 0, 1)
    return np.concatenate([*_gradients(scaled), _levels(scaled), _tone(greys, scaled, span)], axis=1)


def _gradients(images: Floats) -> tuple[Floats, Floats]:
    """Return the histograms of directions in fine cells and in coarse ones, four fine cells each."""
    count = len(images)
    across, down = np.zeros_like(images), np.zeros_like(images)
    across[:, :, 1:-1] = images[:, :, 2:] - images[:, :, :-2]
    down[:, 1:-1] = images[:, 2:] - images[:, :-2]
    size = np.hypot(across, down)
    turn = np.arctan2(down, across) * np.float32(BINS / (2 * np.pi)) % BINS
    below = np.floor(turn).astype(np.int64)
    upper = turn - below
    places = np.arange(SIZE) // CELL
    cell = (np.arange(count)[:, None, None] * _CELLS + places[:, None]) * _CELLS + places
    total = count * _CELLS * _CELLS * BINS
    sums = np.bincount((cell * BINS + below % BINS).ravel(), (size * (1 - upper)).ravel(), total)
    sums += np.bincount((cell * BINS + (below + 1) % BINS).ravel(), (size * upper).ravel(), total)
    fine = sums.reshape(count, _CELLS, _CELLS, BINS).astype(np.float32)
    half = _CELLS // 2
    coarse = fine.reshape(count, half, 2, half, 2, BINS).sum(axis=(2, 4))
    return _normalised(fine), _normalised(coarse)


def _normalised(cells: Floats) -> Floats:
    """Divide each cell by the energy of the three by three cells around it, clip, and flatten."""
    energy = np.pad((cells * cells).sum(axis=3), ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = energy[:, :-2] + energy[:, 1:-1] + energy[:, 2:]
    around = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    floor = np.float32(1e-2 * CELL * CELL)  # a cell without edges stays near zero
    shares = np.minimum(cells / np.sqrt(around + floor * floor)[..., None], _CLIP)
    return np.asarray(np.sqrt(shares).reshape(len(cells), -1), np.float32)


def _levels(scaled: Floats) -> Floats:
    """Return mean grey levels on a coarse grid, standardised over each image."""
    step = SIZE // _COARSE
    means = scaled.reshape(len(scaled), _COARSE, step, _COARSE, step).mean(axis=(2, 4)).reshape(len(scaled), -1)
    spread = means.std(axis=1, keepdims=True)
    return np.asarray((means - means.mean(axis=1, keepdims=True)) / np.maximum(spread, 0.05) * 0.3, np.float32)


def _tone(greys: Floats, scaled: Floats, span: Floats) -> Floats:
    """Return histogram, flatness, symmetry and the energy of detail at each scale."""
    count = len(greys)
    level = np.minimum((scaled * _LEVELS).astype(np.int64), _LEVELS - 1) + np.arange(count)[:, None, None] * _LEVELS
    histogram = np.bincount(level.ravel(), minlength=count * _LEVELS).reshape(count, _LEVELS) / (SIZE * SIZE)
    ends = [(greys <= 2).mean(axis=(1, 2)), (greys >= 253).mean(axis=(1, 2)), span / 255]
    flat = (np.abs(np.diff(greys, axis=2)) < 1).mean(axis=(1, 2))
    symmetry = [_alike(scaled, scaled[:, :, ::-1]), _alike(scaled, scaled[:, ::-1])]
    detail, image = [], scaled
    while image.shape[1] > 6:
        half = image.shape[1] // 2
        smaller = image.reshape(count, half, 2, half, 2).mean(axis=(2, 4))
        rest = image - smaller.repeat(2, axis=1).repeat(2, axis=2)
        detail.append(np.log10(rest.std(axis=(1, 2)) + 1e-3))
        image = smaller
    columns = np.stack([*ends, flat, *symmetry, *detail], axis=1)
    return np.concatenate([np.sqrt(histogram), columns], axis=1).astype(np.float32)


def _alike(one: Floats, other: Floats) -> Floats:
    """Return the correlation of two images each, 0 where one is even."""
    one, other = (item - item.mean(axis=(1, 2), keepdims=True) for item in (one, other))
    product = (one * other).mean(axis=(1, 2))
    return np.asarray(product / np.maximum(one.std(axis=(1, 2)) * other.std(axis=(1, 2)), 1e-4), np.float32)


TONE = _LEVELS + 6 + 4
"""Number of the last features: histogram, flatness, symmetry and detail."""
COUNT = _CELLS * _CELLS * BINS + (_CELLS // 2) ** 2 * BINS + _COARSE * _COARSE + TONE
"""Number of features of a film."""
