"""This module finds films whose files are identical and which are in both classes, so that one finding is wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cxrtui.data.films import Film, printable
from cxrtui.data.pool import OnProgress, windowed, workers
from cxrtui.data.prepared.fingerprint import Hashes

_EVERY = 64  # films between two reports of progress
_FIRST = 3  # pairs that a message names


def contradiction(films: Sequence[tuple[Film, int]], digests: Sequence[str]) -> str:
    """Return a sentence on `films` (each with its class) of one content and two classes; empty where there are none.

    `digests` are the hashes of the films' content.
    """
    by_class: defaultdict[str, dict[int, Film]] = defaultdict(dict)
    for (film, class_index), digest in zip(films, digests, strict=True):
        by_class[digest].setdefault(class_index, film)
    pairs = [held for held in by_class.values() if len(held) > 1]
    if not pairs:
        return ""
    named = "; ".join(
        f"{printable(held[1].name)} ({printable(held[1].label)}) and {printable(held[0].name)} "
        f"({printable(held[0].label)})" for held in pairs[:_FIRST]
    )  # fmt: skip
    more = f"; and {len(pairs) - _FIRST:,} more" if len(pairs) > _FIRST else ""
    one = len(pairs) == 1
    return (
        f"{len(pairs):,} film{'s are' if not one else ' is'} there in both classes, byte for byte: {named}{more}; take "
        "out what is wrong, for nothing can be learnt of a film that is both"
    )


def contradiction_among(films: Sequence[tuple[Film, int]], hashes: Hashes, on_progress: OnProgress) -> str:
    """Return what `contradiction` does, but read only files that have the size of a file of the other class.

    `on_progress` is called at intervals; it may raise an error to end the search.
    """
    sizes = [_size(film.path) for film, _ in films]
    classes: defaultdict[int, set[int]] = defaultdict(set)
    for size, (_, class_index) in zip(sizes, films, strict=True):
        classes[size].add(class_index)
    alike = [item for size, item in zip(sizes, films, strict=True) if len(classes[size]) > 1 and size >= 0]
    with ThreadPoolExecutor(workers(), "cxrtui-hash") as pool:
        digests = []
        for digest in windowed(pool, [film.path for film, _ in alike], hashes.of):
            digests.append(digest)
            if len(digests) % _EVERY == 0:
                on_progress("reading files", len(digests), len(alike))
    hashes.save()
    return contradiction(alike, digests)


def _size(path: Path) -> int:
    """Return the size of the file at `path` in bytes; -1 where it no longer exists."""
    try:
        return path.stat().st_size
    except OSError:
        return -1
