"""This module reads ``tfds:NAME``: a data set that tensorflow-datasets prepared on this machine, or a prepared store.

Its images are written once into the cache (encoded ones as they are, others as PNG), because all later steps read
files. TensorFlow is not needed for data sets in array_record files (``tfds build --file_format=array_record``).
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

from cxrtui.data.array_source import Example, Published
from cxrtui.data.films import Collection, Film, printable
from cxrtui.data.sources.folders import SPLITS
from cxrtui.errors import DataError
from cxrtui.workspace import cache_root, expand

_INDEX = "films.json"
_FACTS = ("patient", "source", "view", "sex", "age", "offset")


def read_dataset(name: str) -> Collection:
    """Return the films of the data set `name` (``name``, ``name/config:version``, or a folder with dataset_info.json).

    Raises:
        DataError: it is not prepared here, has no image or label, or cannot be read.
    """
    if not name.strip():
        raise DataError("No tfds data set was named; add its name or its folder behind tfds:.")
    from cxrtui.data.tfds_source import open_published  # slow to import, and only this layout needs it

    path = expand(name)
    published = open_published(name, path if path.is_dir() else None)
    known = re.sub(r"[^\w.-]+", "-", published.name)
    folder = cache_root() / "tfds" / f"{known}-{published.mark}"
    if not (folder / _INDEX).is_file():
        _write_out(published, folder, name)
    listed = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
    films = tuple(Film(root=folder, **item) for item in listed["films"])
    if not films:
        raise DataError(f"The tfds data set {printable(name)} has no films; prepare it anew.")
    return Collection(
        films=films, root=folder, layout="tfds", found=dict(sorted(Counter(film.label for film in films).items())),
        left_out=listed["left_out"],
    )  # fmt: skip


def _write_out(published: Published, folder: Path, name: str) -> None:
    temporary = folder.with_name(f".{folder.name}-{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    left_out: Counter[str] = Counter()
    try:
        temporary.mkdir(parents=True)
        films = list(_films(published.examples(), temporary, left_out))
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


def _films(examples: Iterator[Example], folder: Path, left_out: Counter[str]) -> Iterator[dict[str, str]]:
    """Write each image to `folder`, and yield the facts for its `Film`."""
    for example in examples:
        if example.facts.get("error"):
            left_out["a film that could not be read when the data set was made"] += 1
            continue
        if not example.label:
            left_out["a film without a label"] += 1
            continue
        image = example.image
        jpeg = isinstance(image, bytes) and image.startswith(b"\xff\xd8")
        own = f"{example.split}-{example.place:07d}.{'jpg' if jpeg else 'png'}"
        if isinstance(image, bytes):
            (folder / own).write_bytes(image)
        else:
            _as_image(image).save(folder / own)
        facts = {key: text for key in _FACTS if (text := example.facts.get(key))}
        yield {"name": own, "label": example.label, "split": SPLITS.get(example.split.casefold(), ""), **facts}


def _as_image(pixels: Any) -> Image.Image:
    """Convert uint8 or uint16 `[H, W]` or `[H, W, C]` to an image; floating point from 0 to 1 becomes 8 bits."""
    image = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] in (1, 2) else pixels
    if np.issubdtype(image.dtype, np.floating):
        image = np.rint(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8)
    return Image.fromarray(image)
