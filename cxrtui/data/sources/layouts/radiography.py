"""COVID-19 Radiography Database: ``{COVID,Lung_Opacity,Normal,Viral Pneumonia}/{images,masks}/`` and metadata.

The first releases have the images directly in the class folders, as ``COVID (1).png``. Workbooks give the origin of
each film (FILE NAME, URL); their names and the files' names differ in case.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cxrtui.data.films import Film, placed
from cxrtui.data.sources.folders import loose, subfolders, walk
from cxrtui.data.sources.layouts import words
from cxrtui.data.sources.layouts.places import entry
from cxrtui.data.sources.layouts.xlsx import read_rows
from cxrtui.errors import DataError

_CLASSES = frozenset({"covid", "covid 19", "lung opacity", "normal", "viral pneumonia"})
_OLD_NAME = re.compile(r"^(covid(-19)?|normal|viral pneumonia) ?\(\d+\)\.png$", re.IGNORECASE)
METADATA = ".metadata.xlsx"


def _classes(path: Path) -> list[Path]:
    return [folder for folder in subfolders(path) if words.plain(folder.name) in _CLASSES]


def recognises(path: Path) -> bool:
    """Whether `path` holds two of the classes, with images/ and masks/, with a workbook, or with old names."""
    found = _classes(path) if path.is_dir() else []
    if len(found) < 2:
        return False
    books = _books(path)
    return any(
        words.plain(folder.name) in books or (entry(folder, "images") and entry(folder, "masks")) or _old_names(folder)
        for folder in found
    )


def _old_names(folder: Path) -> bool:
    try:
        return any(_OLD_NAME.match(file.name) for file, _ in zip(folder.iterdir(), range(20), strict=False))
    except OSError:
        return False


def _books(path: Path) -> dict[str, Path]:
    """Return the workbooks by class name."""
    try:
        files = [file for file in sorted(path.iterdir()) if file.name.casefold().endswith(METADATA)]
    except OSError:
        return {}
    return {words.plain(file.name[: -len(METADATA)]): file for file in files}


def read(path: Path, tally: Counter[str]) -> Iterator[Film]:
    """Yield the films of every class folder, each with the publisher that its workbook names."""
    books = _books(path)
    known = _classes(path)
    for folder in subfolders(path):
        if folder not in known:
            tally["in a folder that is not one of the classes"] += sum(1 for _ in walk(folder, path, Counter()))
            continue
        sources = _sources(books.get(words.plain(folder.name)), tally)
        unused = set(sources)
        images, masks = entry(folder, "images"), entry(folder, "masks")
        met: Counter[str] = Counter()
        for file in walk(folder, path, met):
            if images and images not in file.parents:
                met["beside the folder of images"] += 1
                continue
            key = _key(file.stem)
            unused.discard(key)
            yield Film(**placed(file, path), label=folder.name, source=sources.get(key, ""))
        if images and masks:
            met["a folder of masks"] -= 1  # counted one by one
            met["a mask"] += sum(1 for _ in walk(masks, path, Counter()))
        tally.update(+met)
        if unused:
            tally["listed in the workbook, but no such file"] += len(unused)
    loose(path, tally)


def _key(name: str) -> str:
    """Return the same key for ``COVID (1)``, ``COVID-1`` and ``covid-1.png``."""
    return re.sub(r"[\s()\-_]+", "-", name.casefold().removesuffix(".png")).strip("-")


def _sources(book: Path | None, tally: Counter[str]) -> dict[str, str]:
    if book is None:
        return {}
    try:
        rows = list(read_rows(book))
    except DataError:
        tally["a workbook that cannot be read"] += 1
        return {}
    named = [(row.get("file name", "") or row.get("filename", ""), row.get("url", "")) for row in rows]
    return {_key(name): words.publisher(url, within=True) for name, url in named if name}
