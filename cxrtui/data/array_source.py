"""This module defines the interface to films stored as arrays; it does not depend on the storage format.

`cxrtui.data.tfds_source` implements it, and no other module imports tensorflow-datasets or array_record. To support
another format, write another module with the same functions.
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
    """One record of the prepared store; `image` is uint8 ``[size, size]``, and it is black where `error` is set.

    `notes` are on how its pixels were read, and `odd` says what they show that is no upright frontal chest film.
    """

    image: npt.NDArray[np.uint8]
    film: Film
    label: int
    error: str = ""
    notes: tuple[str, ...] = ()
    odd: str = ""


class ArraySource(Protocol):
    """Square greyscale images of one size, read by index; several threads may read at once."""

    def __len__(self) -> int:
        """Return the number of images."""

    def read(self, places: Sequence[int] | npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.uint8]:
        """Return the images at the indices `places`, uint8 ``[n, size, size]``, in that order."""


@dataclass(frozen=True)
class Example:
    """One example of a published data set.

    Attributes:
        split: the data set's own name for the split.
        place: the index within the split, from 0.
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
    """A labelled data set of images that somebody published and that is prepared on this machine."""

    @property
    def name(self) -> str:
        """The full name of the data set, with its configuration and version."""

    @property
    def mark(self) -> str:
        """A text that changes when the data set is prepared again."""

    def examples(self) -> Iterator[Example]:
        """Yield all examples, split by split.

        Raises:
            ImportError, NotImplementedError, ValueError, RuntimeError, AttributeError, OSError: it cannot be read.
        """
