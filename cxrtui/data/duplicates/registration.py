"""This module aligns pairs of small images by an affine warp, many pairs at once.

It is the inverse compositional algorithm of Baker and Matthews, "Lucas-Kanade 20 years on" (International Journal of
Computer Vision, 2004): the gradients of the fixed image are computed once, and each iteration samples only the moving
one. Coordinates run from -1 to 1 across an image; a warp ``[N, 2, 3]`` maps a place (x, y, 1) of the fixed image to the
place in the moving one.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
_DAMPING = 1e-3
_OUTLIER = 1.0  # differences beyond it, in standard deviations of local contrast, count no more: marks, text


@lru_cache(maxsize=8)
def _grid(size: int) -> Floats:
    """Return (x, y, 1) of each pixel's centre, float32 ``[3, size * size]``."""
    centres = (2 * np.arange(size, dtype=np.float32) + 1) / size - 1
    y, x = np.meshgrid(centres, centres, indexing="ij")
    grid = np.stack([x.ravel(), y.ravel(), np.ones(size * size, np.float32)]).astype(np.float32)
    grid.setflags(write=False)
    return grid


def means(images: Floats, size: int) -> Floats:
    """Return the means of `images`, ``[N, S, S]``, over squares, ``[N, size, size]``; `size` divides S."""
    count, before = images.shape[:2]
    edge = before // size
    rows = images.reshape(count, size, edge, before).sum(2)
    total: Floats = rows[:, :, ::edge].copy()
    for column in range(1, edge):
        total += rows[:, :, column::edge]
    total *= np.float32(1 / edge**2)
    return total


def identity(count: int) -> Floats:
    """Return `count` warps that move nothing."""
    return np.tile(np.eye(2, 3, dtype=np.float32), (count, 1, 1))


def sample(images: Floats, warps: Floats) -> tuple[Floats, Bools]:
    """Sample `images`, float32 ``[N, S, S]``, at the places that `warps` give, bilinearly.

    Returns:
        The values, float32 ``[N, S * S]``, and whether each place lies in its image.
    """
    count, size = len(images), images.shape[-1]
    places = warps @ _grid(size)
    places += 1
    places *= size / 2
    places -= 0.5
    x, y = places[:, 0], places[:, 1]
    inside = (x >= -0.5) & (x <= size - 0.5) & (y >= -0.5) & (y <= size - 0.5)
    np.clip(x, 0, size - 1.001, out=x)
    np.clip(y, 0, size - 1.001, out=y)
    left, top = x.astype(np.int32), y.astype(np.int32)
    x -= left
    y -= top
    top *= np.int32(size)
    top += left
    place = top + (np.arange(count) * size * size)[:, None]  # int64, or every look-up would convert it
    flat = images.reshape(-1)
    upper = _between(flat, place, x)
    place += size
    lower = _between(flat, place, x)
    lower -= upper
    lower *= y
    lower += upper
    return lower, inside


def _between(values: Floats, places: npt.NDArray[np.int64], shares: Floats) -> Floats:
    """Return what lies between `values` at `places` and at the next ones, by `shares` from 0 to 1."""
    result = values.take(places, mode="clip")  # all are inside; this mode alone does not look first
    after = values[1:].take(places, mode="clip")
    after -= result
    after *= shares
    after += result
    return after


def align(
    fixed: Floats, moving: Floats, weights: Floats, signs: Floats, warps: Floats, iterations: int
) -> tuple[Floats, Floats]:
    """Improve `warps` so that `moving`, warped and multiplied by `signs` ``[N]``, is like `fixed`.

    Both are float32 ``[N, S, S]`` with local contrast normalised. `weights`, ``[N, S * S]``, say how much each pixel of
    `fixed` counts. A warp that becomes degenerate stays as it was.

    Returns:
        The warps, and the largest change of a number of each in the last iteration ``[N]``: 0 where it has converged.
    """
    count, size = len(fixed), fixed.shape[-1]
    grid = _grid(size)
    slopes = [np.gradient(fixed, axis=axis).reshape(count, -1) * (size / 2) for axis in (2, 1)]
    steepest = np.stack([slope * part for slope in slopes for part in grid], axis=1)
    weighted = steepest * weights[:, None]
    hessian = weighted @ steepest.transpose(0, 2, 1)
    hessian += _DAMPING * np.trace(hessian, axis1=1, axis2=2)[:, None, None] * np.eye(6, dtype=np.float32)
    hessian += 1e-6 * np.eye(6, dtype=np.float32)  # of an image without any gradient
    inverse = np.linalg.inv(hessian)
    target = fixed.reshape(count, -1)
    result, before = warps.copy(), warps
    for _ in range(iterations):
        values, inside = sample(moving, result)
        difference = np.clip(values * signs[:, None] - target, -_OUTLIER, _OUTLIER)
        difference *= inside
        step = (inverse @ (weighted @ difference[:, :, None])).reshape(count, 2, 3)
        before, result = result, _composed(result, step)
    return result, np.abs(result - before).max(axis=(1, 2))


def _composed(warps: Floats, steps: Floats) -> Floats:
    """Return each warp after the inverse of its step; steps that cannot be inverted are left out."""
    square = np.zeros((len(steps), 3, 3), np.float32)
    square[:, :2] = steps
    square += np.eye(3, dtype=np.float32)
    determinant = square[:, 0, 0] * square[:, 1, 1] - square[:, 0, 1] * square[:, 1, 0]
    usable = (np.abs(steps).max(axis=(1, 2)) < 0.5) & (np.abs(determinant) > 0.2)
    square[~usable] = np.eye(3, dtype=np.float32)
    whole = np.zeros_like(square)
    whole[:, :2] = warps
    whole[:, 2, 2] = 1
    result: Floats = (whole @ np.linalg.inv(square))[:, :2]
    return result
