"""This module keeps a thumbnail of each film by the film's content, so that a film is decoded for this only once.

Thumbnails lie in packs under the cache folder: an array of images, and an array of their keys that is written last,
each by a rename. Several processes may add packs at once. A pack that cannot be read back is left out, and its films
are decoded again.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cxrtui.data.films import Film
from cxrtui.data.images.decoding.films import PIXELS_VERSION, read_film, rest
from cxrtui.data.pool import OnProgress, windowed, workers
from cxrtui.disk import explained, refusal
from cxrtui.errors import DataError, FilmError
from cxrtui.workspace import cache_root

SIZE = 128
"""Width and height of a thumbnail, pixels."""
VERSION = 1  # raise it when the same pixels would give other thumbnails
_PACK = 2048  # films
_EVERY = 16  # films between two reports of progress

Bytes = npt.NDArray[np.uint8]


def key_of(film: Film, digest: str) -> str:
    """Return 64 hexadecimal digits for the pixels of `film`, from the SHA-256 of its file and how it is displayed."""
    shown = [film.display.window, film.display.inverted] if film.display is not None else None
    return digest if shown is None else hashlib.sha256(json.dumps([digest, shown]).encode()).hexdigest()


class Thumbnails:
    """Thumbnails of films on disk, in the order of their keys; memory holds only those that are being used."""

    def __init__(self, folder: Path, keys: Sequence[str]) -> None:
        self.keys = tuple(keys)
        self._packs: list[Bytes] = []
        self._places = np.full((len(self.keys), 2), -1, np.int64)
        wanted = {bytes.fromhex(key): place for place, key in enumerate(self.keys)}
        for file in sorted(folder.glob("*.keys.npy")):
            with suppress(OSError, ValueError, EOFError):
                held = np.load(file)
                images = np.load(file.with_name(file.name.replace(".keys.npy", ".npy")), mmap_mode="r")
                if images.shape != (len(held), SIZE, SIZE) or images.dtype != np.uint8 or held.shape[1:] != (32,):
                    continue
                for row, key in enumerate(held):
                    place = wanted.get(key.tobytes(), -1)
                    if place >= 0:
                        self._places[place] = len(self._packs), row
                self._packs.append(images)

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def missing(self) -> list[int]:
        """The places of the keys that have no thumbnail."""
        return [int(place) for place in np.flatnonzero(self._places[:, 0] < 0)]

    def read(self, places: Sequence[int] | npt.NDArray[np.int64]) -> Bytes:
        """Return the thumbnails at `places`, uint8 ``[n, SIZE, SIZE]``; each must be there."""
        result = np.empty((len(places), SIZE, SIZE), np.uint8)
        used = set()
        for row, place in enumerate(places):
            pack, index = self._places[place]
            result[row] = self._packs[pack][index]
            used.add(pack)
        for pack in used:
            forget(self._packs[pack])
        return result


def forget(pack: npt.NDArray[Any]) -> None:
    """Give back the memory of what was read of `pack`, a mapped file; the system may keep it, and reads it again."""
    mapped = pack.base
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def thumbnails(films: Sequence[tuple[Film, str]], on_progress: OnProgress) -> Thumbnails:
    """Return the thumbnails of `films`, each with its `key_of`; those that are not kept yet are decoded.

    The result has a film for each key, sorted by key; films that cannot be decoded are left out.
    """
    folder = cache_root() / "prepared" / "thumbnails" / f"{VERSION}-{PIXELS_VERSION}-{SIZE}"
    first: dict[str, Film] = {}
    for film, key in films:
        first.setdefault(key, film)
    keys = sorted(first)
    found = Thumbnails(folder, keys)
    if lacking := [keys[place] for place in found.missing]:
        _decode(folder, [(first[key], key) for key in lacking], on_progress)
        found = Thumbnails(folder, keys)
    if gone := set(found.missing):
        found = Thumbnails(folder, [key for place, key in enumerate(keys) if place not in gone])
    return found


def _decode(folder: Path, films: Sequence[tuple[Film, str]], on_progress: OnProgress) -> None:
    """Decode `films` and keep their thumbnails; a pack is written once it is full, and what is left at the end."""
    cancelled = threading.Event()

    def decoded(item: tuple[Film, str]) -> Bytes | None:
        try:
            return read_film(item[0].path, SIZE, "stretch", item[0].display, cancelled.is_set).values
        except FilmError:
            return None

    pack, keys = np.empty((min(_PACK, len(films)), SIZE, SIZE), np.uint8), list[str]()
    try:
        with ThreadPoolExecutor(workers(), "cxrtui-thumbnail") as pool:
            try:
                for done, ((_, key), image) in enumerate(zip(films, windowed(pool, films, decoded), strict=True), 1):
                    if image is not None:
                        pack[len(keys)] = image
                        keys.append(key)
                    if len(keys) == len(pack):
                        _write(folder, keys, pack)
                        keys = []
                    if done % _EVERY == 0 or done == len(films):
                        on_progress("describing films", done, len(films))
            finally:
                cancelled.set()
    finally:
        rest()
        if keys:  # also after a stop, so that what was decoded is not lost
            _write(folder, keys, pack[: len(keys)])


def _write(folder: Path, names: Sequence[str], images: Bytes) -> None:
    """Write one pack of images with their keys, these last.

    Raises:
        DataError: the disk is full or may not be written to.
    """
    keys = np.frombuffer(bytes.fromhex("".join(names)), np.uint8).reshape(-1, 32)
    mark = hashlib.sha256(keys.tobytes()).hexdigest()[:32]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, values in ((f"{mark}.npy", images), (f"{mark}.keys.npy", keys)):
            temporary = folder / f".{name}-{os.getpid()}-{threading.get_ident()}"
            try:
                with open(temporary, "wb") as stream:
                    np.save(stream, values)
                os.replace(temporary, folder / name)
            finally:
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable("thumbnails of films", folder, error) from None


def unwritable(what: str, folder: Path, error: OSError) -> DataError:
    """Return what to raise where `error` says that `what` cannot be written to `folder` of the cache."""
    why = refusal(error)
    return DataError(
        f"Cannot write {what} to {folder}: {why.reason if why else explained(error)}; "
        f"{why.remedy if why else 'make room'}, or set CXRTUI_CACHE_DIR to another folder."
    )
