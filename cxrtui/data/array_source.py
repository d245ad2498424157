"""Films on disk as arrays, whatever keeps them there: what the rest of the program knows of a data set's format.

`cxrtui.data.tfds_source` is the one implementation, and the one module that imports tensorflow-datasets and
array_record. Another format is another module with the same functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from cxrtui.data.films import Film


@dataclass(frozen=True)
class Record:
    """One record of the prepared store; `image` is uint8 ``[size, size]``, and black where there is an `error`."""

    image: npt.NDArray[np.uint8]
    film: Film
    label: int
    error: str = ""


class ArraySource(Protocol):
    """Square grey images of one size, read by number; safe to read from several threads."""

    def __len__(self) -> int:
        """How many images there are."""

    def read(self, places: Sequence[int] | npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.uint8]:
        """The images at `places`, uint8 ``[n, size, size]``, in that order."""


@dataclass(frozen=True)
class Example:
    """One example of somebody's data set.

    Attributes:
        split: as the data set calls it.
        place: within the split, from 0.
        image: the bytes of a PNG or JPEG file, or an array ``[H, W]`` or ``[H, W, C]``.
        label: the name of its class; empty where it has none.
        facts: the example's other features that are text or a number, as text.
    """

    split: str
    place: int
    image: bytes | npt.NDArray[Any]
    label: str
    facts: Mapping[str, str]


class Published(Protocol):
    """A labelled data set of images that is prepared on this machine, whoever made it."""

    @property
    def name(self) -> str:
        """Its full name, with configuration and version."""

    @property
    def mark(self) -> str:
        """What changes when it is prepared anew."""

    def examples(self) -> Iterator[Example]:
        """All of it, split by split.

        Raises:
            ImportError, NotImplementedError, ValueError, RuntimeError, AttributeError, OSError: it cannot be read.
        """
