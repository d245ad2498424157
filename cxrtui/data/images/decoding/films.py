"""The one door to what films hold: pixels, headers and tags, read in processes apart. Safe from several threads.

What comes back is exactly what `cxrtui.data.images.decode` gives in one process, and checked again here: shapes and
types are what they must be, words are printable.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from cxrtui.data.films import Display, printable
from cxrtui.data.images.decode import Decoded
from cxrtui.data.images.decoding.process import Answer, Cancelled
from cxrtui.data.images.decoding.process import CancelledError as CancelledError
from cxrtui.data.images.decoding.processes import never, processes
from cxrtui.data.images.dicom.description import DicomHeader
from cxrtui.data.images.headers import Header
from cxrtui.errors import FilmError

PIXELS_VERSION = 3  # raise it when the same files would give other pixels, notes or reasons

# Packages that decode, all of which may come, go or change with the user's installation.
_DECODERS = (
    "pillow", "pydicom", "pylibjpeg", "pylibjpeg-openjpeg", "pylibjpeg-libjpeg", "pylibjpeg-rle", "python-gdcm",
    "pyjpegls", "tifffile", "imagecodecs",
)  # fmt: skip

warm = processes.warm
rest = processes.rest


@dataclass(frozen=True)
class Seen:
    """A film that can be decoded: its header, and what a user should hear of how its pixels are read."""

    header: Header
    notes: tuple[str, ...] = ()


@cache
def decoders() -> tuple[str, ...]:
    """Names and versions of the packages that decode: a film that one cannot read, another may."""
    found = []
    for name in _DECODERS:
        with suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return tuple(found)


def decode(path: str | Path, display: Display | None = None) -> Decoded:
    """The film at `path` in full, as `cxrtui.data.images.decode.decode_with_notes`.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
    """
    with _valid():
        return _pixels(processes.run("decode", Path(path), {"display": _plain(display)}))


def read_film(
    path: str | Path,
    size: int,
    resize_mode: str = "stretch",
    display: Display | None = None,
    cancelled: Cancelled = never,
) -> Decoded:
    """The film at `path` as a square of `size`, as `cxrtui.data.images.decode.read_film_with_notes`.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
        CancelledError: `cancelled` said so.
    """
    with _valid():
        arguments = {"size": size, "resize_mode": resize_mode, "display": _plain(display)}
        return _pixels(processes.run("read_film", Path(path), arguments, cancelled))


def read_header(path: Path) -> Header:
    """The header of the film at `path`; no pixel is decoded.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
    """
    with _valid():
        return Header(**processes.run("header", path, {"ending": path.suffix}).words)


def look(
    path: Path, size: int, resize_mode: str = "stretch", display: Display | None = None, cancelled: Cancelled = never
) -> Seen:
    """The header of the film at `path`, once it is certain that `read_film` can read it.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
        CancelledError: `cancelled` said so.
    """
    arguments = {"ending": path.suffix, "size": size, "resize_mode": resize_mode, "display": _plain(display)}
    with _valid():
        words = processes.run("look", path, arguments, cancelled).words
        return Seen(Header(**words["header"]), _notes(words))


def read_tags(path: Path, *, salt: bytes, raw: bool) -> DicomHeader:
    """The tags of the DICOM file at `path`, as `cxrtui.data.images.dicom.header.read_header`.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
    """
    with _valid():
        return DicomHeader(**processes.run("tags", path, {"salt": salt.hex(), "raw": raw}).words)


@contextmanager
def _valid() -> Iterator[None]:
    """An answer that is none becomes a `FilmError`: a damaged film may have damaged the process that read it."""
    try:
        yield
    except (KeyError, TypeError, ValueError):
        raise FilmError("its decoder gave no valid answer") from None


def _pixels(answer: Answer) -> Decoded:
    height, width = answer.words["shape"]
    return Decoded(np.frombuffer(answer.body, np.uint8).reshape(height, width), _notes(answer.words))


def _notes(words: dict[str, Any]) -> tuple[str, ...]:
    return tuple(printable(note) for note in words["notes"])


def _plain(display: Display | None) -> dict[str, Any] | None:
    return None if display is None else asdict(display)
