"""This module describes a film by low spatial frequencies, as it is and as it would be after crops.

A descriptor has the coefficients of a discrete cosine transform of the thumbnail with local contrast normalised, after
Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010). Inversion changes the sign of all,
mirroring the sign of those that are odd in x. `Whitening` makes directions count alike in which films differ alike:
what all chests share then counts little (Jégou and Chum, "Negative evidences and co-occurences in image retrieval",
ECCV 2012).
"""

from __future__ import annotations

import itertools
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from cxrtui.data.duplicates.normalise import Floats, normalised

SIGMA = 1 / 8  # of the neighbourhood for local contrast, fraction of the width
_ORDER = 10  # frequencies in each direction, half cycles a film
_RADIUS = 10.5
FEWEST = 64
"""Films from which descriptors are whitened; whitening from fewer would fit their noise."""

_AT_ONCE = 1 << 14  # descriptors in memory

Window = tuple[float, float, float, float]  # top, bottom, left, right, fractions of the film
WHOLE: Window = (0.0, 1.0, 0.0, 1.0)


def windows() -> list[Window]:
    """Return the crops of a film that are looked for among the others: none, 6 % off each dimension, 12 % off."""
    result = [WHOLE]
    for width, steps in ((0.94, (0.0, 0.06)), (0.88, (0.0, 0.06, 0.12))):
        result += [(top, top + width, left, left + width) for top, left in itertools.product(steps, steps)]
    return result


@lru_cache(maxsize=64)
def _basis(size: int, begin: float, end: float) -> Floats:
    """Return cosines over the pixels from `begin` to `end` (fractions), float32 ``[_ORDER + 1, size]``, of norm one."""
    edges = np.clip(np.arange(size + 1) / size, begin, end)
    weights = np.diff(edges) * size  # the fraction of each pixel that is inside
    places = ((np.arange(size) + 0.5) / size - begin) / (end - begin)
    cosines = np.cos(np.pi * np.arange(_ORDER + 1)[:, None] * places) * weights
    result: Floats = (cosines / np.linalg.norm(cosines, axis=1, keepdims=True)).astype(np.float32)
    result.setflags(write=False)
    return result


@lru_cache(maxsize=1)
def _kept() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the frequencies in y and in x of each coefficient of a descriptor."""
    y, x = np.meshgrid(np.arange(_ORDER + 1), np.arange(_ORDER + 1), indexing="ij")
    kept = (np.hypot(y, x) <= _RADIUS) & (y + x > 0)
    return y[kept], x[kept]


def length() -> int:
    """Return the number of coefficients of a descriptor."""
    return len(_kept()[0])


def mirror() -> Floats:
    """Return the sign, float32 ``[D]``, that each coefficient takes when a film is mirrored left to right."""
    return np.where(_kept()[1] % 2, -1, 1).astype(np.float32)


def prepared(thumbnails: npt.NDArray[np.uint8]) -> Floats:
    """Return what `described` takes, from thumbnails uint8 ``[N, S, S]``."""
    return normalised(thumbnails, SIGMA * thumbnails.shape[-1])


def described(images: Floats, window: Window = WHOLE) -> Floats:
    """Return the descriptors of `images`, as `prepared` gives them, cropped to `window`, float32 ``[N, D]``."""
    size = images.shape[-1]
    top, bottom, left, right = window
    spectrum = _basis(size, top, bottom) @ images @ _basis(size, left, right).T
    y, x = _kept()
    return np.asarray(spectrum[:, y, x], np.float32)


def blur(descriptors: Floats, size: int) -> Floats:
    """Return what `descriptors` tell of films, float32 ``[N, size, size]``: the inverse of `described`."""
    spectrum = np.zeros((len(descriptors), _ORDER + 1, _ORDER + 1), np.float32)
    y, x = _kept()
    spectrum[:, y, x] = descriptors
    return np.asarray(_basis(size, 0.0, 1.0).T @ spectrum @ _basis(size, 0.0, 1.0), np.float32)


class Whitening:
    """A linear map of descriptors by the second moments of a set of them; its results have norm one.

    The map commutes with inversion and mirroring. Of fewer than `FEWEST` descriptors it is not `fitted`, and changes
    nothing but the norm.
    """

    def __init__(self, descriptors: Floats) -> None:
        self.matrix = np.eye(descriptors.shape[1], dtype=np.float32)
        self.fitted = len(descriptors) >= FEWEST
        if self.fitted:
            moments = np.zeros((descriptors.shape[1],) * 2)
            for begin in range(0, len(descriptors), _AT_ONCE):
                unit = _of_norm_one(descriptors[begin : begin + _AT_ONCE]).astype(np.float64)
                moments += unit.T @ unit
            moments /= len(descriptors)
            signs = mirror().astype(np.float64)
            moments = (moments + signs[:, None] * moments * signs) / 2
            values, vectors = np.linalg.eigh(moments)
            scales = 1 / np.sqrt(np.maximum(values, 0) + 0.25 * values.mean())
            self.matrix = ((vectors * scales) @ vectors.T).astype(np.float32)

    def __call__(self, descriptors: Floats) -> Floats:
        """Return `descriptors`, float32 ``[N, D]``, mapped, each with norm one."""
        return _of_norm_one(_of_norm_one(descriptors) @ self.matrix)


def _of_norm_one(values: Floats) -> Floats:
    result: Floats = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
    return result
