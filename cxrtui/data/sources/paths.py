"""This module finds the file that a path in a table means, so that all spellings of a path are one film."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from cxrtui.data.films import printable
from cxrtui.data.sources.folders import ENDINGS
from cxrtui.errors import DataError

BESIDE = ("images", "image", "imgs", "films")  # folders that a table beside them may leave out of its paths


def identity(path: str | Path, homes: dict[str, str]) -> str:
    """Return one text for all spellings of the file at `path` and links to it; a hard link or a copy has another.

    `homes` remembers the folders that were resolved.
    """
    folder, name = os.path.split(path)
    home = homes.get(folder)
    if home is None:
        home = homes[folder] = os.path.realpath(folder)
    whole = os.path.join(home, name)
    return os.path.realpath(whole) if name in ("", "..") or os.path.islink(whole) else whole


class _Listing:
    """The names in a folder; only where a name is not written exactly are they needed in other ways too."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.exact = frozenset(names)

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """The names by their lower case, sorted."""
        result: dict[str, list[str]] = {}
        for name in sorted(self.exact):
            result.setdefault(name.casefold(), []).append(name)
        return result

    @cached_property
    def stems(self) -> dict[str, list[str]]:
        """The names of images by their lower case without the ending, sorted."""
        result: dict[str, list[str]] = {}
        for name in sorted(self.exact):
            stem, ending = os.path.splitext(name)
            if ending.casefold() in ENDINGS:
                result.setdefault(stem.casefold(), []).append(name)
        return result


class Spellings:
    r"""Finds the files that the paths of a table mean; the paths are relative to its folder `root`.

    A path may have ``\`` for ``/``, another case than the file, no ending where only one image has that name, or lack
    the folder of images beside the table. A file with exactly the written path always comes first.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._root = os.fspath(root)
        self._homes: dict[str, str] = {}
        self._listings: dict[str, _Listing] = {}
        self._beside = [folder for name in BESIDE if os.path.isdir(folder := os.path.join(self._root, name))]

    def identity(self, path: str | Path) -> str:
        """Return the same as the function `identity`."""
        return identity(path, self._homes)

    def find(self, text: str) -> Path:
        """Return the file that `text` means, or the path where it would be.

        Raises:
            DataError: several files may be meant.
        """
        literal = self._without_dots(os.path.join(self._root, text))
        for path in self._spelled(self._root, text):
            if (found := self._entry(path)) is not None:
                return Path(found)
            literal = path
        inside = [self._entry(path) for folder in self._beside for path in self._spelled(folder, text)]
        there = {self.identity(found): found for found in inside if found is not None}
        if len(there) > 1:
            raise self._several(text, list(there.values()))
        return Path(next(iter(there.values()), literal))

    def _spelled(self, folder: str, text: str) -> Iterator[str]:
        yield self._without_dots(os.path.join(folder, text))
        if "\\" in text:  # written on Windows
            yield self._without_dots(os.path.join(folder, text.replace("\\", "/")))

    def _without_dots(self, path: str) -> str:
        if ".." not in path:
            return path
        short = os.path.normpath(path)
        # After a link to a folder, ".." is not the folder that was written before it.
        return short if self.identity(short) == self.identity(path) else path

    def _entry(self, path: str) -> str | None:
        """Return the file at `path`, in any case, with or without its ending."""
        folder, name = os.path.split(path)
        if not name:
            return None
        listing = self._listing(folder)
        if not listing.exact:
            if folder in (path, self._root) or os.path.isdir(folder):
                return path if os.path.lexists(path) else None
            above = self._entry(folder)
            if above is None:
                return None
            folder, listing = above, self._listing(above)
        whole, plain, ending = os.path.join(folder, name), name.casefold(), os.path.splitext(name)[1].casefold()
        if name in listing.exact and ending:
            return whole
        alike = listing.names.get(plain, [])
        exact = name in listing.exact or (not alike and os.path.lexists(whole))
        if exact and (ending or not os.path.isdir(whole)):
            return whole
        if len(alike) == 1 and not exact:
            return os.path.join(folder, alike[0])
        named = listing.stems.get(plain, []) if ending not in ENDINGS else []
        if len(named) > 1:
            raise self._several(name, [os.path.join(folder, one) for one in named])
        return os.path.join(folder, named[0]) if named else (whole if exact else None)

    def _listing(self, folder: str) -> _Listing:
        """Return the names in `folder`; empty where it cannot be opened."""
        if (known := self._listings.get(folder)) is not None:
            return known
        names: list[str] = []
        with contextlib.suppress(OSError):
            names = os.listdir(folder)
        result = self._listings[folder] = _Listing(names)
        return result

    def _several(self, text: str, found: list[str]) -> DataError:
        paths = [Path(path) for path in sorted(found)[:4]]
        listed = printable(" or ".join(
            str(path.relative_to(self.root) if path.is_relative_to(self.root) else path) for path in paths
        ))  # fmt: skip
        return DataError(f"{printable(text)} may be {listed}; write the whole path of the right one")
