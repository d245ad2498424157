"""The prepared store: square grey films as a tensorflow-datasets data set in array_record files, without TensorFlow.

A store is a folder named by its fingerprint. It is built under another name and renamed once it is complete, so a store
that can be seen is whole; sizes are checked against its index on opening. Record `i` is film `i`; a film that could not
be read is a black record with the reason in `error`, and in the index, which also keeps the notes on films.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow_datasets as tfds
from array_record.python.array_record_module import ArrayRecordWriter

from cxrtui.data.films import Film
from cxrtui.data.images.decode import stored_side as stored_side
from cxrtui.data.images.decoding.films import PIXELS_VERSION as PIXELS_VERSION
from cxrtui.data.images.decoding.films import decoders
from cxrtui.disk import explained, refusal
from cxrtui.errors import DataError

_INDEX = "index.json"

tfds.disable_progress_bar()


def chunk(side: int) -> int:
    """Films in one tfds split, 128 MiB of them: tfds holds a split in memory while it writes it."""
    return max(1, (1 << 27) // side**2)


@dataclass(frozen=True)
class Record:
    """What goes into one record of the store."""

    image: npt.NDArray[np.uint8]  # [side, side]
    film: Film
    label: int
    error: str = ""


class _Uncompressed:
    """Writes records as they are: tfds' own compression quadruples the time to write and saves 30 % of the disk."""

    def write(self, path: os.PathLike[str], examples: Iterable[tuple[object, bytes]]) -> None:
        writer = ArrayRecordWriter(os.fspath(path), "group_size:1,uncompressed")
        for _, example in examples:
            writer.write(example)
        writer.close()


class _OwnInfo(tfds.core.DatasetInfo):  # type: ignore[misc]
    """What tfds knows of a set that is nobody's but ours."""

    def initialize_from_bucket(self) -> None:
        """Do nothing: tfds would leave an empty temporary folder behind and ask its own bucket for this set."""


class CxrFilms(tfds.core.GeneratorBasedBuilder):  # type: ignore[misc]
    """tfds builder of `count` films of `side`; `records` is pulled when it is built, and not needed to read."""

    name = "cxr_films"
    VERSION = tfds.core.Version("1.0.0")
    code_path = None  # no checksums or citations beside this file; looking for them needs importlib_resources

    def __init__(self, *, side: int, names: Sequence[str], count: int, records: Iterator[Record] | None = None,
                 **kwargs: Any) -> None:  # fmt: skip
        self._shape, self._names, self._count, self._chunk = (side, side, 1), list(names), count, chunk(side)
        self._records = records or iter(())
        super().__init__(file_format="array_record", **kwargs)

    def _info(self) -> tfds.core.DatasetInfo:
        features = tfds.features.FeaturesDict(
            {
                "image": tfds.features.Tensor(shape=self._shape, dtype=np.uint8, encoding="bytes"),
                "label": tfds.features.ClassLabel(names=self._names),
                **{name: tfds.features.Text() for name in ("patient", "source", "path", "error")},
            }
        )
        return _OwnInfo(builder=self, features=features, disable_shuffling=True)

    def _split_generators(self, dl_manager: object) -> dict[str, Any]:
        del dl_manager
        starts = range(0, self._count, self._chunk)
        return {f"films{number}": self._generate_examples(start) for number, start in enumerate(starts)}

    def _generate_examples(self, start: int) -> Iterator[tuple[int, dict[str, Any]]]:
        for place in range(start, min(start + self._chunk, self._count)):
            record = next(self._records)
            example = {
                "image": record.image[..., None],
                "label": record.label,
                "patient": os.fsencode(record.film.patient),
                "source": os.fsencode(record.film.source),
                "path": os.fsencode(record.film.name),
                "error": record.error.encode("utf-8", "replace"),
            }
            yield place, example

    def _example_writer(self) -> _Uncompressed:
        return _Uncompressed()

    def _log_download_bytes(self) -> None:
        """Say nothing: tfds would print."""

    def _log_download_done(self) -> None:
        """Say nothing."""


@dataclass
class Store:
    """A complete store, opened for reading; safe to read from several threads."""

    folder: Path
    side: int
    count: int
    unreadable: dict[int, str]
    notes: dict[int, list[str]]
    _sources: list[Any] = field(repr=False)

    def images(self, indices: Sequence[int] | npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.uint8]:
        """The films at `indices`, uint8 `[n, side, side]`, read from disk."""
        result = np.empty((len(indices), self.side, self.side), np.uint8)
        places, size = np.asarray(indices, np.int64), chunk(self.side)
        for start in range(0, len(places), 256):
            block = places[start : start + 256]
            for number in np.unique(block // size):
                rows = np.flatnonzero(block // size == number)
                records = self._sources[number].__getitems__([int(place) for place in block[rows] % size])
                for row, record in zip(rows, records, strict=True):
                    result[start + row] = record["image"][..., 0]
        return result


def open_store(folder: Path, names: Sequence[str]) -> Store | None:
    """The store in `folder`, or None where there is none, it is not whole, or other decoders may read more of it."""
    try:
        body = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
        whole = all((folder / name).stat().st_size == size for name, size in body["files"].items())
        side, count = int(body["side"]), int(body["count"])
        unreadable = {int(place): str(reason) for place, reason in body["unreadable"].items()}
        notes = {int(place): [str(note) for note in said] for place, said in body["notes"].items()}
        whole = whole and (not unreadable or body["decoders"] == list(decoders()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not whole:
        return None
    builder = CxrFilms(side=side, names=names, count=count, data_dir=str(folder))
    try:
        sources = [builder.as_data_source(f"films{number}") for number in range(-(-count // chunk(side)))]
    except Exception:  # whatever tfds makes of damaged files: the store is built anew
        return None
    return Store(folder, side, count, unreadable, notes, sources)


def build_store(folder: Path, records: Iterator[Record], *, side: int, count: int, names: Sequence[str],
                unreadable: dict[int, str], notes: dict[int, list[str]]) -> None:  # fmt: skip
    """Write `count` records to `folder`, all or nothing; `unreadable` and `notes` are full once all were pulled.

    Raises:
        DataError: the disk is full or may not be written to.
    """
    temporary = folder.with_name(f".building-{folder.name}-{os.getpid()}-{time.time_ns()}")
    try:
        temporary.mkdir(parents=True)
        _sweep(folder.parent)
        builder = CxrFilms(side=side, names=names, count=count, records=records, data_dir=str(temporary))
        builder.download_and_prepare(download_config=tfds.download.DownloadConfig(try_download_gcs=False))
        files = {
            file.relative_to(temporary).as_posix(): file.stat().st_size
            for file in sorted(temporary.rglob("*"))
            if file.is_file()
        }
        index = {"side": side, "count": count, "unreadable": unreadable, "notes": notes, "decoders": decoders(),
                 "files": files}  # fmt: skip
        with (temporary / _INDEX).open("w", encoding="utf-8") as stream:
            json.dump(index, stream)
            stream.flush()
            os.fsync(stream.fileno())
        if folder.exists():  # not whole, or another process was faster
            if open_store(folder, names) is not None:
                return
            os.replace(folder, temporary.with_name(f"{temporary.name}-old"))
        os.replace(temporary, folder)
    except (OSError, RuntimeError, ValueError) as error:
        why = refusal(error)  # array_record has its own way to say it
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
    """Remove what builds that were killed left behind more than a day ago."""
    for left in parent.glob(".building-*"):
        try:
            if time.time() - left.stat().st_mtime > 86_400:
                shutil.rmtree(left, ignore_errors=True)
        except OSError:
            continue
