"""This module gives the features of films of one kind: from their records, or as a worker measured them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from cxrtui.data.confounders.columns import Columns
from cxrtui.data.confounders.film import Known, unpacked
from cxrtui.data.confounders.kinds import KINDS
from cxrtui.data.confounders.kinds.kind import Kind


@cache
def _places() -> dict[str, tuple[int, tuple[str, ...]]]:
    """Return for each kind on pixels where its numbers begin among those of an image, and their names."""
    places, begin = {}, 0
    for kind in KINDS:
        if names := kind.names:
            places[kind.key] = (begin, names)
            begin += len(names)
    return places


def numbers_of_pixels() -> int:
    """Return how many numbers are measured on an image."""
    return sum(len(names) for _, names in _places().values())


def columns_of(kind: Kind, films: Sequence[Known], *, seen: bool = False) -> Columns:
    """Return the features of `films`; of a kind on pixels, `seen` asks for those of the images that the network sees.

    All films must have measures where the kind is `decoded`.
    """
    if kind.columns is not None:
        return kind.columns(films)
    begin, names = _places()[kind.key]
    measures = [film.measures for film in films if film.measures is not None]
    rows = np.empty((len(measures), len(names)), np.float32)
    for row, item in zip(rows, measures, strict=True):
        row[:] = unpacked(item.seen if seen else item.original)[begin : begin + len(names)]
    return Columns(numbers={name: rows[:, place] for place, name in enumerate(names)})
