"""This module proposes pairs of films that may be copies: near neighbours, cropped, mirrored or inverted.

Every film in every window (`descriptor.windows`) is compared with every film by products of matrices, in tiles that fit
into a core's cache, so that memory stays flat however many films there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cxrtui.data.duplicates import descriptor
from cxrtui.data.duplicates.frames import frames
from cxrtui.data.duplicates.normalise import Floats
from cxrtui.data.duplicates.thumbnails import Bytes

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
ReadFilms = Callable[[Ints], Bytes]  # from places to thumbnails

BLOCK = 64
"""Films that are read or compared at once."""
_COLUMNS = 1024  # descriptors of a tile
_NEIGHBOURS = 16  # most candidates of a frame
_LEAST = 0.45  # score of a candidate; among few films, each pair is one


@dataclass(frozen=True)
class Candidates:
    """Pairs of frames that may show one film, each with how the first is to be laid on the second.

    Attributes:
        films: int64 ``[P, 2]``, the places of the two films.
        trimmed: bool ``[P, 2]``, whether a frame is without its film's border.
        windows: int64 ``[P]``, the window of the first that resembles the second, an index of `descriptor.windows`.
        mirrored: bool ``[P]``, whether the first resembles it mirrored.
        signs: float32 ``[P]``, -1 where the first resembles it inverted.
        scores: float32 ``[P]``, how much, from 0 to 1.
    """

    films: Ints
    trimmed: Bools
    windows: Ints
    mirrored: Bools
    signs: Floats
    scores: Floats

    def __len__(self) -> int:
        return len(self.films)

    def at(self, places: Ints | slice) -> Candidates:
        """Return the candidates at `places`."""
        return Candidates(self.films[places], self.trimmed[places], self.windows[places], self.mirrored[places],
                          self.signs[places], self.scores[places])  # fmt: skip


@dataclass(frozen=True)
class Frames:
    """Frames of films: each one's place, whether its border was cut off, and what is described of it.

    `films`, uint8, and `images`, float32, are ``[M, S, S]``.
    """

    owners: Ints
    trimmed: Bools
    films: Bytes
    images: Floats

    @classmethod
    def of(cls, read: ReadFilms, places: Ints) -> Frames:
        """Return the frames of the films at `places`."""
        images, owners = frames(read(places))
        return cls(places[owners], np.diff(owners, prepend=-1) == 0, images, descriptor.prepared(images))


class Index:
    """Descriptors ``[F, D]`` of whole frames, whitened; `owners` and `trimmed` are as in `Frames`."""

    def __init__(self, raw: Floats, owners: Ints, trimmed: Bools) -> None:
        self.whitening = descriptor.Whitening(raw)
        self.whole = self.whitening(raw)
        self.owners, self.trimmed = owners, trimmed
        self._least = _LEAST if len(np.unique(owners)) >= descriptor.FEWEST else 0.0

    def nearest(self, images: Floats, owners: Ints, trimmed: Bools, *, other: bool) -> Candidates:
        """Return pairs of each of `images` and its nearest of the index; with `other`, only of another film.

        Args:
            images: frames as `descriptor.prepared` gives them, float32 ``[M, S, S]``.
            owners: the place of each one's film, int64 ``[M]``.
            trimmed: whether it is without its film's border, bool ``[M]``.
            other: see above.
        """
        kinds = descriptor.windows()
        queries = np.stack([self.whitening(descriptor.described(images, window)) for window in kinds])  # [W, M, D]
        best = self._best(queries)
        if other:
            best[self.owners[None, :] == owners[:, None]] = 0
        if len(self.whole) > 2 * _NEIGHBOURS:
            cut = np.partition(best, -_NEIGHBOURS - 1, axis=1)[:, -_NEIGHBOURS - 1]
            best[best <= cut[:, None]] = 0
        rows, columns = np.nonzero(best > self._least)
        queries = np.concatenate([queries, queries * descriptor.mirror()])
        products = np.einsum("vpd,pd->vp", queries[:, rows], self.whole[columns])
        variants = np.abs(products).argmax(0)
        values = products[variants, np.arange(len(rows))]
        return Candidates(
            np.stack([owners[rows], self.owners[columns]], 1), np.stack([trimmed[rows], self.trimmed[columns]], 1),
            variants % len(kinds), variants >= len(kinds),
            np.where(values < 0, -1, 1).astype(np.float32), np.abs(values),
        )  # fmt: skip

    def _best(self, queries: Floats) -> Floats:
        """Return the largest product of any of `queries` ``[W, M, D]``, mirrored or not, with each of the index.

        Its sign does not count. A product is the sum of an even and an odd part, of which mirroring changes the sign of
        the odd one; the larger of the two sums has the magnitude of both together.
        """
        best = np.zeros((queries.shape[1], len(self.whole)), np.float32)
        odd = descriptor.mirror() < 0
        parts = [np.ascontiguousarray(queries[:, :, which]) for which in (~odd, odd)]
        for left in range(0, len(self.whole), _COLUMNS):
            tile = self.whole[left : left + _COLUMNS].T
            columns = [np.ascontiguousarray(tile[which]) for which in (~odd, odd)]
            most = np.zeros((queries.shape[1], tile.shape[1]), np.float32)
            even_product, odd_product = np.empty_like(most), np.empty_like(most)
            for even, uneven in zip(*parts, strict=True):
                np.abs(np.matmul(even, columns[0], out=even_product), out=even_product)
                np.abs(np.matmul(uneven, columns[1], out=odd_product), out=odd_product)
                even_product += odd_product
                np.maximum(most, even_product, out=most)
            best[:, left : left + _COLUMNS] = most
        return best


def once(found: Sequence[Candidates]) -> Candidates:
    """Return all candidates of `found`, the best of each pair of films, sorted by the films."""

    def joined(name: str) -> npt.NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in found])

    ordered = np.sort(joined("films"), axis=1)
    order = np.lexsort((-joined("scores"), ordered[:, 1], ordered[:, 0]))
    ordered = ordered[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    kept = order[new]
    return Candidates(*(joined(name)[kept] for name in Candidates.__annotations__))
