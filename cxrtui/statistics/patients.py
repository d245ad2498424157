"""This module numbers the patients of films."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def numbered(patients: Sequence[str]) -> tuple[list[str], NDArray[np.intp]]:
    """Return the names of the patients, sorted, and for each film the place of its patient there, ``[N]``.

    An array of the names would give each film the room of the longest one, four bytes a character.

    Args:
        patients: ``[N]``, the patient of each film.

    Example:
        >>> names, patient_of = numbered(["b", "a", "b"])
        >>> names, patient_of.tolist()
        (['a', 'b'], [1, 0, 1])
    """
    names = sorted(set(patients))
    places = {name: place for place, name in enumerate(names)}
    return names, np.fromiter((places[name] for name in patients), np.intp, len(patients))
