"""This module reads films' pixels, headers and tags in worker processes. Several threads may call it at once.

The results equal those of `cxrtui.data.images.decode`. This module checks the shapes and types of the workers' answers
again, and makes their text printable.
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
from cxrtui.data.frontal.recognise import View
from cxrtui.data.frontal.righting import UPRIGHT, Righting
from cxrtui.data.images.decode import Decoded
from cxrtui.data.images.decoding.process import Answer, Cancelled
from cxrtui.data.images.decoding.process import CancelledError as CancelledError
from cxrtui.data.images.decoding.processes import never, processes
from cxrtui.data.images.dicom.description import DicomHeader
from cxrtui.data.images.headers import Header
from cxrtui.errors import FilmError

PIXELS_VERSION = 4  # raise it when the same files would give other pixels, notes or reasons

# Packages that decode. The user may install, remove or upgrade any of them.
_DECODERS = (
    "pillow", "pydicom", "pylibjpeg", "pylibjpeg-openjpeg", "pylibjpeg-libjpeg", "pylibjpeg-rle", "python-gdcm",
    "pyjpegls", "tifffile", "imagecodecs",
)  # fmt: skip

warm = processes.warm
rest = processes.rest
kept = processes.kept


@dataclass(frozen=True)
class Seen:
    """A film that can be decoded: its header, and notes for the user on how its pixels are read.

    `view` is what it shows; None if only the header was read.
    """

    header: Header
    notes: tuple[str, ...] = ()
    view: View | None = None


@cache
def decoders() -> tuple[str, ...]:
    """Return the names and versions of the installed packages that decode; others may read other films."""
    found = []
    for name in _DECODERS:
        with suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return tuple(found)


def decode(path: str | Path, display: Display | None = None, righting: Righting = UPRIGHT) -> Decoded:
    """Decode the film at `path` in full, as `cxrtui.data.images.decode.decode_with_notes` does.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
    """
    with _valid():
        arguments = {"display": _plain(display), "righting": (righting.turned, righting.inverted)}
        return _pixels(processes.run("decode", Path(path), arguments))


def read_film(
    path: str | Path,
    size: int,
    resize_mode: str = "stretch",
    display: Display | None = None,
    cancelled: Cancelled = never,
    *,
    righting: Righting = UPRIGHT,
    recognised: bool = False,
) -> Decoded:
    """Decode the film at `path` to a square of `size`, as `cxrtui.data.images.decode.read_film_with_notes` does.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
        CancelledError: `cancelled` said so.
    """
    with _valid():
        arguments = {"size": size, "resize_mode": resize_mode, "display": _plain(display),
                     "righting": (righting.turned, righting.inverted), "recognised": recognised}  # fmt: skip
        return _pixels(processes.run("read_film", Path(path), arguments, cancelled))


def read_header(path: Path) -> Header:
    """Return the header of the film at `path` without decoding a pixel.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
    """
    with _valid():
        return Header(**processes.run("header", path, {"ending": path.suffix}).words)


def look(
    path: Path, size: int, resize_mode: str = "stretch", display: Display | None = None, cancelled: Cancelled = never
) -> Seen:
    """Return the header of the film at `path` after checking that `read_film` can read it, and what it shows.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
        CancelledError: `cancelled` said so.
    """
    arguments = {"ending": path.suffix, "size": size, "resize_mode": resize_mode, "display": _plain(display)}
    with _valid():
        words = processes.run("look", path, arguments, cancelled).words
        return Seen(Header(**words["header"]), _notes(words), _view(words))


def read_tags(path: Path, *, salt: bytes, raw: bool) -> DicomHeader:
    """Return the tags of the DICOM file at `path`, as `cxrtui.data.images.dicom.header.read_header` does.

    Raises:
        FilmError: it cannot be read; the message is the reason, without the path.
    """
    with _valid():
        return DicomHeader(**processes.run("tags", path, {"salt": salt.hex(), "raw": raw}).words)


@contextmanager
def _valid() -> Iterator[None]:
    """Turn an invalid answer into a `FilmError`, because a damaged film may have damaged the worker."""
    try:
        yield
    except (KeyError, TypeError, ValueError):
        raise FilmError("its decoder gave no valid answer") from None


def _pixels(answer: Answer) -> Decoded:
    height, width = answer.words["shape"]
    values = np.frombuffer(answer.body, np.uint8).reshape(height, width)
    return Decoded(values, _notes(answer.words), _view(answer.words))


def _notes(words: dict[str, Any]) -> tuple[str, ...]:
    return tuple(printable(note) for note in words["notes"])


def _view(words: dict[str, Any]) -> View | None:
    return None if words["view"] is None else View.checked(words["view"])


def _plain(display: Display | None) -> dict[str, Any] | None:
    return None if display is None else asdict(display)
