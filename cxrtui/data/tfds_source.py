"""This module reads and writes data sets of tensorflow-datasets in array_record files, without TensorFlow.

No other module imports tfds or array_record. It keeps the prepared store's arrays, and opens published data sets.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow_datasets as tfds
from array_record.python.array_record_data_source import ArrayRecordDataSource
from array_record.python.array_record_module import ArrayRecordWriter
from tensorflow_datasets.proto import tf_example_pb2

from cxrtui.data.array_source import ArraySource, Example, Published, Record
from cxrtui.data.films import printable
from cxrtui.errors import DataError

tfds.disable_progress_bar()

_READ = 256  # records in memory at once


def films_at_once(size: int) -> int:
    """Return how many films one data set may have: 128 MiB, for tfds holds them in memory while it writes them."""
    return max(1, min(2048, (1 << 27) // size**2))


class _Uncompressed:
    """Writes records uncompressed: tfds' compression makes writing four times slower and saves only 30 % of disk.

    Protobuf puts the features of a record into an order that each process draws anew; here they are in one order.
    """

    def write(self, path: os.PathLike[str], examples: Iterable[tuple[object, bytes]]) -> None:
        writer = ArrayRecordWriter(os.fspath(path), "group_size:1,uncompressed")
        for _, example in examples:
            writer.write(tf_example_pb2.Example.FromString(example).SerializeToString(deterministic=True))
        writer.close()


class _OwnInfo(tfds.core.DatasetInfo):  # type: ignore[misc]
    """The tfds information about a data set that only this program uses."""

    def initialize_from_bucket(self) -> None:
        """Do nothing, because tfds would leave an empty temporary folder and look for this data set in its bucket."""


class CxrFilms(tfds.core.GeneratorBasedBuilder):  # type: ignore[misc]
    """tfds builder of films of `size` pixels; `records` is consumed when it is built."""

    name = "cxr_films"
    VERSION = tfds.core.Version("1.0.0")
    code_path = None  # there are no checksums or citations; looking for them needs importlib_resources

    def __init__(self, *, size: int, names: Sequence[str], records: Iterator[Record], **kwargs: Any) -> None:
        self._shape, self._names, self._records = (size, size, 1), list(names), records
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
        return {"films": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for place, record in enumerate(self._records):
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
        """Do nothing, because tfds would print here."""

    def _log_download_done(self) -> None:
        """Do nothing, because tfds would print here."""


class _Arrays:
    """An `ArraySource` of array_record files, one after the other."""

    def __init__(self, size: int, files: Sequence[Path]) -> None:
        self._size, self._source = size, ArrayRecordDataSource([os.fspath(file) for file in files])

    def __len__(self) -> int:
        return len(self._source)

    def read(self, places: Sequence[int] | npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.uint8]:
        """As in `ArraySource`."""
        result = np.empty((len(places), self._size, self._size), np.uint8)
        for start in range(0, len(places), _READ):
            block = [int(place) for place in places[start : start + _READ]]
            for row, record in enumerate(self._source.__getitems__(block), start):
                result[row] = _image(record).reshape(self._size, self._size)
        return result


def _image(record: bytes) -> npt.NDArray[np.uint8]:
    """Return the pixels of a record of `CxrFilms`, uint8 ``[size * size]``.

    tfds would decode each of its features in Python under the interpreter's lock, three times as long.
    """
    features = tf_example_pb2.Example.FromString(record).features.feature
    return np.frombuffer(features["image"].bytes_list.value[0], np.uint8)


def write_arrays(folder: Path, records: Iterator[Record], *, size: int, names: Sequence[str]) -> None:
    """Write `records`, at most as many as `films_at_once`, as a data set in `folder`, which exists and is empty.

    Args:
        folder: the folder of the data set.
        records: the records, consumed as they are written.
        size: the width and height of each image, pixels.
        names: the names of the classes.

    Raises:
        OSError, RuntimeError, ValueError: they cannot be written.
    """
    builder = CxrFilms(size=size, names=names, records=records, data_dir=str(folder))
    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(try_download_gcs=False))


def open_arrays(folder: Path, *, size: int, count: int) -> ArraySource | None:
    """Open the data sets that `write_arrays` wrote below `folder`, in the order of the numbers in their paths.

    None where they are damaged or hold another number of films.
    """
    files = sorted(folder.rglob("*.array_record*"), key=lambda file: _numbers(file.relative_to(folder)))
    try:
        source = _Arrays(size, files) if files else None
    except Exception:  # array_record raises many kinds of error on damaged files
        return None
    return source if source is not None and len(source) == count else None


def _numbers(path: Path) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", path.as_posix())]


class _Set:
    """A `Published` data set of tfds."""

    def __init__(self, builder: Any, image: str, label: str) -> None:
        self._builder, self._image, self._label = builder, image, label

    @property
    def name(self) -> str:
        """As in `Published`."""
        return str(self._builder.info.full_name)

    @property
    def mark(self) -> str:
        """As in `Published`."""
        try:
            return f"{os.stat(os.path.join(str(self._builder.data_path), 'dataset_info.json')).st_mtime_ns:x}"
        except OSError:
            return "0"

    def examples(self) -> Iterator[Example]:
        """See `Published`; encoded images are not decoded, because only workers decode."""
        features = self._builder.info.features
        kind, names = features[self._image], features[self._label].names
        encoded = type(kind).__name__ == "Image" and np.dtype(kind.np_dtype).kind == "u"
        decoders = {self._image: tfds.decode.SkipDecoding()} if encoded else None
        for split in sorted(self._builder.info.splits):
            source = self._builder.as_data_source(split, decoders=decoders)
            for place in range(len(source)):
                record = source[place]
                image = record[self._image] if encoded else np.asarray(record[self._image])
                index = int(record[self._label])
                yield Example(split, place, image, names[index] if index >= 0 else "", self._facts(record))

    def _facts(self, record: dict[str, Any]) -> dict[str, str]:
        plain = (bytes, str, int, float, np.generic)
        others = {key: value for key, value in record.items() if key not in (self._image, self._label)}
        return {
            key: value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            for key, value in others.items()
            if isinstance(value, plain)
        }


def open_published(name: str, folder: Path | None) -> Published:
    """Open the data set in `folder`, or, if that is None, the one called ``name`` or ``name/config:version``.

    Raises:
        DataError: it is not prepared here, or has no image or no label.
    """
    try:
        if folder is not None:
            own = next((item.parent for item in sorted(folder.rglob("dataset_info.json"))), folder)
            builder = tfds.builder_from_directory(str(own))
        else:
            builder = tfds.core.read_only_builder.builder_from_files(name)
    except Exception as error:  # tfds raises many kinds of error
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].split(". ")[0][:200]
        raise DataError(
            f"The tfds data set {printable(name)} is not prepared here ({reason}); prepare it with "
            "tfds build --file_format=array_record, or give its folder as tfds:FOLDER."
        ) from None
    return _Set(builder, *_image_and_label(builder.info.features, name))


def _image_and_label(features: Any, name: str) -> tuple[str, str]:
    """Return the names of the image and of the class among the features."""
    if not isinstance(features, tfds.features.FeaturesDict):
        raise DataError(f"The tfds data set {printable(name)} has no named features; it needs an image and a label.")
    images = [key for key, kind in features.items() if _is_image(key, kind)]
    labels = [key for key, kind in features.items() if isinstance(kind, tfds.features.ClassLabel)]
    if not images or not labels:
        missing = "image" if not images else "class label"
        raise DataError(
            f"The tfds data set {printable(name)} has no {missing} among its features ({', '.join(features)})."
        )
    return images[0], "label" if "label" in labels else labels[0]


def _is_image(key: str, kind: Any) -> bool:
    shape = getattr(kind, "shape", None) or ()
    return type(kind).__name__ == "Image" or (key == "image" and len(shape) in (2, 3))


# The type checker verifies here that these classes implement the protocols.
_ARRAYS: type[ArraySource] = _Arrays
_PUBLISHED: type[Published] = _Set
