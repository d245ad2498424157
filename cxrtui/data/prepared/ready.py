"""Films that are ready: parts of a prepared store, and what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from cxrtui.data.store import Store


@dataclass
class Part:
    """Some films of a store, in the order of their names.

    `labels` is int32 `[N]`, 0 negative, 1 positive; `paths` lead to the files; `patients`, `sources` and
    `digests` (SHA-256 of the file) are by film.
    """

    labels: npt.NDArray[np.int32]
    paths: list[str]
    patients: list[str]
    sources: list[str]
    digests: list[str]
    store: Store = field(repr=False)
    rows: npt.NDArray[np.int64] = field(repr=False)
    _images: npt.NDArray[np.uint8] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def side(self) -> int:
        """Side of the stored films, pixels."""
        return self.store.side

    @property
    def nbytes(self) -> int:
        """What `images` takes in memory."""
        return len(self) * self.side**2

    @property
    def images(self) -> npt.NDArray[np.uint8]:
        """All films, uint8 `[N, S, S]`, read on first use and kept."""
        if self._images is None:
            self._images = self.store.images(self.rows)
        return self._images

    def release(self) -> None:
        """Forget the films that `images` keeps in memory."""
        self._images = None

    def gather(self, indices: Sequence[int] | npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.uint8]:
        """The films at `indices`, uint8 `[n, S, S]`, from memory where they are, else from disk."""
        places = np.asarray(indices)
        return self._images[places] if self._images is not None else self.store.images(self.rows[places])


@dataclass(frozen=True)
class Prepared:
    """Films ready to be fed. `labels` names class 0 and class 1; `side` is that of the stored squares."""

    parts: dict[str, Part]
    labels: list[str]
    fingerprint: str
    side: int
