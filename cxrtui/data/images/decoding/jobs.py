"""This module holds the jobs of a worker: each takes a film's file descriptor and returns a JSON object and bytes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from cxrtui.data.films import Display
from cxrtui.data.images.decode import Decoded, decode_with_notes, read_film_with_notes
from cxrtui.data.images.headers import read_header

Body = bytes | memoryview
Given = tuple[dict[str, Any], Body]
Shown = dict[str, Any] | None


def read_film(film: int, size: int, resize_mode: str, display: Shown) -> Given:
    """Return the film as the square that is stored."""
    return _pixels(read_film_with_notes(film, size, resize_mode, _display(display)))


def decode(film: int, display: Shown) -> Given:
    """Return the film at its full size."""
    return _pixels(decode_with_notes(film, _display(display)))


def header(film: int, ending: str) -> Given:
    """Return the result of `headers.read_header`."""
    return asdict(read_header(film, ending)), b""


def look(film: int, ending: str, size: int, resize_mode: str, display: Shown) -> Given:
    """Return the header of a film after decoding it, with the notes of the decoding."""
    said = asdict(read_header(film, ending))
    return {"header": said, "notes": read_film_with_notes(film, size, resize_mode, _display(display)).notes}, b""


def tags(film: int, salt: str, raw: bool) -> Given:
    """Return the result of `dicom.header.read_header`."""
    from cxrtui.data.images.dicom import header as dicom  # pydicom takes long to import, and most films are not DICOM

    return asdict(dicom.read_header(film, salt=bytes.fromhex(salt), raw=raw)), b""


JOBS = {job.__name__: job for job in (read_film, decode, header, look, tags)}


def _pixels(decoded: Decoded) -> Given:
    values = np.ascontiguousarray(decoded.values)
    return {"shape": values.shape, "notes": decoded.notes}, values.data.cast("B")


def _display(said: Shown) -> Display | None:
    if said is None:
        return None
    window = said["window"]
    return Display((float(window[0]), float(window[1])) if window else None, bool(said["inverted"]))
