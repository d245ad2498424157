"""Two collections with masks: QaTa-COV19 and COVID-QU-Ex."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cxrtui.data.films import Film, name_below
from cxrtui.data.folders import SPLITS, is_mask_folder, subfolders, walk
from cxrtui.data.layouts import words
from cxrtui.data.layouts.bimcv import NAME, VIEW
from cxrtui.data.layouts.places import entry

_SETS = {"train set": "train", "test set": "test", "val set": "validation", "validation set": "validation"}
_QU_EX = ("lung segmentation data", "infection segmentation data")
_QU_EX_CLASSES = frozenset({"covid 19", "non covid", "normal"})


def _film(file: Path, root: Path, label: str, split: str) -> Film:
    """A film; what comes from BIMCV keeps its patient and view in its name."""
    named, in_name = NAME.match(file.name), VIEW.search(file.name)
    return Film(
        path=file, name=name_below(file, root), label=label, split=split, patient=named[1] if named else "",
        view=in_name[1] if named and in_name else "", source="bimcv" if named else "",
    )  # fmt: skip


def is_qata(path: Path) -> bool:
    """Whether `path` holds ``Train Set/Images``, or is named for the collection and holds ``Images``."""
    if not path.is_dir():
        return False
    sets = [folder for folder in subfolders(path) if words.plain(folder.name) in _SETS]
    if any(entry(folder, "images") for folder in sets):
        return True
    return words.plain(path.name).startswith("qata cov19") and bool(subfolders(path)) and _below(path) is not path


def _below(path: Path) -> Path:
    """The folder of the first release's classes: ``Images``, or the one folder that holds one."""
    for folder in (path, *subfolders(path)):
        if (images := entry(folder, "images")) is not None and subfolders(images):
            return images
    return path


def read_qata(path: Path, tally: Counter[str]) -> Iterator[Film]:
    """Second release: all films, COVID-19. First: the class folders below ``Images``, their path as a hierarchy."""
    sets = [folder for folder in subfolders(path) if words.plain(folder.name) in _SETS]
    for folder in sets:
        for inner in subfolders(folder):
            if words.plain(inner.name) == "images":
                for file in walk(inner, path, tally):
                    yield _film(file, path, "COVID-19", _SETS[words.plain(folder.name)])
            else:
                tally["a mask"] += sum(1 for _ in walk(inner, path, Counter()))
    if not sets:
        images = _below(path)
        for file in walk(images, path, tally):
            if file.stem.casefold().startswith("mask_"):
                tally["a mask"] += 1
            elif file.parent == images:
                tally["not in a class folder"] += 1
            else:
                yield _film(file, path, file.parent.relative_to(images).as_posix(), "")


def _qu_ex_sets(path: Path) -> list[Path]:
    """The folders of train, val and test of each set at `path`, the larger set first."""
    homes = []
    for name in _QU_EX:
        home = entry(path, name)
        while home is not None and (inner := entry(home, name)) is not None:  # the archive has the folder twice
            home = inner
        if home is not None:
            homes.append(home)
    return [home for home in (*homes, *([] if homes else [path])) if _qu_ex_parts(home)]


def _qu_ex_parts(home: Path) -> list[Path]:
    parts = [folder for folder in subfolders(home) if folder.name.casefold() in SPLITS]
    inner = [below for part in parts[:1] for below in subfolders(part)]
    known = [below for below in inner if words.plain(below.name) in _QU_EX_CLASSES and entry(below, "images")]
    return parts if known else []


def is_qu_ex(path: Path) -> bool:
    """Whether `path` holds one of its two sets, or is one: ``{Train,Val,Test}/<class>/images``."""
    return path.is_dir() and bool(_qu_ex_sets(path))


def read_qu_ex(path: Path, tally: Counter[str]) -> Iterator[Film]:
    """The films of the larger set; those of the infection set beside it are among them."""
    first, *others = _qu_ex_sets(path) or [path]
    for part in _qu_ex_parts(first):
        for folder in subfolders(part):
            for inner in subfolders(folder):
                if words.plain(inner.name) == "images":
                    for file in walk(inner, path, tally):
                        yield _film(file, path, folder.name, SPLITS[part.name.casefold()])
                elif is_mask_folder(inner.name):
                    tally["a mask"] += sum(1 for _ in walk(inner, path, Counter()))
    for other in others:
        for part in _qu_ex_parts(other):
            for folder in subfolders(part):
                images = entry(folder, "images")
                if images is not None:
                    tally[f"in {other.name}, films of the larger set"] += sum(1 for _ in walk(images, path, Counter()))
