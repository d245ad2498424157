"""This module keeps the prepared store: square greyscale films in an `ArraySource`, with an index.

A store is a folder named by its fingerprint. It is built under another name and renamed when it is complete, so that a
folder of that name is complete; on opening, sizes are checked against the index. Record `i` is film `i`; a film that
could not be read is a black record with the reason in `error` and in the index, which also holds the notes on films
and what those show that are no upright frontal chest films.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
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
from cxrtui.disk import explained, refusal
from cxrtui.errors import DataError
from cxrtui.files import write_atomic

_INDEX = "index.json"


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


def open_store(folder: Path, names: Sequence[str]) -> Store | None:
    """Open the store in `folder`; None if there is none, it is incomplete, or other decoders may read more films."""
    try:
        body = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
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
    source = tfds_source.open_arrays(folder, size=size, count=count, names=names)
    return None if source is None else Store(folder, size, count, unreadable, notes, odd, source)


def build_store(folder: Path, records: Iterator[Record], *, size: int, count: int, names: Sequence[str],
                unreadable: dict[int, str], notes: dict[int, list[str]], odd: dict[int, str]) -> None:  # fmt: skip
    """Write `count` records to `folder`, all or none; the three dictionaries are complete after the last record.

    Raises:
        DataError: the disk is full or may not be written to.
    """
    temporary = folder.with_name(f".building-{folder.name}-{os.getpid()}-{time.time_ns()}")
    try:
        temporary.mkdir(parents=True)
        _sweep(folder.parent)
        tfds_source.write_arrays(temporary, records, size=size, count=count, names=names)
        files = {
            file.relative_to(temporary).as_posix(): file.stat().st_size
            for file in sorted(temporary.rglob("*"))
            if file.is_file()
        }
        index = {"side": size, "count": count, "unreadable": unreadable, "notes": notes, "odd": odd,
                 "decoders": decoders(), "files": files}  # fmt: skip
        write_atomic(temporary / _INDEX, json.dumps(index))
        if folder.exists():  # an incomplete store, or another process was faster
            if open_store(folder, names) is not None:
                return
            os.replace(folder, temporary.with_name(f"{temporary.name}-old"))
        os.replace(temporary, folder)
    except (OSError, RuntimeError, ValueError) as error:
        why = refusal(error)  # array_record reports a full disk in its own way
        if why is None and not isinstance(error, OSError):
            raise
        raise DataError(
            f"Cannot write the prepared films to {folder.parent}: {why.reason if why else explained(error)}; "
            f"{why.remedy if why else 'make room'}, or set CXRTUI_CACHE_DIR to another folder."
        ) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(temporary.with_name(f"{temporary.name}-old"), ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Remove temporary folders that killed builds left more than a day ago."""
    for left in parent.glob(".building-*"):
        try:
            if time.time() - left.stat().st_mtime > 86_400:
                shutil.rmtree(left, ignore_errors=True)
        except OSError:
            continue
