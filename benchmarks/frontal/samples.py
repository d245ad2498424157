"""The samples that the refusal is trained and measured on: features of images, each with its kind and its source.

They are made once on all cores and kept in cxrtui's cache, by the content of the films and of the code that makes them.
"""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import PIL
from originals import originals
from recipes import Recipe, recipes

from cxrtui.data.frontal import features, thumbnail
from cxrtui.data.frontal.model import CLASSES
from cxrtui.workspace import cache_root

_CHUNK = 100  # samples
_RECIPES: list[Recipe] = []  # what the processes draw: they are forked with it


@dataclass(frozen=True)
class Samples:
    """Thumbnails, their features float32 ``[N, D]``, class indices ``[N]``, and source, name and maker of each."""

    thumbnails: np.ndarray
    features: np.ndarray
    classes: np.ndarray
    sources: np.ndarray
    names: np.ndarray
    makers: np.ndarray

    def __getitem__(self, chosen: np.ndarray) -> Samples:
        return Samples(*(getattr(self, item.name)[chosen] for item in fields(self)))

    def __len__(self) -> int:
        return len(self.classes)


def read(folder: Path, seed: int, processes: int) -> Samples:
    """Return the samples of the films below `folder`, from the cache if they are there."""
    home = cache_root() / "frontal-samples" / _mark(folder, seed)
    if not (home / "makers.npy").exists():
        home.mkdir(parents=True, exist_ok=True)
        found = _made(recipes(originals(folder), seed), processes)
        for item in fields(Samples):  # the makers come last
            np.save(home / f"{item.name}.npy", getattr(found, item.name))
    return Samples(*(np.load(home / f"{item.name}.npy", mmap_mode="r" if item.name == "thumbnails" else None)
                     for item in fields(Samples)))  # fmt: skip


def _mark(folder: Path, seed: int) -> str:
    """Return a name for the samples that these films, this code and this seed give."""
    mark = hashlib.sha256(f"{seed} {np.__version__} {PIL.__version__}".encode())
    here = Path(__file__).parent
    code = (*sorted(here.glob("*.py")), Path(features.__file__), Path(thumbnail.__file__))
    own = {"train.py", "leave_out.py", "fitting.py", "tables.py", "cost.py", "modalities.py"}
    films = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in (*(path for path in code if path.name not in own), *films):
        mark.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return mark.hexdigest()[:16]


def _made(todo: list[Recipe], processes: int) -> Samples:
    global _RECIPES
    _RECIPES = todo
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        parts = pool.map(_described, range(0, len(todo), _CHUNK), chunksize=1)
    small, described = (np.concatenate(each) for each in zip(*parts, strict=True))

    def column(values: Iterable[str]) -> np.ndarray:
        return np.array(list(values))

    return Samples(small, described, np.array([CLASSES.index(item.kind) for item in todo]),
                   column(item.source for item in todo), column(item.name for item in todo),
                   column(item.maker for item in todo))  # fmt: skip


def _described(start: int) -> tuple[np.ndarray, np.ndarray]:
    small = np.stack([thumbnail.thumbnail(item.draw()) for item in _RECIPES[start : start + _CHUNK]])
    return small, features.features(small)
