"""This module defines films that are ready for training: splits of a prepared store, and facts about their films."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from cxrtui.data.prepared.seen import Familiar
from cxrtui.data.store import Store


@dataclass
class Split:
    """The films of one split, ordered by name, and their images in the store.

    Attributes:
        labels: int32 ``[N]``, 0 negative, 1 positive.
        paths: the path of each file, ``[N]``.
        patients: the patient of each film, ``[N]``; copies of one film are of one patient, whatever their names say.
        sources: the source of each film, ``[N]``, empty where it is not known.
        digests: the SHA-256 of each file, ``[N]``.
        store: holds the images.
        rows: int64 ``[N]``, the index of each image in the store.
        columns: what else is known of each film, by name (view, sex, age in bands), ``[N]``; empty where it is not.
    """

    labels: npt.NDArray[np.int32]
    paths: Sequence[str]
    patients: list[str]
    sources: list[str]
    digests: Sequence[str]
    store: Store = field(repr=False)
    rows: npt.NDArray[np.int64] = field(repr=False)
    columns: dict[str, list[str]] = field(default_factory=dict, repr=False)
    _images: npt.NDArray[np.uint8] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def stored_size(self) -> int:
        """The width and height of the stored images, pixels."""
        return self.store.size

    @property
    def nbytes(self) -> int:
        """The bytes that `images` takes in memory."""
        return len(self) * self.stored_size**2

    @property
    def images(self) -> npt.NDArray[np.uint8]:
        """All images, uint8 `[N, S, S]`, which are read on first use and kept in memory."""
        if self._images is None:
            self._images = self.store.images(self.rows)
        return self._images

    def take(self, places: Sequence[int]) -> Split:
        """Return the films at `places` alone, in that order."""

        def taken(items: Sequence[str]) -> list[str]:
            return [items[place] for place in places]

        return Split(
            self.labels[list(places)], taken(self.paths), taken(self.patients), taken(self.sources),
            taken(self.digests), self.store, self.rows[list(places)],
            {name: taken(column) for name, column in self.columns.items()},
        )  # fmt: skip

    def release(self) -> None:
        """Free the images that `images` keeps in memory."""
        self._images = None

    def gather(self, indices: Sequence[int] | npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.uint8]:
        """Return the images at `indices`, uint8 `[n, S, S]`, from memory if they are kept there, else from disk."""
        places = np.asarray(indices)
        return self._images[places] if self._images is not None else self.store.images(self.rows[places])


@dataclass(frozen=True)
class Prepared:
    """Films that are ready, by split; `labels` are the names of class 0 and class 1; `stored_size` is in pixels.

    `familiar` has the films, by path, that a classifier knows from its training, where that was asked for.
    """

    splits: dict[str, Split]
    labels: list[str]
    fingerprint: str
    stored_size: int
    familiar: dict[str, Familiar] = field(default_factory=dict)
