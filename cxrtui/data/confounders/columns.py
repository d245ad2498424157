"""This module holds the features of films by name, and makes the matrix from them that a linear classifier takes.

The matrix depends on the films alone and not on their classes, so it may be made before the films are divided into
folds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cmp_to_key
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]

_FEWEST = 3  # films, of two patients or more, that a word needs for a column of its own
_MOST = 40  # words with a column, for each feature


@dataclass(frozen=True)
class Columns:
    """Features of N films by name.

    Attributes:
        numbers: for each feature N numbers, None or NaN where a film has none.
        words: for each feature N words, such as the ending of the file.
        bags: for each feature N collections of words, such as the parts of the file's name.
    """

    numbers: Mapping[str, Sequence[float | None] | npt.NDArray[np.floating[Any]]] = field(default_factory=dict)
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    bags: Mapping[str, Sequence[Collection[str]]] = field(default_factory=dict)


def numeric(columns: Columns) -> Matrix:
    """Return the numbers alone, float64 `[N, D]`, NaN where there is none; D is the number of features."""
    return np.array([np.asarray(values, np.float64) for values in columns.numbers.values()], np.float64).T


def design(columns: Columns, patients: Sequence[str]) -> Matrix:
    """Return the matrix of `columns`, float64 `[N, D]`, each column of mean 0 and variance 1; D may be 0.

    A number becomes its rank, spread evenly from -1 to 1, and the square of that, so that a linear classifier can use
    values that are high, low or extreme, and no outlier counts more than another film. Each frequent word becomes a
    column of 0 and 1, and so does the lack of a number.

    Args:
        columns: the features of N films.
        patients: the patient of each film, N.
    """
    # The matrix takes up to half a KiB a film, so that no copy is made that is not needed: `np.unique` makes four.
    varied = (np.round(column, 9) for column in _columns(columns, patients) if np.ptp(column) > 1e-9)
    unique = [next(same) for _, same in groupby(sorted(varied, key=_IN_ORDER), key=_IN_ORDER)]
    if not unique:
        return np.zeros((len(patients), 0))
    matrix = np.array(unique).T
    del unique
    mean, deviation = matrix.mean(0), matrix.std(0)
    matrix -= mean
    matrix /= deviation
    return matrix


def _compared(one: Matrix, other: Matrix) -> int:
    """Return 1 or -1 where `one`, at the first film in which they differ, is larger or smaller, and 0 if in none."""
    differ = one != other
    first = int(differ.argmax())
    return int(np.sign(one[first] - other[first]))


_IN_ORDER = cmp_to_key(_compared)


def _columns(columns: Columns, patients: Sequence[str]) -> Iterator[Matrix]:
    """Yield the columns of the matrix, float64 `[N]` each, before they are scaled."""
    from scipy.stats import rankdata  # takes half a second to import

    for values in columns.numbers.values():
        found = np.asarray(values, np.float64)
        there = ~np.isnan(found)
        ranks = np.zeros(len(found))
        if there.any():
            ranks[there] = 2 * (rankdata(found[there]) - 0.5) / there.sum() - 1
        yield from (ranks, np.where(there, ranks**2 - 1 / 3, 0.0), np.where(there, 0.0, 1.0))
    for words in columns.words.values():
        yield from _ones([(word,) for word in words], patients)
    for bags in columns.bags.values():
        yield from _ones(bags, patients)


def _ones(bags: Sequence[Collection[str]], patients: Sequence[str]) -> Iterator[Matrix]:
    """Yield a column for each frequent word: 1 for the films that have it, else 0."""
    films, held = Counter[str](), dict[str, set[str]]()
    for bag, patient in zip(bags, patients, strict=True):
        for word in set(bag):
            films[word] += 1
            held.setdefault(word, set()).add(patient)
    frequent = [word for word, count in sorted(films.items(), key=lambda item: (-item[1], item[0]))
                if count >= _FEWEST and len(held[word]) > 1][:_MOST]  # fmt: skip
    return (np.array([word in bag for bag in bags], np.float64) for word in frequent)
