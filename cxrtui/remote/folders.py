"""This module keeps a copy of a remote folder on this machine, and fetches what is new or has changed in it.

Films are read many times, and in processes that get an open file, so a remote folder is copied once into the cache.
Each use lists the folder: an object whose size, entity tag or time differs from the copy's is fetched again, and a file
whose object is gone is removed. A copy that was interrupted goes on where it was.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxrtui.disk import with_remedy
from cxrtui.errors import DataError
from cxrtui.files import read_text, write_atomic
from cxrtui.printable import printable
from cxrtui.remote import store
from cxrtui.remote.store import Item, Place
from cxrtui.workspace import cache_root

LARGEST = 1 << 30
"""Bytes of the largest object that is fetched: no film and no table is larger."""
_TOGETHER = 64  # objects that are fetched at a time
_SPARE = 1 << 28  # bytes that stay free on the disk
_MOST = 1 << 30  # bytes of a list of files
OnProgress = Callable[[str, int, int], None]


def no_progress(phase: str, done: int, total: int) -> None:
    """An `OnProgress` that shows nothing."""


@dataclass(frozen=True)
class Copy:
    """A copy on this machine: its path, and how many objects are not in it, by reason."""

    path: Path
    left_out: Counter[str]


def fetched(url: str, on_progress: OnProgress) -> Copy:
    """Return a copy of the folder or the file at `url`, brought up to date; a file is copied with its whole folder.

    Args:
        url: of a folder, or of a file such as a table of films, which names others by paths relative to its own.
        on_progress: called with what is done, the number done and the total; an error that it raises ends the work.

    Raises:
        DataError: the folder is not there, is empty or cannot be reached, or there is no room for it.
    """
    with store.explained(url, DataError):
        place = store.open_place(url)
        on_progress("listing the remote folder", 0, 0)
        if place.system.isfile(place.key):
            folder = _folder(place.parent, on_progress)
            return Copy(folder.path / place.name, folder.left_out)
        return _folder(place, on_progress)


def fetched_file(url: str) -> Path:
    """Return a copy of the one object at `url`, brought up to date.

    Raises:
        DataError: it is not there, cannot be reached, or is too large.
    """
    with store.explained(url, DataError):
        place = store.open_place(url)
        item = store.item_of(place.system.info(place.key))
        if item is None:
            raise DataError(f"{printable(url)} is a folder; name its files.")
        if item.size > LARGEST or not store.possible(place.name):
            raise DataError(f"{printable(url)} is larger than {LARGEST >> 30} GiB, or has {store.IMPOSSIBLE}.")
        return _copied(url, place.parent, "file", {place.name: item}, no_progress) / place.name


def _folder(place: Place, on_progress: OnProgress) -> Copy:
    found = store.listing(place, LARGEST)
    name = place.name if store.possible(place.name) else "films"
    return Copy(_copied(place.url, place, name, found.files, on_progress), found.left_out)


def _copied(url: str, place: Place, name: str, wanted: dict[str, Item], on_progress: OnProgress) -> Path:
    """Return the folder `name` in the cache's folder of `url`, which holds copies of `wanted` in `place`.

    Raises:
        DataError: the disk refuses.
    """
    home = cache_root() / "remote" / hashlib.sha256(url.rstrip("/").encode()).hexdigest()[:16]
    try:
        (home / name).mkdir(parents=True, exist_ok=True)
        with _locked(home / "lock"):
            _bring_up_to_date(place, home / name, wanted, home / "files.json", on_progress)
    except OSError as error:
        if not str(error.filename).startswith(str(home)):
            raise  # an error of the store
        raise DataError(f"{printable(url)} cannot be copied to {home} ({with_remedy(error)}).") from error
    return home / name


def _bring_up_to_date(place: Place, root: Path, wanted: dict[str, Item], kept: Path, on_progress: OnProgress) -> None:
    """Fetch the objects of `wanted` that the files in `root` are not copies of, and remove the files of no object."""
    known = _known(kept)
    _remove_others(root, wanted)
    missing = [name for name, item in wanted.items() if not _is_there(root / name, item, known.get(name))]
    size = sum(wanted[name].size for name in missing)
    free = shutil.disk_usage(root).free
    if size + _SPARE > free:
        raise DataError(f"{place.url} has {size / 1e9:.1f} GB to copy and {root} has {free / 1e9:.1f} GB free; make "
                        "room, or set CXRTUI_CACHE_DIR to a folder on a larger disk.")  # fmt: skip
    partial = kept.with_name("partial")
    try:
        for start in range(0, len(missing), _TOGETHER):
            on_progress("fetching remote films", start, len(missing))
            names = missing[start : start + _TOGETHER]
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            parts = [partial / str(number) for number in range(len(names))]
            place.system.get([f"{place.key}/{name}" for name in names], [str(part) for part in parts])
            for name, part in zip(names, parts, strict=True):
                if part.stat().st_size != wanted[name].size:
                    raise DataError(f"{place.url}/{name} changed while it was being copied; start again.")
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(part, root / name)
                known[name] = _record(root / name, wanted[name])
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        write_atomic(kept, json.dumps({name: known[name] for name in wanted if name in known}), durable=False)
    on_progress("fetching remote films", len(missing), len(missing))


def _remove_others(root: Path, wanted: Container[str]) -> None:
    """Remove the files below `root` that are not `wanted`, and folders that are empty."""
    for folder, _, names in os.walk(root, topdown=False):
        for name in names:
            file = Path(folder, name)
            if file.relative_to(root).as_posix() not in wanted:
                file.unlink()
        if folder != str(root):
            with suppress(OSError):  # it is not empty
                os.rmdir(folder)


def _record(file: Path, item: Item) -> list[Any]:
    return [item.size, item.version, file.stat().st_mtime_ns]


def _is_there(file: Path, item: Item, known: object) -> bool:
    """Return whether `file` is the copy of `item` that was recorded as `known`, and was not changed since."""
    try:
        return file.stat().st_size == item.size and known == _record(file, item)
    except OSError:
        return False


def _known(kept: Path) -> dict[str, list[Any]]:
    with suppress(OSError, ValueError, RecursionError):
        body = json.loads(read_text(kept, _MOST))
        if isinstance(body, dict):
            return body
    return {}


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Wait until no other process changes the copy, and hold it for the block."""
    with file.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
