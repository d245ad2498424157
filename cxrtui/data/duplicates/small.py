"""This module keeps every film small in memory, so that most candidates are ruled out without reading a film again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxrtui.data.duplicates.candidates import BLOCK, Bools, Frames, Ints, ReadFilms
from cxrtui.data.duplicates.normalise import Floats, normalised, reliable
from cxrtui.data.duplicates.registration import means
from cxrtui.data.pool import OnProgress, windowed

SIZE = 32
"""Width and height, pixels."""
SIGMA = 1 / 16
"""Of the neighbourhood for local contrast in which films are registered, fraction of the width."""
_STEPS = 42  # of 8 bits, for one standard deviation; local contrast goes from -3 to 3

Bytes8 = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Small:
    """The frames of many films in the order of the films, as in `Frames`, in 3 KiB each.

    Attributes:
        owners: int64 ``[M]``, the place of each frame's film.
        trimmed: bool ``[M]``, whether it is without its film's border; such a frame follows that with the border.
        coarse: int8 ``[M, SIZE, SIZE]``, with local contrast normalised as a descriptor takes it.
        fine: int8 ``[M, SIZE, SIZE]``, with local contrast normalised over `SIGMA`.
        sound: uint8 ``[M, SIZE, SIZE]``, how much each pixel may be compared.
    """

    owners: Ints
    trimmed: Bools
    coarse: Bytes8
    fine: Bytes8
    sound: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, frames: Frames) -> Small:
        """Return `frames`, made small."""
        width = SIGMA * frames.films.shape[-1]
        return cls(
            frames.owners, frames.trimmed, _packed(frames.images), _packed(normalised(frames.films, width)),
            np.rint(means(reliable(frames.films, width), SIZE) * 255).astype(np.uint8),
        )  # fmt: skip

    def described(self, films: slice) -> tuple[Floats, Ints, Bools]:
        """Return the frames of the films at places in `films` for a descriptor, their owners, and whether trimmed."""
        rows = slice(*np.searchsorted(self.owners, (films.start, films.stop)))
        return _unpacked(self.coarse[rows]), self.owners[rows], self.trimmed[rows]

    def registered(self, films: Ints, trimmed: Bools) -> tuple[Floats, Floats]:
        """Return frames ``[N, SIZE, SIZE]`` to be registered, and how much each pixel counts, ``[N, SIZE, SIZE]``."""
        rows = np.searchsorted(self.owners, films) + trimmed
        return _unpacked(self.fine[rows]), self.sound[rows] * np.float32(1 / 255)


def small(read: ReadFilms, count: int, on_progress: OnProgress, pool: ThreadPoolExecutor) -> Small:
    """Return `count` films, whose thumbnails `read` returns, made small by the threads of `pool`.

    `on_progress` may raise an error to end it.
    """
    blocks = [np.arange(begin, min(begin + BLOCK, count)) for begin in range(0, count, BLOCK)]
    parts = []
    for part in windowed(pool, blocks, lambda places: Small.of(Frames.of(read, places))):
        parts.append(part)
        on_progress("evening out contrast", min(len(parts) * BLOCK, count), count)
    return Small(*(np.concatenate([getattr(part, name) for part in parts]) for name in Small.__annotations__))


def _packed(images: Floats) -> Bytes8:
    return np.rint(means(images, SIZE) * _STEPS).astype(np.int8)


def _unpacked(values: Bytes8) -> Floats:
    return values * np.float32(1 / _STEPS)
