"""This module finds near-duplicates among thumbnails: it registers candidates and keeps those that agree."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from cxrtui.data.duplicates import descriptor
from cxrtui.data.duplicates.candidates import BLOCK, PAIR, Candidates, Index, Pairs, ReadFilms, once
from cxrtui.data.duplicates.confirming import confirmed, possible
from cxrtui.data.duplicates.normalise import Floats
from cxrtui.data.duplicates.small import Small, small
from cxrtui.data.duplicates.spilled import Spilled, spilled
from cxrtui.data.duplicates.thumbnails import forget
from cxrtui.data.pool import OnProgress, windowed, workers

VERSION = 6  # raise it when the same thumbnails would give other pairs
ALIKE = 0.895
"""The similarity from which two films are taken for one."""
_PAIRS = 32  # registered at once: more would not fit into a core's cache
_AT_ONCE = 1 << 13  # films whose pairs, and descriptors that, are in memory at once


@dataclass(frozen=True)
class Near:
    """Two films, by their places, and how alike they are once registered."""

    first: int
    second: int
    similarity: float


def near(read: ReadFilms, count: int, on_progress: OnProgress) -> list[Near]:
    """Return the near-duplicates among `count` films whose thumbnails `read` returns, sorted.

    Memory holds the pairs that small films do not rule out, and little else, however many films there are.
    `on_progress` may raise an error to end the search.

    Raises:
        DataError: the disk refuses a file beside the thumbnails.
    """
    if count < 2:
        return []
    # Each core works on a batch of its own: BLAS has matrices too small here to divide them.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(workers(), "cxrtui-duplicates") as pool:
        with small(read, count, on_progress, pool) as held, spilled("pairs of films", PAIR) as pairs:
            _propose(held, count, pairs, on_progress, pool)
            left, warps = _possible(held, count, pairs.rows, on_progress, pool)
        return _confirmed(read, left, warps, on_progress, pool)


def _propose(held: Small, count: int, pairs: Spilled, on_progress: OnProgress, pool: ThreadPoolExecutor) -> None:
    """Write to `pairs` which of the `count` films that `held` has may be copies; a pair may occur twice."""
    shape = np.dtype((np.float32, (descriptor.length(),)))
    with spilled("descriptors", shape) as described, spilled("descriptors", shape) as whole:
        for part in _parts(count, BLOCK):
            described.write(descriptor.described(held.described(part)[0]))
        raw = described.rows
        whitening = descriptor.Whitening(raw)
        for part in _parts(len(raw), _AT_ONCE):
            whole.write(whitening(raw[part]))
            forget(raw)
        index = Index(whitening, whole.rows, held.owners, held.trimmed)

        def nearest(films: slice) -> Pairs:
            return index.nearest(*held.described(films), other=True).packed()

        for done, near_ones in enumerate(windowed(pool, _parts(count, BLOCK), nearest), 1):
            pairs.write(near_ones)
            on_progress("comparing films", min(done * BLOCK, count), count)


def _possible(
    held: Small, count: int, pairs: Pairs, on_progress: OnProgress, pool: ThreadPoolExecutor
) -> tuple[Candidates, Floats]:
    """Return those of `pairs` that small films do not rule out, each pair of films once, and their warps."""
    left, warps = [np.zeros(0, PAIR)], [np.zeros((0, 2, 3), np.float32)]
    lower = pairs["films"].min(1)
    forget(pairs)
    for films in _parts(count, _AT_ONCE):
        proposed = once(pairs[(lower >= films.start) & (lower < films.stop)])
        forget(pairs)
        parts = _parts(len(proposed), _PAIRS)
        found = windowed(pool, [proposed[part] for part in parts], lambda rows: possible(held, Candidates.of(rows)))
        for part, (places, moved) in zip(parts, found, strict=True):
            left.append(proposed[part.start + places])
            warps.append(moved)
            done = (films.stop - films.start) * part.stop // len(proposed)
            on_progress("registering films", films.start + done, count)
    return Candidates.of(np.concatenate(left)), np.concatenate(warps)


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
