"""Keeps the features of one view of a list of films as a file, for the epochs of this run, for a resume and for others.

A file is named by a key of all that its numbers depend on. It appears by a rename, and its digest is compared whenever
it is opened: one that is torn or foreign counts as missing. All files of all runs are in one folder; the least recently
used are removed when a new one would pass the limit.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import shutil
import time
from collections.abc import Collection, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from cxrtui.disk import explained
from cxrtui.files import open_file, replacing
from cxrtui.workspace import cache_root

_HEAD = 4096  # bytes before the numbers, so that these begin at a page
_CHUNK = 1 << 24
_ENDING = ".features"
_SPARED = 1 << 30  # bytes that are left free on the disk
_OLD = 86_400.0  # seconds after which a temporary file is one that a killed process left


@dataclass(frozen=True)
class Kept:
    """Features that were kept: an array, ``[N, …]``, that a file holds, and its SHA-256."""

    array: NDArray[Any]
    digest: str


class FeatureFiles:
    """The files of all runs, in `folder`, which need not exist; together they take at most `limit` bytes."""

    def __init__(self, limit: int, folder: Path | None = None) -> None:
        self.folder, self._limit = folder or cache_root() / "features", limit

    def path(self, key: str) -> Path:
        """Return the file of `key`."""
        return self.folder / f"{key}{_ENDING}"

    def open(self, key: str, shape: tuple[int, ...], dtype: str) -> Generator[int, None, Kept | None]:
        """Yield how many bytes were compared so far, and return what is kept; None if there is nothing whole."""
        path, size = self.path(key), _size(shape, dtype)
        try:
            with open_file(path) as file:
                head = json.loads(file.read(_HEAD).rstrip(b"\0"))
                whole = os.fstat(file.fileno()).st_size == _HEAD + size
                if not whole or head["key"] != key or head["shape"] != list(shape) or head["dtype"] != dtype:
                    return None
                digest, done = hashlib.sha256(), 0
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
                    done += len(chunk)
                    yield done
            if digest.hexdigest() != head["sha256"]:
                return None
            array = self.mapped(key, shape, dtype)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return Kept(array, digest.hexdigest())

    @contextlib.contextmanager
    def writing(self, key: str, shape: tuple[int, ...], dtype: str) -> Iterator[Writing]:
        """Give what takes the features of `key`; the file appears if the block raises nothing.

        Raises:
            OSError: the disk refuses.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(self.path(key), durable=False) as file:
            file.write(b"\0" * _HEAD)
            writing = Writing(file)
            yield writing
            head = {"key": key, "shape": list(shape), "dtype": dtype, "sha256": writing.digest.hexdigest()}
            file.seek(0)
            file.write(json.dumps(head).encode())

    def write(self, key: str, array: NDArray[Any]) -> None:
        """Write the file of `key`, unless it alone passes the limit.

        Raises:
            OSError: the disk refuses.
        """
        if array.nbytes <= self._limit:
            with self.writing(key, array.shape, str(array.dtype)) as writing:
                writing.add(array)

    def mapped(self, key: str, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
        """Return the array in the file of `key`, which is there.

        Raises:
            OSError: it was removed.
        """
        return np.memmap(self.path(key), jnp.dtype(dtype), "r", _HEAD, shape)

    def lack(self, needed: int) -> str:
        """Return why files of `needed` bytes cannot be kept; empty if they can."""
        if needed > self._limit:
            return "train.cache_gb allows less"
        try:
            there = next(folder for folder in (self.folder, *self.folder.parents) if folder.is_dir())
            free = shutil.disk_usage(there).free + sum(size for _, size, _ in self._files())
        except OSError as error:
            return f"{self.folder} cannot be used: {explained(error)}"
        return "" if needed + _SPARED <= free else f"the disk of {self.folder} has less free"

    def make_room(self, needed: int, in_use: Collection[str]) -> None:
        """Remove the files that were used least recently until `needed` more bytes fit; none with a key `in_use`."""
        with contextlib.suppress(OSError):
            for left in self.folder.glob(".*.tmp"):
                if time.time() - left.stat().st_mtime > _OLD:
                    left.unlink()
            spared = {self.path(key) for key in in_use}
            files = self._files()
            total = sum(size for _, size, _ in files) + needed
            for _, size, path in sorted(files):
                free = shutil.disk_usage(self.folder).free
                if total <= self._limit and free >= needed + _SPARED:
                    break
                if path not in spared:
                    path.unlink(missing_ok=True)
                    total -= size

    def _files(self) -> list[tuple[float, int, Path]]:
        """Return when each file was used, its bytes and its path."""
        found = []
        with contextlib.suppress(OSError):
            for path in self.folder.glob(f"*{_ENDING}"):
                with contextlib.suppress(OSError):
                    status = path.stat()
                    found.append((status.st_mtime, status.st_size, path))
        return found


class Writing:
    """A file that is being written; `digest` is of the numbers so far."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def add(self, rows: NDArray[Any]) -> None:
        """Append the features of the next films.

        Raises:
            OSError: the disk refuses.
        """
        body = bytes_of(rows)
        self.digest.update(body)
        self._file.write(body)


def bytes_of(rows: NDArray[Any]) -> memoryview:
    """Return the bytes of an array, in the order of its axes."""
    return np.ascontiguousarray(rows).reshape(-1).view(np.uint8).data


def _size(shape: tuple[int, ...], dtype: str) -> int:
    return math.prod(shape) * jnp.dtype(dtype).itemsize
