"""This module finds the files that a table lists; it ignores the case of names and accepts names without endings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from cxrtui.data.sources import table
from cxrtui.data.sources.folders import is_mask_folder, subfolders
from cxrtui.data.sources.litter import hidden
from cxrtui.errors import DataError
from cxrtui.files import open_file


def entry(folder: Path, *names: str) -> Path | None:
    """Return the first of `names` that is in `folder`, in any case; None where there is none or it cannot be opened."""
    try:
        with os.scandir(folder) as entries:
            there = {item.name.casefold(): item.name for item in entries}
    except OSError:
        return None
    return next((folder / there[name.casefold()] for name in names if name.casefold() in there), None)


def columns(file: Path) -> frozenset[str]:
    """Return the headers of a table in lower case; empty where it is not a table. It reads at most 64 KiB."""
    try:
        with open_file(file) as stream:
            head = stream.read(1 << 16)
        headers = table.Table(table.text(head), str(file)).headers
        return frozenset(header.casefold() for header in headers if header)
    except (OSError, DataError):
        return frozenset()


def csv_files(path: Path) -> list[Path]:
    """Return `path` itself where it is a CSV file, or the CSV files directly in it, sorted."""
    if not path.is_dir():
        return [path] if path.is_file() and path.suffix.casefold() == ".csv" else []
    try:
        return sorted(file for file in path.glob("*.[cC][sS][vV]") if not hidden(file.name))
    except OSError:
        return []


def two_deep(root: Path) -> list[Path]:
    """Return `root`, its folders and their folders, without folders of masks: the places of a table's images."""
    inner = [folder for folder in subfolders(root) if not is_mask_folder(folder.name)]
    below = [folder for outer in inner for folder in subfolders(outer) if not is_mask_folder(folder.name)]
    return [root, *inner, *below]


class Files:
    """Finds the files of some folders by a name in any case, with or without its ending."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._all: dict[Path, None] = {}
        self._named: dict[str, list[Path]] = {}
        self._folders: set[str] = set()
        for folder in dict.fromkeys(folders):
            self._folders.add(folder.name.casefold())
            for file in _files(folder):
                self._all[file] = None
                for name in dict.fromkeys((file.name.casefold(), file.stem.casefold())):
                    self._named.setdefault(name, []).append(file)

    def find(self, name: str) -> Path | None:
        """Return the file that a table calls `name`, which may be a path and may lack the ending.

        Files of one name in several folders are distinguished by the folder in `name`; without one, the first file is
        returned. A folder in `name` that was not searched is ignored.
        """
        *above, last = name.replace("\\", "/").strip().casefold().split("/")
        found = self._named.get(last, [])
        found = [file for file in found if file.name.casefold() == last] or found
        if above and above[-1] in self._folders:
            inside = [file for file in found if file.parent.name.casefold() == above[-1]]
            found = inside or [file for file in found if above[-1] in str(file.parent).casefold().split(os.sep)]
        return found[0] if found else None

    def __iter__(self) -> Iterator[Path]:
        return iter(self._all)


def _files(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            for item in sorted(entries, key=lambda item: item.name):
                if not hidden(item.name):
                    try:
                        if item.is_file():
                            yield Path(item.path)
                    except OSError:
                        continue
    except OSError:
        return
