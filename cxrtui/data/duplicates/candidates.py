"""This module proposes pairs of films that may be copies: near neighbours, cropped, mirrored or inverted.

Every film in every window (`descriptor.windows`) is compared with every film by products of matrices, in tiles that fit
into a core's cache. Descriptors and pairs lie in files, so that memory stays flat however many films there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxrtui.data.duplicates import descriptor
from cxrtui.data.duplicates.frames import frames
from cxrtui.data.duplicates.normalise import Floats
from cxrtui.data.duplicates.thumbnails import Bytes, forget

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
ReadFilms = Callable[[Ints], Bytes]  # from places to thumbnails

BLOCK = 64
"""Films that are read or compared at once."""
_COLUMNS = 1024  # descriptors of a tile
_STRETCH = 16 * _COLUMNS  # descriptors whose products are in memory at once
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

    def packed(self) -> Pairs:
        """Return them as rows of `PAIR`, half as large."""
        rows = np.empty(len(self), PAIR)
        for name in PAIR.names or ():
            rows[name] = getattr(self, name)
        return rows

    @classmethod
    def of(cls, rows: Pairs) -> Candidates:
        """Invert `packed`."""
        return cls(rows["films"].astype(np.int64), rows["trimmed"], rows["windows"].astype(np.int64), rows["mirrored"],
                   rows["signs"].astype(np.float32), rows["scores"])  # fmt: skip


Pairs = npt.NDArray[np.void]
"""Candidates, by `PAIR`."""
PAIR = np.dtype([
    ("films", np.int32, 2), ("trimmed", np.bool_, 2), ("windows", np.uint8), ("mirrored", np.bool_),
    ("signs", np.int8), ("scores", np.float32),
])  # fmt: skip


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

    def __init__(self, whitening: descriptor.Whitening, whole: Floats, owners: Ints, trimmed: Bools) -> None:
        self.whitening, self.whole = whitening, whole
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
        rows, columns = self._nearest(queries, owners if other else None)
        queries = np.concatenate([queries, queries * descriptor.mirror()])
        products = np.einsum("vpd,pd->vp", queries[:, rows], self.whole[columns])
        forget(self.whole)
        variants = np.abs(products).argmax(0)
        values = products[variants, np.arange(len(rows))]
        return Candidates(
            np.stack([owners[rows], self.owners[columns]], 1), np.stack([trimmed[rows], self.trimmed[columns]], 1),
            variants % len(kinds), variants >= len(kinds),
            np.where(values < 0, -1, 1).astype(np.float32), np.abs(values),
        )  # fmt: skip

    def _nearest(self, queries: Floats, owners: Ints | None) -> tuple[Ints, Ints]:
        """Return the places of near pairs among `queries` ``[W, M, D]`` and in the index, sorted.

        For each query these are its `_NEIGHBOURS` nearest, fewer where they are equally near; all of few. Those of
        `owners`, one for each query, do not count.
        """
        most = _NEIGHBOURS + 1
        values, places = [], []
        for begin in range(0, len(self.whole), _STRETCH):
            part = slice(begin, begin + _STRETCH)
            best = self._best(queries, part)
            if owners is not None:
                best[self.owners[None, part] == owners[:, None]] = 0
            columns = np.broadcast_to(np.arange(best.shape[1]), best.shape)
            if best.shape[1] > 2 * _NEIGHBOURS:
                columns = np.argpartition(best, -most, axis=1)[:, -most:]
            values.append(np.take_along_axis(best, columns, 1))
            places.append(begin + columns)
        best, columns = np.concatenate(values, 1), np.concatenate(places, 1)
        if len(self.whole) > 2 * _NEIGHBOURS:
            best[best <= np.partition(best, -most, axis=1)[:, -most, None]] = 0
        rows, at = np.nonzero(best > self._least)
        columns = columns[rows, at]
        order = np.lexsort((columns, rows))
        return rows[order], columns[order]

    def _best(self, queries: Floats, part: slice) -> Floats:
        """Return the largest product of any of `queries` ``[W, M, D]``, mirrored or not, with each of the index's part.

        Its sign does not count. A product is the sum of an even and an odd part, of which mirroring changes the sign of
        the odd one; the larger of the two sums has the magnitude of both together.
        """
        whole = self.whole[part]
        best = np.zeros((queries.shape[1], len(whole)), np.float32)
        odd = descriptor.mirror() < 0
        parts = [np.ascontiguousarray(queries[:, :, which]) for which in (~odd, odd)]
        for left in range(0, len(whole), _COLUMNS):
            tile = whole[left : left + _COLUMNS].T
            columns = [np.ascontiguousarray(tile[which]) for which in (~odd, odd)]
            most = np.zeros((queries.shape[1], tile.shape[1]), np.float32)
            even_product, odd_product = np.empty_like(most), np.empty_like(most)
            for even, uneven in zip(*parts, strict=True):
                np.abs(np.matmul(even, columns[0], out=even_product), out=even_product)
                np.abs(np.matmul(uneven, columns[1], out=odd_product), out=odd_product)
                even_product += odd_product
                np.maximum(most, even_product, out=most)
            best[:, left : left + _COLUMNS] = most
        forget(self.whole)
        return best


def once(found: Pairs) -> Pairs:
    """Return the best of `found` for each pair of films, sorted by the films."""
    ordered = np.sort(found["films"], axis=1)
    order = np.lexsort((-found["scores"], ordered[:, 1], ordered[:, 0]))
    ordered = ordered[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return found[order[new]]
