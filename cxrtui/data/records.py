"""This module keeps what is known of many films in few bytes each: sequences that make an item when it is asked for.

A text takes 50 bytes more than its letters and a tuple 64, which is more than the record of a film holds.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from cxrtui.data.films import Film

T = TypeVar("T")
_BYTES = 32  # of a SHA-256


class _Made(Sequence[T]):
    """A sequence whose items are made when they are asked for; it is equal to another one with equal items."""

    def at(self, place: int) -> T:
        """Return the item at `place`, from 0."""
        raise NotImplementedError

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        places = range(len(self))[index]
        return self.at(places) if isinstance(places, int) else list(map(self.at, places))

    def __iter__(self) -> Iterator[T]:
        return map(self.at, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(ours == theirs for ours, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]


class Classed(_Made[tuple[Film, int]]):
    """Films, each with its class, 0 or 1."""

    def __init__(self, films: Iterable[tuple[Film, int]] = ()) -> None:
        self.films: list[Film] = []
        self.classes = bytearray()
        for film, class_index in films:
            self.append(film, class_index)

    def __len__(self) -> int:
        return len(self.films)

    def append(self, film: Film, class_index: int) -> None:
        """Add a film with its class."""
        self.films.append(film)
        self.classes.append(class_index)

    def at(self, place: int) -> tuple[Film, int]:
        """Return the film at `place` and its class."""
        return self.films[place], self.classes[place]


class Digests(_Made[str]):
    """The SHA-256 of files, each as 64 hexadecimal digits; of a file that cannot be read, a text that says why."""

    def __init__(self, digests: Iterable[str] = ()) -> None:
        self._bytes = bytearray()
        self._others: dict[int, str] = {}
        for digest in digests:
            self.append(digest)

    def __len__(self) -> int:
        return len(self._bytes) // _BYTES

    def at(self, place: int) -> str:
        """Return the digest of the file at `place`."""
        found = self._others.get(place) if self._others else None
        return self._bytes[place * _BYTES : (place + 1) * _BYTES].hex() if found is None else found

    def append(self, digest: str) -> None:
        """Add the digest of a further file."""
        try:
            value = bytes.fromhex(digest)
        except ValueError:
            value = b""
        if len(value) != _BYTES or value.hex() != digest:
            self._others[len(self)] = digest
            value = bytes(_BYTES)
        self._bytes += value

    def order(self) -> Iterator[int]:
        """Yield the places in the order of the digests, equal ones in their own order."""
        if self._others:
            return iter(sorted(range(len(self)), key=self.at))
        return map(int, np.argsort(self._texts, kind="stable"))

    def alike(self) -> Iterator[tuple[int, int]]:
        """Yield each place with the first one of an equal digest, for all but that first."""
        if self._others:
            yield from alike(iter(self))
            return
        order = np.argsort(self._texts, kind="stable")
        (same,) = np.nonzero(self._texts[order[1:]] == self._texts[order[:-1]])
        first, before = -1, -2
        for place in same.tolist():
            first = first if place == before + 1 else int(order[place])
            before = place
            yield first, int(order[place + 1])

    @property
    def _texts(self) -> NDArray[np.bytes_]:
        # NumPy ignores zeros at the end of a text, which makes no difference between texts of one length.
        return np.frombuffer(self._bytes, f"S{_BYTES}")


def alike(keys: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yield each place with that of the first equal key, for all but that first."""
    if isinstance(keys, Digests):
        yield from keys.alike()
        return
    first: dict[str, int] = {}
    for place, key in enumerate(keys):
        if (earlier := first.setdefault(key, place)) != place:
            yield earlier, place


class Paths(_Made[str]):
    """The paths of films, of which the names are kept once, in their records, and the folders once for all films."""

    def __init__(self, films: Iterable[Film]) -> None:
        self._names: list[str] = []
        self._home_of = array("I")
        self._homes: list[tuple[Path, str]] = []
        known: dict[tuple[Path, str], int] = {}
        last: Any = None
        for film in films:
            home = film.root, film.prefix
            if home != last:
                last, number = home, known.setdefault(home, len(known))
            self._names.append(film.name)
            self._home_of.append(number)
        self._homes = list(known)

    def __len__(self) -> int:
        return len(self._names)

    def at(self, place: int) -> str:
        """Return the path of the film at `place`."""
        root, prefix = self._homes[self._home_of[place]]
        return str(root / self._names[place].removeprefix(prefix))
