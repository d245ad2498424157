"""This module finds near-duplicates among thumbnails: it registers candidates and keeps those that agree."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from cxrtui.data.duplicates import descriptor
from cxrtui.data.duplicates.candidates import BLOCK, Candidates, Index, ReadFilms, once
from cxrtui.data.duplicates.confirming import confirmed, possible
from cxrtui.data.duplicates.normalise import Floats
from cxrtui.data.duplicates.small import Small, small
from cxrtui.data.pool import OnProgress, windowed, workers

VERSION = 6  # raise it when the same thumbnails would give other pairs
ALIKE = 0.895
"""The similarity from which two films are taken for one."""
_PAIRS = 32  # registered at once: more would not fit into a core's cache


@dataclass(frozen=True)
class Near:
    """Two films, by their places, and how alike they are once registered."""

    first: int
    second: int
    similarity: float


def near(read: ReadFilms, count: int, on_progress: OnProgress) -> list[Near]:
    """Return the near-duplicates among `count` films whose thumbnails `read` returns, sorted.

    Memory holds half a KiB for each film, and about 120 bytes for each candidate. `on_progress` may raise an error to
    end the search.

    Raises:
        DataError: the disk refuses a file beside the thumbnails.
    """
    if count < 2:
        return []
    # Each core works on a batch of its own: BLAS has matrices too small here to divide them.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(workers(), "cxrtui-duplicates") as pool:
        with small(read, count, on_progress, pool) as held:
            left, warps = _possible(held, candidates(held, count, on_progress, pool), on_progress, pool)
        return _confirmed(read, left, warps, on_progress, pool)


def candidates(held: Small, count: int, on_progress: OnProgress, pool: ThreadPoolExecutor) -> Candidates:
    """Return pairs among the `count` films that `held` has, that may be copies; each pair of films occurs once."""
    raw = [descriptor.described(held.described(part)[0]) for part in _parts(count, BLOCK)]
    index = Index(np.concatenate(raw), held.owners, held.trimmed)
    found = []
    for part in windowed(pool, _parts(count, BLOCK), lambda films: index.nearest(*held.described(films), other=True)):
        found.append(part)
        on_progress("comparing films", min(len(found) * BLOCK, count), count)
    return once(found)


def _possible(
    held: Small, proposed: Candidates, on_progress: OnProgress, pool: ThreadPoolExecutor
) -> tuple[Candidates, Floats]:
    """Return the candidates that small films do not rule out, and their warps."""
    places, warps = [np.zeros(0, np.int64)], [np.zeros((0, 2, 3), np.float32)]
    parts = _parts(len(proposed), _PAIRS)
    for part, found in zip(parts, windowed(pool, parts, lambda part: possible(held, proposed.at(part))), strict=True):
        places.append(part.start + found[0])
        warps.append(found[1])
        on_progress("registering films", part.stop, len(proposed))
    return proposed.at(np.concatenate(places)), np.concatenate(warps)


def _confirmed(
    read: ReadFilms, pairs: Candidates, warps: Floats, on_progress: OnProgress, pool: ThreadPoolExecutor
) -> list[Near]:
    """Return those of `pairs` that are alike in full size, sorted."""
    found = []
    parts = _parts(len(pairs), _PAIRS)
    alike = windowed(pool, parts, lambda part: confirmed(read, pairs.at(part), warps[part]))
    for part, values in zip(parts, alike, strict=True):
        for (first, second), value in zip(np.sort(pairs.films[part], axis=1), values, strict=True):
            if value >= ALIKE:
                found.append(Near(int(first), int(second), round(float(value), 3)))
        on_progress("confirming copies", part.stop, len(pairs))
    return sorted(found, key=lambda item: (item.first, item.second))


def _parts(count: int, size: int) -> list[slice]:
    return [slice(begin, min(begin + size, count)) for begin in range(0, count, size)]
