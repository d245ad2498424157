"""This module registers candidates, coarse to fine, and says how alike the two films of each are then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxrtui.data.duplicates import descriptor
from cxrtui.data.duplicates.candidates import Bools, Candidates, Ints, ReadFilms
from cxrtui.data.duplicates.frames import frames
from cxrtui.data.duplicates.normalise import Floats, normalised, reliable
from cxrtui.data.duplicates.registration import align, identity, sample
from cxrtui.data.duplicates.similarity import similarity
from cxrtui.data.duplicates.small import FINE_SIZE, SIGMA, SIZE, Small, unpacked
from cxrtui.data.duplicates.thumbnails import Bytes

_QUICK, _SLOW = 6, 12
"""Iterations on the small films for every pair, and for those that are only half alike then, or still being moved."""
_STILL = 0.005  # half widths; a warp whose last change was smaller has converged
_HALF, _NEAR = 0.4, 0.78
"""Similarities of small films: above the one, copies may still be on their way, and above the other a pair goes on.

Copies are more alike in small films than in large ones: of 153 pairs of real copies and of 478 edited copies, all reach
0.81, and a fifth of the other candidates reaches 0.78.
"""
_FINE = ((0, 0.65), (2, 0.82))
"""Iterations on the fine structure of small films, and the similarity above which a pair goes on.

Two films of one patient differ in it most, and so do two phantoms, whose ribs are nearly the same. Of 1,148 pairs of
real films and edited copies that are near-duplicates all that had converged reach 0.71 and then 0.88. Of the other
candidates, 97 % of those of real films and 90 % of phantoms' do not reach 0.78 then.
"""
_LEVELS = ((SIGMA, 6, 0.8), (SIGMA / 2, 0, 0.0))
"""Neighbourhood for local contrast, fraction of the width; iterations; similarity above which a pair goes on."""
_MARGIN = 0.08  # of the half width: nearer to a border, a neighbourhood lacks one side, and contrast is another
_SCALES = (0.7, 1.45)  # singular values of a warp between two copies
OVERLAP = 0.6
"""The least fraction of a film that another must cover to be its copy."""


def possible(small: Small, pairs: Candidates) -> tuple[Ints, Floats]:
    """Return which of `pairs` may show one film as far as small films tell, and their warps ``[N, 2, 3]``."""
    moving, fixed = (small.read(pairs.films[:, side], pairs.trimmed[:, side]) for side in (0, 1))

    def improved(places: Ints, warps: Floats, size: int, iterations: int) -> tuple[Floats, Floats, Floats]:
        sides = *_counted(*unpacked(fixed[places], size)), *_counted(*unpacked(moving[places], size))
        return _registered(*sides, pairs.signs[places], warps, iterations)

    warps, alike, moved = improved(np.arange(len(pairs)), first_warps(pairs), SIZE, _QUICK)
    slow = np.flatnonzero((alike > _HALF) & ((alike <= _NEAR) | (moved > _STILL)))
    if len(slow):
        warps[slow], alike[slow], _ = improved(slow, warps[slow], SIZE, _SLOW)
    places = np.flatnonzero(alike > _NEAR)
    warps = warps[places]
    for iterations, least in _FINE:
        if not len(places):
            break
        warps, alike, _ = improved(places, warps, FINE_SIZE, iterations)
        kept = alike > least
        places, warps = places[kept], warps[kept]
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
    for sigma, iterations, least in _LEVELS:
        sides = *fixed.at(places, sigma), *moving.at(places, sigma)
        warps, alike, _ = _registered(*sides, pairs.signs[places], warps, iterations)
        kept = alike > least
        places, warps, alike = places[kept], warps[kept], alike[kept]
        if not len(places):
            return result
    result[places] = alike
    return result


def _registered(
    fixed: Floats, clear: Floats, moving: Floats, sound: Floats, signs: Floats, warps: Floats, iterations: int
) -> tuple[Floats, Floats, Floats]:
    """Return the improved `warps`, and the similarity of each pair ``[N]``, 0 where the warp is none of a copy.

    The third result is how much each warp changed in the last iteration, ``[N]``.

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
    moved = np.zeros(len(fixed), np.float32)
    if iterations:
        warps, moved = align(fixed, moving, weights * _weights(sound, warps), signs, warps, iterations)
    values, inside = sample(moving, warps)
    usable = plausible(warps) & (inside.mean(1) >= OVERLAP)
    return warps, similarity(flat, values * signs[:, None], weights * _weights(sound, warps)) * usable, moved


@dataclass(frozen=True)
class _Side:
    """One film of each pair: its frame, uint8 ``[F, S, S]``, and which frame is whose, ``[P]``."""

    images: Bytes
    rows: Ints

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

    def at(self, places: Ints, sigma: float) -> tuple[Floats, Floats]:
        """Return the films of the pairs at `places` and where they may be compared, both ``[N, S, S]``.

        The films have local contrast normalised over `sigma` (a fraction of the width).
        """
        needed, where = np.unique(self.rows[places], return_inverse=True)
        images, width = self.images[needed], sigma * self.images.shape[-1]
        values, weights = _counted(normalised(images, width), reliable(images, width))
        return values[where], weights[where]


def _counted(images: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return `images`, each with a mean square of one, and `weights` with 0 near the borders, both ``[N, S, S]``."""
    size = weights.shape[-1]
    centres = np.abs((2 * np.arange(size) + 1) / size - 1) <= 1 - _MARGIN
    return scaled(images), weights * (centres & centres[:, None])


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
