"""This module holds the jobs of a worker: each takes a film's file descriptor and returns a JSON object and bytes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from cxrtui.data.films import Display
from cxrtui.data.frontal.recognise import View
from cxrtui.data.frontal.righting import Righting
from cxrtui.data.images.decode import Decoded, decode_with_notes, read_film_with_notes
from cxrtui.data.images.headers import read_header

Body = bytes | memoryview
Given = tuple[dict[str, Any], Body]
Shown = dict[str, Any] | None
Righted = tuple[int, bool]  # degrees clockwise, and whether black and white are exchanged
UNTURNED: Righted = (0, False)


def read_film(
    film: int, size: int, resize_mode: str, display: Shown, righting: Righted = UNTURNED, recognised: bool = False
) -> Given:  # fmt: skip
    """Return the film as the square that is stored."""
    how = Righting(*righting)
    return _pixels(read_film_with_notes(film, size, resize_mode, display_of(display), how, recognised=recognised))


def decode(film: int, display: Shown, righting: Righted = UNTURNED) -> Given:
    """Return the film at its full size."""
    return _pixels(decode_with_notes(film, display_of(display), Righting(*righting)))


def header(film: int, ending: str) -> Given:
    """Return the result of `headers.read_header`."""
    return asdict(read_header(film, ending)), b""


def look(film: int, ending: str, size: int, resize_mode: str, display: Shown) -> Given:
    """Return the header of a film after decoding it, with the notes of the decoding, and what it shows."""
    header = asdict(read_header(film, ending))
    found = read_film_with_notes(film, size, resize_mode, display_of(display), recognised=True)
    return {"header": header, "notes": found.notes, "view": _plain(found.view)}, b""


def tags(film: int, salt: str, raw: bool) -> Given:
    """Return the result of `dicom.header.read_header`."""
    from cxrtui.data.images.dicom import header as dicom  # pydicom takes long to import, and most films are not DICOM

    return asdict(dicom.read_header(film, salt=bytes.fromhex(salt), raw=raw)), b""


JOBS = {job.__name__: job for job in (read_film, decode, header, look, tags)}


def _pixels(decoded: Decoded) -> Given:
    values = np.ascontiguousarray(decoded.values)
    return {"shape": values.shape, "notes": decoded.notes, "view": _plain(decoded.view)}, values.data.cast("B")


def _plain(view: View | None) -> dict[str, Any] | None:
    return None if view is None else asdict(view)


def display_of(shown: Shown) -> Display | None:
    """Return the `Display` of a film that was sent as plain values."""
    if shown is None:
        return None
    window = shown["window"]
    return Display((float(window[0]), float(window[1])) if window else None, bool(shown["inverted"]))
