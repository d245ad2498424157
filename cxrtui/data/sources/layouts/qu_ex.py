"""COVID-QU-Ex: ``{Lung,Infection} Segmentation Data/<the same>/{Train,Val,Test}/<class>/{images,lung masks,…}``.

The tree follows the lists of several users of the Kaggle archive (its seventh version), whose page was not available.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cxrtui.data.films import Film, printable
from cxrtui.data.sources.folders import SPLITS, is_mask_folder, loose, subfolders, walk
from cxrtui.data.sources.layouts import words
from cxrtui.data.sources.layouts.bimcv import film_by_name
from cxrtui.data.sources.layouts.places import entry
from cxrtui.errors import DataError

_SETS = ("lung segmentation data", "infection segmentation data")
_CLASSES = frozenset({"covid 19", "non covid", "normal"})


def _sets(path: Path) -> list[Path]:
    """Return the folders of train, val and test of each set at `path`, the larger set first."""
    homes = []
    for name in _SETS:
        home = entry(path, name)
        while home is not None and (inner := entry(home, name)) is not None:  # the archive has the folder twice
            home = inner
        if home is not None:
            homes.append(home)
    return [home for home in (*homes, *([] if homes else [path])) if _splits(home)]


def _splits(home: Path) -> list[Path]:
    splits = [folder for folder in subfolders(home) if folder.name.casefold() in SPLITS]
    inner = [below for split in splits[:1] for below in subfolders(split)]
    known = [below for below in inner if words.plain(below.name) in _CLASSES and entry(below, "images")]
    return splits if known else []


def recognises(path: Path) -> bool:
    """Whether `path` holds one of its two sets, or is one: ``{Train,Val,Test}/<class>/images``."""
    return path.is_dir() and bool(_sets(path))


def read(path: Path, tally: Counter[str]) -> Iterator[Film]:
    """Yield the films of the larger set, which include those of the infection set beside it."""
    sets = _sets(path)
    if not sets:
        raise DataError(f"{printable(path)} cannot be read as covid-qu-ex: it has no Train/<class>/images.")
    first, *others = sets
    for split in _splits(first):
        for folder in subfolders(split):
            for inner in subfolders(folder):
                if words.plain(inner.name) == "images":
                    for file in walk(inner, path, tally):
                        yield film_by_name(file, path, folder.name, SPLITS[split.name.casefold()])
                else:
                    reason = "a mask" if is_mask_folder(inner.name) else "beside the folder of images"
                    tally[reason] += sum(1 for _ in walk(inner, path, Counter()))
            loose(folder, tally, "beside the folder of images")
    for other in others:
        for split in _splits(other):
            for folder in subfolders(split):
                for inner in subfolders(folder):
                    reason = "a mask" if is_mask_folder(inner.name) else f"in {other.name}, films of the larger set"
                    tally[reason] += sum(1 for _ in walk(inner, path, Counter()))
