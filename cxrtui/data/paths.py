"""The file that a table means by a path: one film, however the path is spelled."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from cxrtui.data.films import printable
from cxrtui.data.folders import ENDINGS
from cxrtui.errors import DataError

BESIDE = ("images", "image", "imgs", "films")  # folders that a table beside them may leave out of its paths


def identity(path: Path, homes: dict[Path, str]) -> str:
    """One text for every spelling of the file at `path`, and through links; another for a hard link or a copy.

    `homes` remembers the folders that were resolved.
    """
    home = homes.get(path.parent)
    if home is None:
        home = homes[path.parent] = os.path.realpath(path.parent)
    whole = os.path.join(home, path.name)
    return os.path.realpath(whole) if os.path.islink(whole) or path.name == ".." else whole


@dataclass(frozen=True)
class _Listing:
    """The names in a folder by their lower case, and those of images by their lower case without the ending."""

    names: dict[str, list[str]] = field(default_factory=dict)
    stems: dict[str, list[str]] = field(default_factory=dict)


class Spellings:
    r"""Finds what the paths of a table mean, which are relative to its folder `root`.

    A path may have ``\`` for ``/``, another case than the file, no ending where one image alone has that name, or lack
    the folder of images beside the table. The file that is there as it is written always comes first.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._homes: dict[Path, str] = {}
        self._listings: dict[Path, _Listing] = {}
        self._beside = [root / name for name in BESIDE if (root / name).is_dir()]

    def identity(self, path: Path) -> str:
        """As the function of that name."""
        return identity(path, self._homes)

    def find(self, text: str) -> Path:
        """The file that `text` means; where there is none, where it would be.

        Raises:
            DataError: several files may be meant.
        """
        spelled = dict.fromkeys((text, text.replace("\\", "/")))
        literal = [self._without_dots(self.root / item) for item in spelled]
        for path in literal:
            if (found := self._entry(path)) is not None:
                return found
        inside = [self._entry(self._without_dots(folder / item)) for folder in self._beside for item in spelled]
        there = {self.identity(path): path for path in inside if path is not None}
        if len(there) > 1:
            raise self._several(text, list(there.values()))
        return next(iter(there.values()), literal[-1])

    def _without_dots(self, path: Path) -> Path:
        if ".." not in path.parts:
            return path
        short = Path(os.path.normpath(path))
        # Behind a link, the folder above is not the one that was written before it.
        return short if self.identity(short) == self.identity(path) else path

    def _entry(self, path: Path) -> Path | None:
        """The file at `path`, in any case, with or without its ending."""
        if not path.name:
            return None
        folder = path.parent
        listing = self._listing(folder)
        if not listing.names:
            if folder in (path, self.root) or os.path.isdir(folder):
                return path if os.path.lexists(path) else None
            above = self._entry(folder)
            if above is None:
                return None
            folder, listing = above, self._listing(above)
        name = path.name.casefold()
        alike = listing.names.get(name, [])
        exact = path.name in alike or (not alike and os.path.lexists(path))
        if exact and (path.suffix or not os.path.isdir(folder / path.name)):
            return folder / path.name
        if len(alike) == 1 and not exact:
            return folder / alike[0]
        named = listing.stems.get(name, []) if path.suffix.casefold() not in ENDINGS else []
        if len(named) > 1:
            raise self._several(path.name, [folder / name for name in named])
        return folder / named[0] if named else (folder / path.name if exact else None)

    def _listing(self, folder: Path) -> _Listing:
        """What is in `folder`; empty where it cannot be opened."""
        if (known := self._listings.get(folder)) is not None:
            return known
        result = self._listings[folder] = _Listing()
        with contextlib.suppress(OSError):
            for name in sorted(os.listdir(folder)):
                result.names.setdefault(name.casefold(), []).append(name)
                stem, ending = os.path.splitext(name)
                if ending.casefold() in ENDINGS:
                    result.stems.setdefault(stem.casefold(), []).append(name)
        return result

    def _several(self, text: str, found: list[Path]) -> DataError:
        listed = printable(" or ".join(str(path.relative_to(self.root) if path.is_relative_to(self.root) else path)
                                       for path in sorted(found)[:4]))  # fmt: skip
        return DataError(f"{printable(text)} may be {listed}; write the whole path of the right one")
