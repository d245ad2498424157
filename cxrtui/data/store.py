"""This module keeps the prepared store: square greyscale films in an `ArraySource`, with an index.

A store is a folder named by its fingerprint. `building` builds it under another name and renames it when it is
complete, so that a folder of that name is complete; on opening, sizes are checked against the index. Record `i` is film
`i`; a film that could not be read is a black record with the reason in `error` and in the index, which also holds the
notes on films and what those show that are no upright frontal chest films.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cxrtui.data import tfds_source
from cxrtui.data.array_source import ArraySource
from cxrtui.data.array_source import Record as Record
from cxrtui.data.images.decode import stored_size as stored_size
from cxrtui.data.images.decoding.films import PIXELS_VERSION as PIXELS_VERSION
from cxrtui.data.images.decoding.films import decoders

INDEX = "index.json"
"""The name of the file that says what a store holds; it is written last."""


@dataclass
class Store:
    """A complete store, opened for reading; several threads may read at once."""

    folder: Path
    size: int
    count: int
    unreadable: dict[int, str]
    notes: dict[int, list[str]]
    odd: dict[int, str]
    _source: ArraySource = field(repr=False)

    def images(self, indices: Sequence[int] | npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.uint8]:
        """Return the images at `indices`, uint8 `[n, size, size]`, read from disk."""
        return self._source.read(indices)


def open_store(folder: Path) -> Store | None:
    """Open the store in `folder`; None if there is none, it is incomplete, or other decoders may read more films."""
    try:
        body = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        whole = all((folder / name).stat().st_size == size for name, size in body["files"].items())
        size, count = int(body["side"]), int(body["count"])
        unreadable = {int(place): str(reason) for place, reason in body["unreadable"].items()}
        notes = {int(place): [str(note) for note in texts] for place, texts in body["notes"].items()}
        odd = {int(place): str(reason) for place, reason in body.get("odd", {}).items()}  # older stores have none
        whole = whole and (not unreadable or body["decoders"] == list(decoders()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not whole:
        return None
    source = tfds_source.open_arrays(folder, size=size, count=count)
    return None if source is None else Store(folder, size, count, unreadable, notes, odd, source)
