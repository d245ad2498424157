"""This module registers candidates, coarse to fine, and says how alike the two films of each are then."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cxrtui.data.duplicates import descriptor
from cxrtui.data.duplicates.candidates import Bools, Candidates, Ints, ReadFilms
from cxrtui.data.duplicates.frames import frames
from cxrtui.data.duplicates.normalise import Floats, normalised, reliable
from cxrtui.data.duplicates.registration import align, identity, means, sample
from cxrtui.data.duplicates.similarity import similarity
from cxrtui.data.duplicates.small import SIGMA, Small
from cxrtui.data.duplicates.thumbnails import Bytes

_SMALL = ((6, 0.4), (12, 0.78))
"""Iterations on the small films, and the similarity above which a pair goes on.

Copies are more alike in small films than in large ones: of 153 pairs of real copies and of 478 edited copies, all reach
0.81, and a fifth of the other candidates reaches 0.78.
"""
_LEVELS = (
    (64, SIGMA, 2, 0.78), (64, SIGMA / 2, 0, 0.6), (64, SIGMA, 6, 0.8), (64, SIGMA / 2, 0, 0.8),
    (128, SIGMA, 6, 0.8), (128, SIGMA / 2, 0, 0.0),
)  # fmt: skip
"""Pixels; neighbourhood for local contrast, fraction of the width; iterations; similarity above which a pair goes on.

