"""This module defines what is known of a film that is asked for confounders."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cxrtui.data.films import Film
from cxrtui.data.images.headers import Header

Values = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Measures:
    """What a worker measured on one file.

    Attributes:
        encoding: facts on how the file is encoded, as words; see `kinds.compression`.
        quality: the quality of JPEG, 0 to 100, None for other files.
        tags: DICOM tags as words or numbers, empty for other files; see `kinds.dicom`.
        original: what was measured on the decoded original, as `packed` packs it.
        seen: what was measured on the image as the network sees it, packed likewise.
    """

    encoding: Mapping[str, str] = field(default_factory=dict)
    quality: float | None = None
    tags: Mapping[str, str | float] = field(default_factory=dict)
    original: str = ""
    seen: str = ""


def packed(values: Iterable[float | None]) -> str:
    """Return numbers as base64 of float32, NaN for None: a twentieth of the memory that a dictionary of them takes."""
    return base64.b64encode(np.array(list(values), np.float32).tobytes()).decode("ascii")


def unpacked(text: str) -> npt.NDArray[np.float32]:
    """Return the numbers that `packed` made `text` of, float32 `[D]`.

    Raises:
        ValueError: it is no such text.
    """
    return np.frombuffer(base64.b64decode(text, validate=True), np.float32)


@dataclass(frozen=True, slots=True)
class Known:
    """A film, its class (0 or 1), its header, and its measures; None where no pixel was decoded."""

    film: Film
    class_index: int
    header: Header
    measures: Measures | None
