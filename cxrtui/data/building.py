"""This module builds a store in shards, which several processes, also of several machines, may share.

Each of them goes through the shards and builds those that no other one has built or is building (`claims`). A shard is
a folder that appears by a rename, and so does the store, so that a process may be killed at any time: what it had
finished stays. The store is the same, byte for byte, however many built it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from cxrtui.data import tfds_source
from cxrtui.data.array_source import Record
from cxrtui.data.claims import ENDING, Claims
from cxrtui.data.images.decoding.films import decoders
from cxrtui.data.store import INDEX, open_store
from cxrtui.disk import explained, refusal
from cxrtui.errors import DataError
from cxrtui.files import read_text, write_atomic

_FACTS = "facts.json"  # of a shard: its part of the index
_LOOK = 0.2  # seconds between two looks at what others have built

Records = Callable[[range], Iterator[Record]]
OnDone = Callable[[int], None]
"""It is called with how many records are built, and may raise an error to end the work."""


def build_store(
    folder: Path, records: Records, *, size: int, count: int, names: Sequence[str], on_done: OnDone
) -> None:  # fmt: skip
    """Build the store in `folder`, or help others who build it, and return when it is complete.

    Args:
        folder: of the store; what is there and is not complete is replaced.
        records: gives the records of some rows, in order.
        size: the width and height of each image, pixels.
        count: the number of records.
        names: the names of the classes.
        on_done: see `OnDone`; called often.

    Raises:
        DataError: the disk is full or may not be written to.
    """
    # Other decoders may read other films, so machines share the work only where these are the same.
    mark = hashlib.sha256(repr(decoders()).encode()).hexdigest()[:8]
    building = folder.with_name(f".building-{folder.name}-{mark}")
    try:
        done = False
        while not done:  # another process that stops may just have removed the folder
            building.mkdir(parents=True, exist_ok=True)
            _sweep(building)
            done = _build(folder, building, records, size, count, names, on_done)
    except (OSError, RuntimeError, ValueError) as error:
        why = refusal(error)  # array_record reports a full disk in its own way
        if why is None and not isinstance(error, OSError):
            raise
        raise DataError(
            f"Cannot write the prepared films to {folder.parent}: {why.reason if why else explained(error)}; "
            f"{why.remedy if why else 'make room'}, or set CXRTUI_CACHE_DIR to another folder."
        ) from None
    finally:
        with suppress(OSError):  # it stays where a shard is in it, or another process works there
            building.rmdir()


def _build(
    folder: Path, building: Path, records: Records, size: int, count: int, names: Sequence[str], on_done: OnDone
) -> bool:
    """Build shards until none is missing, and finish the store; return whether this or another process did."""
    at_once = tfds_source.films_at_once(size)
    shards = {
        f"{start // at_once:05d}": range(start, min(start + at_once, count)) for start in range(0, count, at_once)
    }
    claims = Claims(building)

    def built() -> int:
        return sum(len(rows) for name, rows in shards.items() if (building / name).exists())

    try:
        while missing := [name for name in shards if not (building / name).exists()]:
            worked = False
            for name in missing:
                with claims.claimed(name) as ours:
                    if ours and not (building / name).exists():
                        worked = True
                        _write(building, name, shards[name], records, size, names, on_done, built())
            on_done(built())
            if not worked:
                time.sleep(_LOOK)
        while building.exists():
            with claims.claimed(INDEX) as ours:
                if ours:
                    _finish(folder, building, size, count)
                    return True
            on_done(count)
            time.sleep(_LOOK)
    except FileNotFoundError:
        if building.exists():
            raise
    return (folder / INDEX).exists()


def _write(
    building: Path, name: str, rows: range, records: Records, size: int, names: Sequence[str], on_done: OnDone,
    before: int,
) -> None:  # fmt: skip
    """Write the shard `name`, which has the records of `rows`; `before` are built in others."""
    temporary = building / f".{name}-{os.getpid()}-{time.time_ns()}"
    facts: dict[str, dict[int, Any]] = {"unreadable": {}, "notes": {}, "odd": {}}

    def noted() -> Iterator[Record]:
        for row, record in zip(rows, records(rows), strict=True):
            for key, fact in (("unreadable", record.error), ("notes", record.notes), ("odd", record.odd)):
                if fact:
                    facts[key][row] = fact
            yield record
            on_done(before + row - rows.start + 1)

    try:
        temporary.mkdir()
        tfds_source.write_arrays(temporary, noted(), size=size, names=names)
        write_atomic(temporary / _FACTS, json.dumps(facts))
        try:
            os.rename(temporary, building / name)
        except OSError:
            if not (building / name).exists():  # else another process has built the same
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _finish(folder: Path, building: Path, size: int, count: int) -> None:
    """Write the index of the shards, and rename them to `folder`."""
    facts: dict[str, dict[str, Any]] = {"unreadable": {}, "notes": {}, "odd": {}}
    for file in sorted(building.glob(f"*/{_FACTS}")):
        for key, part in json.loads(read_text(file)).items():
            facts[key].update(part)
    for left in building.glob(".*"):  # of processes that were killed
        shutil.rmtree(left, ignore_errors=True)
    files = {
        file.relative_to(building).as_posix(): file.stat().st_size
        for file in sorted(building.rglob("*"))
        if file.is_file() and file.suffix != ENDING
    }
    index = {"side": size, "count": count, **facts, "decoders": decoders(), "files": files}
    write_atomic(building / INDEX, json.dumps(index))
    old = building.with_name(f"{building.name}-old-{os.getpid()}")
    try:
        if folder.exists():
            if open_store(folder) is not None:
                shutil.rmtree(building, ignore_errors=True)
                return
            os.rename(folder, old)
        os.rename(building, folder)
    finally:
        shutil.rmtree(old, ignore_errors=True)
    for left in folder.glob(f"*{ENDING}"):
        left.unlink(missing_ok=True)


def _sweep(building: Path) -> None:
    """Remove what killed builds of other stores left more than a day ago."""
    for left in building.parent.glob(".building-*"):
        try:
            if left != building and time.time() - left.stat().st_mtime > 86_400:
                shutil.rmtree(left, ignore_errors=True)
        except OSError:
            continue