Levels without iterations only judge: two films of one patient differ in the finest structure most. Of 7,656 pairs of
real films and edited copies that are near-duplicates all reach 0.71 there at 64 pixels, and of 3,015 others that come
so far 6 % reach 0.6.
"""
_MARGIN = 0.08  # of the half width: nearer to a border, a neighbourhood lacks one side, and contrast is another
_SCALES = (0.7, 1.45)  # singular values of a warp between two copies
OVERLAP = 0.6
"""The least fraction of a film that another must cover to be its copy."""


def possible(small: Small, pairs: Candidates) -> tuple[Ints, Floats]:
    """Return which of `pairs` may show one film as far as small films tell, and their warps ``[N, 2, 3]``."""
    (still, sound), (lying, clear) = (small.registered(pairs.films[:, side], pairs.trimmed[:, side]) for side in (0, 1))
    fixed, clear, moving, sound = scaled(lying), _inner(clear), scaled(still), _inner(sound)
    warps, places = first_warps(pairs), np.arange(len(pairs))
    for iterations, least in _SMALL:
        sides = fixed[places], clear[places], moving[places], sound[places]
        warps, alike = _registered(*sides, pairs.signs[places], warps, iterations)
        kept = alike > least
        places, warps = places[kept], warps[kept]
        if not len(places):
            break
    return places, warps


def confirmed(read: ReadFilms, pairs: Candidates, warps: Floats) -> Floats:
    """Return the similarity of `pairs`, float32 ``[P]``; 0 where they are no copies by their warp.

    Args:
        read: returns the thumbnails of films.
        pairs: the candidates.
        warps: of each, as far as it is known, float32 ``[P, 2, 3]``.
    """
    moving, fixed = (_Side.of(read, pairs.films[:, side], pairs.trimmed[:, side]) for side in (0, 1))
    places = np.arange(len(pairs))
    result = np.zeros(len(pairs), np.float32)
    for size, sigma, iterations, least in _LEVELS:
        sides = *fixed.at(places, size, sigma), *moving.at(places, size, sigma)
        warps, alike = _registered(*sides, pairs.signs[places], warps, iterations)
        kept = alike > least
        places, warps, alike = places[kept], warps[kept], alike[kept]
        if not len(places):
            return result
    result[places] = alike
    return result


def _registered(
    fixed: Floats, clear: Floats, moving: Floats, sound: Floats, signs: Floats, warps: Floats, iterations: int
) -> tuple[Floats, Floats]:
    """Return the improved `warps`, and the similarity of each pair ``[N]``, 0 where the warp is none of a copy.

    Args:
        fixed: films ``[N, S, S]``.
        clear: how much each of their pixels counts, ``[N, S, S]``.
        moving: the films that are registered to them, ``[N, S, S]``.
        sound: how much each of these pixels counts, ``[N, S, S]``.
        signs: -1 where the one is inverted, ``[N]``.
        warps: as far as they are known, ``[N, 2, 3]``.
        iterations: of the registration.
    """
    flat, weights = fixed.reshape(len(fixed), -1), clear.reshape(len(clear), -1)
    if iterations:
        warps = align(fixed, moving, weights * _weights(sound, warps), signs, warps, iterations)
    values, inside = sample(moving, warps)
    usable = plausible(warps) & (inside.mean(1) >= OVERLAP)
    return warps, similarity(flat, values * signs[:, None], weights * _weights(sound, warps)) * usable


@dataclass(frozen=True)
class _Side:
    """One film of each pair: its frame, uint8 ``[F, S, S]``, and which frame is whose, ``[P]``."""

    images: Bytes
    rows: Ints
    _levels: dict[float, tuple[Floats, Floats]] = field(default_factory=dict)

    @classmethod
    def of(cls, read: ReadFilms, films: Ints, trimmed: Bools) -> _Side:
        """Return the frames of `films`, each with or without its border."""
        wanted, place = np.unique(films, return_inverse=True)
        images = read(wanted)
        bordered = np.unique(place[trimmed])
        both, owners = frames(images[bordered])
        images = np.concatenate([images, both[np.diff(owners, prepend=-1) == 0]])
        rows = np.where(trimmed, len(wanted) + np.searchsorted(bordered, place), place)
        needed, where = np.unique(rows, return_inverse=True)
        return cls(images[needed], where)

    def at(self, places: Ints, size: int, sigma: float) -> tuple[Floats, Floats]:
        """Return the films of the pairs at `places` and where they may be compared, both ``[N, size, size]``.

        The films have local contrast normalised over `sigma` (a fraction of the width).
        """
        needed, where = np.unique(self.rows[places], return_inverse=True)
        if sigma not in self._levels:  # the first level has all films
            width = sigma * self.images.shape[-1]
            self._levels[sigma] = normalised(self.images, width), reliable(self.images, width)
        images, clear = (means(values[needed], size) for values in self._levels[sigma])
        return scaled(images)[where], _inner(clear)[where]


def _inner(weights: Floats) -> Floats:
    """Return `weights`, ``[N, S, S]``, with 0 near the borders."""
    size = weights.shape[-1]
    centres = np.abs((2 * np.arange(size) + 1) / size - 1) <= 1 - _MARGIN
    result: Floats = weights * (centres & centres[:, None])
    return result


def _weights(sound: Floats, warps: Floats) -> Floats:
    """Return how much the moving films count, ``[N, S * S]``, at the places that `warps` give."""
    weights, inside = sample(sound, warps)
    return weights * inside


def scaled(images: Floats) -> Floats:
    """Return `images`, ``[N, S, S]``, each with a mean square of one."""
    power = np.sqrt((images * images).mean((1, 2), keepdims=True))
    result: Floats = images / np.maximum(power, 1e-3)
    return result


def first_warps(pairs: Candidates) -> Floats:
    """Return the warps that lay the window of each first film on all of the second, float32 ``[P, 2, 3]``."""
    top, bottom, left, right = np.asarray(descriptor.windows(), np.float32)[pairs.windows].T
    warps = identity(len(pairs))
    warps[:, 1, 1], warps[:, 1, 2] = bottom - top, top + bottom - 1
    warps[:, 0, 0] = np.where(pairs.mirrored, left - right, right - left)
    warps[:, 0, 2] = left + right - 1
    return warps


def plausible(warps: Floats) -> npt.NDArray[np.bool_]:
    """Return whether each warp may lie between two copies of one film, bool ``[N]``."""
    scales = np.linalg.svd(warps[:, :, :2], compute_uv=False)
    result: npt.NDArray[np.bool_] = (scales[:, 1] >= _SCALES[0]) & (scales[:, 0] <= _SCALES[1])
    return result
