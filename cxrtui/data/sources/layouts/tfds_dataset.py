"""``tfds:NAME``: a data set that tensorflow-datasets has prepared on this machine, and cxrtui's own prepared stores.

Its images are written out once, into the cache (encoded ones as they are, others as PNG), because everything behind a
source reads files. TensorFlow is not needed for data sets in array_record files (``tfds build
--file_format=array_record``).
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cxrtui.data.films import Collection, Film, printable
from cxrtui.data.sources.folders import SPLITS
from cxrtui.errors import DataError
from cxrtui.workspace import cache_root, expand

_INDEX = "films.json"
_SAID = ("patient", "source", "view", "sex", "age", "offset")


def read_dataset(name: str) -> Collection:
    """The films of the data set `name` (``name``, ``name/config:version``, or a folder with dataset_info.json).

    Raises:
        DataError: it is not prepared here, has no image or label, or cannot be read.
    """
    builder = _builder(name)
    image, label = _features(builder, name)
    known = re.sub(r"[^\w.-]+", "-", str(builder.info.full_name))
    folder = cache_root() / "tfds" / f"{known}-{_mark(builder)}"
    if not (folder / _INDEX).is_file():
        _write_out(builder, folder, name, image, label)
    listed = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
    films = tuple(Film(path=folder / item["name"], **item) for item in listed["films"])
    if not films:
        raise DataError(f"The tfds data set {printable(name)} has no films; prepare it anew.")
    return Collection(
        films=films, root=folder, layout="tfds", found=dict(sorted(Counter(film.label for film in films).items())),
        left_out=listed["left_out"],
    )  # fmt: skip


def _builder(name: str) -> Any:
    import tensorflow_datasets as tfds

    from cxrtui.data import store  # registers cxrtui's own builder  # noqa: F401

    if not name.strip():
        raise DataError("No tfds data set was named; add its name or its folder behind tfds:.")
    path = expand(name)
    try:
        if path.is_dir():
            own = next((item.parent for item in sorted(path.rglob("dataset_info.json"))), path)
            return tfds.builder_from_directory(str(own))
        return tfds.core.read_only_builder.builder_from_files(name)
    except Exception as error:  # tfds raises many kinds
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].split(". ")[0][:200]
        raise DataError(
            f"The tfds data set {printable(name)} is not prepared here ({reason}); prepare it with "
            "tfds build --file_format=array_record, or give its folder as tfds:FOLDER."
        ) from None


def _features(builder: Any, name: str) -> tuple[str, str]:
    """The names of the image and of the class among the features."""
    import tensorflow_datasets as tfds

    features = builder.info.features
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


def _mark(builder: Any) -> str:
    """What changes when the data set is prepared anew."""
    try:
        return f"{os.stat(os.path.join(str(builder.data_path), 'dataset_info.json')).st_mtime_ns:x}"
    except OSError:
        return "0"


def _write_out(builder: Any, folder: Path, name: str, image: str, label: str) -> None:
    temporary = folder.with_name(f".{folder.name}-{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    left_out: Counter[str] = Counter()
    try:
        temporary.mkdir(parents=True)
        films = list(_records(builder, temporary, image, label, left_out))
        body = json.dumps({"films": films, "left_out": left_out})
        (temporary / _INDEX).write_text(body, encoding="utf-8")
        if not folder.exists():
            os.replace(temporary, folder)
    except OSError as error:
        raise DataError(f"Cannot write out the tfds data set {printable(name)}: {error.strerror or error}.") from None
    except (ImportError, NotImplementedError, ValueError, RuntimeError, AttributeError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(
            f"Cannot read the tfds data set {printable(name)} ({reason}); prepare it with tfds build "
            "--file_format=array_record."
        ) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _records(builder: Any, folder: Path, image: str, label: str, left_out: Counter[str]) -> Iterator[dict[str, str]]:
    import tensorflow_datasets as tfds

    names = builder.info.features[label].names
    # Encoded images go out as they are: nothing decodes in this process.
    kind = builder.info.features[image]
    encoded = type(kind).__name__ == "Image" and np.dtype(kind.np_dtype).kind == "u"
    decoders = {image: tfds.decode.SkipDecoding()} if encoded else None
    for split in sorted(builder.info.splits):
        source = builder.as_data_source(split, decoders=decoders)
        for place in range(len(source)):
            record = source[place]
            if _text(record.get("error", "")):
                left_out["a film that could not be read when the data set was made"] += 1
                continue
            index = int(record[label])
            if index < 0:
                left_out["a film without a label"] += 1
                continue
            jpeg = encoded and record[image].startswith(b"\xff\xd8")
            own = f"{split}-{place:07d}.{'jpg' if jpeg else 'png'}"
            if encoded:
                (folder / own).write_bytes(record[image])
            else:
                _picture(np.asarray(record[image])).save(folder / own)
            said = {key: text for key in _SAID if (text := _text(record.get(key, "")))}
            yield {"name": own, "label": names[index], "split": SPLITS.get(split.casefold(), ""), **said}


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _picture(pixels: Any) -> Image.Image:
    """uint8 or uint16 `[H, W]` or `[H, W, C]` as a picture; floating point from 0 to 1 becomes 8 bits."""
    grey = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] in (1, 2) else pixels
    if np.issubdtype(grey.dtype, np.floating):
        grey = np.rint(np.clip(grey, 0.0, 1.0) * 255.0).astype(np.uint8)
    return Image.fromarray(grey)
