"""This module keeps every film small in a file, so that most candidates are ruled out without working on a film again.

The file has no name and goes with the search. Memory holds what is being compared and no more, however many films there
are.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxrtui.data.duplicates.candidates import BLOCK, Bools, Frames, Ints, ReadFilms
from cxrtui.data.duplicates.normalise import Floats, normalised, reliable
from cxrtui.data.duplicates.registration import means
from cxrtui.data.duplicates.spilled import spilled
from cxrtui.data.duplicates.thumbnails import forget
from cxrtui.data.pool import OnProgress, windowed

SIZE = 32
"""Width and height, pixels."""
FINE_SIZE = 64
"""Width and height of the fine structure, pixels."""
SIGMA = 1 / 16
"""Of the neighbourhood for local contrast in which films are registered, fraction of the width."""
_STEPS = 42  # of 8 bits, for one standard deviation; local contrast goes from -3 to 3

Bytes8 = npt.NDArray[np.int8]
Rows = npt.NDArray[np.void]
"""Frames made small, by `ROW`."""
ROW = np.dtype([
    ("coarse", np.int8, (SIZE, SIZE)),  # with local contrast normalised as a descriptor takes it
    ("middle", np.int8, (SIZE, SIZE)),  # with local contrast normalised over SIGMA
    ("fine", np.int8, (FINE_SIZE, FINE_SIZE)),  # and over half of it
    ("sound", np.uint8, (SIZE, SIZE)),  # how much each pixel may be compared
])  # fmt: skip


@dataclass(frozen=True)
class Small:
    """The frames of many films in the order of the films, as in `Frames`.

    Attributes:
        owners: int64 ``[M]``, the place of each frame's film.
        trimmed: bool ``[M]``, whether it is without its film's border; such a frame follows that with the border.
        rows: of `ROW`, ``[M]``, mapped from a file.
    """

    owners: Ints
    trimmed: Bools
    rows: Rows

    def described(self, films: slice) -> tuple[Floats, Ints, Bools]:
        """Return the frames of the films at places in `films` for a descriptor, their owners, and whether trimmed."""
        rows = slice(*np.searchsorted(self.owners, (films.start, films.stop)))
        images = _unpacked(self.rows[rows]["coarse"])
        forget(self.rows)
        return images, self.owners[rows], self.trimmed[rows]

    def read(self, films: Ints, trimmed: Bools) -> Rows:
        """Return the frames of `films`, with or without a border, ``[N]``."""
        result = self.rows[np.searchsorted(self.owners, films) + trimmed]
        forget(self.rows)
        return result


def unpacked(rows: Rows, size: int) -> tuple[Floats, Floats]:
    """Return frames to be registered, and how much each pixel counts, both ``[N, size, size]``.

    Of `SIZE`, they have local contrast normalised over `SIGMA`, and of `FINE_SIZE` over half of it.
    """
    sound = rows["sound"] * np.float32(1 / 255)
    if size == SIZE:
        return _unpacked(rows["middle"]), sound
    edge = FINE_SIZE // SIZE
    return _unpacked(rows["fine"]), sound.repeat(edge, axis=1).repeat(edge, axis=2)


@contextmanager
def small(read: ReadFilms, count: int, on_progress: OnProgress, pool: ThreadPoolExecutor) -> Iterator[Small]:
    """Yield `count` films, whose thumbnails `read` returns, made small by the threads of `pool`.

    `on_progress` may raise an error to end it.

    Raises:
        DataError: the disk refuses the file.
    """
    blocks = [np.arange(begin, min(begin + BLOCK, count)) for begin in range(0, count, BLOCK)]
    owners, trimmed = list[Ints](), list[Bools]()
    with spilled("small films", ROW) as file:
        for of, without, rows in windowed(pool, blocks, lambda places: _made(read, places)):
            owners.append(of)
            trimmed.append(without)
            file.write(rows)
            on_progress("evening out contrast", min(len(owners) * BLOCK, count), count)
        yield Small(np.concatenate(owners), np.concatenate(trimmed), file.rows)


def _made(read: ReadFilms, places: Ints) -> tuple[Ints, Bools, Rows]:
    """Return the owners of the frames of the films at `places`, whether trimmed, and the frames made small."""
    frames = Frames.of(read, places)
    width = SIGMA * frames.films.shape[-1]
    rows = np.empty(len(frames.owners), ROW)
    rows["coarse"] = _packed(frames.images, SIZE)
    rows["middle"] = _packed(normalised(frames.films, width), SIZE)
    rows["fine"] = _packed(normalised(frames.films, width / 2), FINE_SIZE)
    rows["sound"] = np.rint(means(reliable(frames.films, width), SIZE) * 255)
    return frames.owners, frames.trimmed, rows


def _packed(images: Floats, size: int) -> Bytes8:
    return np.rint(means(images, size) * _STEPS).astype(np.int8)


def _unpacked(values: Bytes8) -> Floats:
    return values * np.float32(1 / _STEPS)
