"""This module reads two layouts: a folder of class folders, and split folders that contain class folders.

All films below a class folder, at any depth, have that class. A folder whose name is no finding but says what it holds
(``images``, ``test``, ``masks``) is not a class folder. Files that are not films are counted; folders that a system
left (`litter`) are not entered. A link to a folder elsewhere is followed; a link back into the data is not, because the
films there already have a class.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cxrtui.data.films import Film, placed, printable
from cxrtui.data.images.dicom.recognise import HEAD, is_dicom
from cxrtui.data.sources import archives
from cxrtui.data.sources.litter import hidden
from cxrtui.data.sources.sides import container, side
from cxrtui.errors import DataError
from cxrtui.files import open_file

SPLITS = {
    "train": "train", "training": "train", "trn": "train", "val": "validation", "valid": "validation",
    "validation": "validation", "validate": "validation", "dev": "validation", "test": "test", "testing": "test",
    "tst": "test",
}  # fmt: skip
_OF_A_SPLIT = re.compile(r"[\s_\-]*(set|data|split)$")
_PACKED = "a packed archive, whose films do not count until it is unpacked"
_LOOSE = "not in a class folder"
ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".tif", ".tiff", ".bmp", ".dcm", ".dicom"})
_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"BM")
NESTED = 3  # the most nested folders that hold one folder and nothing else, as in archives
_MASKS = frozenset({"mask", "masks", "ground-truths", "ground truths", "groundtruths", "gt", "gts", "labelcol"})


def split_of(name: str) -> str:
    """Return the split that a folder of this name holds, ``train`` for ``Training Set``; empty where it names none."""
    return SPLITS.get(_OF_A_SPLIT.sub("", name.casefold()), "")


def is_mask_folder(name: str) -> bool:
    """Whether a folder of this name holds masks and no films, as ``masks`` and ``infection masks`` do."""
    return name.casefold() in _MASKS or name.casefold().endswith((" masks", "_masks", "-masks"))


def _is_dir(item: os.DirEntry[str]) -> bool:
    try:
        return item.is_dir()
    except OSError:  # a link to itself
        return False


def subfolders(path: Path) -> list[Path]:
    """Return the folders directly in `path`, sorted; empty where it cannot be opened."""
    try:
        with os.scandir(path) as entries:
            return sorted(Path(item.path) for item in entries if _is_dir(item) and not hidden(item.name))
    except OSError:
        return []


def _leads_back(link: str, root: Path) -> bool:
    """Whether a link to a folder leads into `root`, to `root` itself, or to a folder that contains it."""
    target, home = Path(os.path.realpath(link)), Path(os.path.realpath(root))
    return target.is_relative_to(home) or home.is_relative_to(target)


def is_split(path: Path) -> bool:
    """Whether `path` holds a training folder with class folders in it."""
    return any(split_of(item.name) == "train" and subfolders(item) for item in subfolders(path))


def is_classes(path: Path) -> bool:
    """Whether `path` holds folders."""
    return bool(subfolders(path))


def read_split(path: Path, tally: Counter[str]) -> Iterator[Film]:
    """Yield the films below train/, val/ and test/, each with its split.

    Raises:
        DataError: the films of one split have no classes, and those of another have.
    """
    bare: dict[Path, int] = {}
    seen = False
    for folder in subfolders(path):
        if part := split_of(folder.name):
            of_part = Counter[str]()
            films = list(_read(_home(folder, tally), path, part, of_part))
            if not films:
                bare[folder] = sum(1 for _ in walk(folder, path, Counter()))
            seen = seen or bool(films)
            if without := of_part.pop(_LOOSE, 0):
                tally[f"in {printable(folder.name)}/, {_LOOSE}"] += without
            tally.update(of_part)
            yield from films
        else:
            tally["outside train, validation and test"] += sum(1 for _ in walk(folder, path, Counter()))
    if seen and (lost := next(((folder, count) for folder, count in bare.items() if count), None)) is not None:
        raise DataError(_without_classes(path, *lost))
    loose(path, tally)


def _without_classes(root: Path, folder: Path, films: int) -> str:
    own = next(item for item in subfolders(root) if split_of(item.name) == "train")
    alone = f", or name {printable(own)} alone" if own != folder else ""
    return (
        f"{printable(folder)} has {films:,} film{'s' * (films != 1)} and no class folders, unlike another split beside "
        f"it; make a folder for each class in it{alone}."
    )


def read_classes(path: Path, tally: Counter[str]) -> Iterator[Film]:
    """Return the films below each class folder."""
    yield from _read(_home(path, tally), path, "", tally)


def _home(path: Path, tally: Counter[str]) -> Path:
    """Return the folder of the class folders: `path`, or the one folder in it that is no class but holds classes."""
    for _ in range(NESTED):
        inner = [folder for folder in subfolders(path) if not is_mask_folder(folder.name)]
        if len(inner) != 1 or not (below := subfolders(inner[0])):
            break
        if not container(inner[0].name) and not {"positive", "negative"} <= {side(item.name) for item in below}:
            break
        tally["a folder of masks"] += len(subfolders(path)) - 1
        loose(path, tally)
        path = inner[0]
    return path


def _read(path: Path, root: Path, split: str, tally: Counter[str]) -> Iterator[Film]:
    for folder in subfolders(path):
        if folder.is_symlink() and _leads_back(str(folder), root):
            tally["a link back into the data"] += 1
            continue
        if is_mask_folder(folder.name):
            tally["a folder of masks"] += 1
            continue
        if container(folder.name):
            tally[f"in {printable(folder.name)}/, which names no class"] += sum(
                1 for _ in walk(folder, root, Counter())
            )
            continue
        for file in walk(folder, root, tally):
            yield Film(**placed(file, root), label=folder.name, split=split)
    loose(path, tally)


def loose(path: Path, tally: Counter[str], reason: str = _LOOSE) -> None:
    """Count the images that lie beside the folders and not in them."""
    with os.scandir(path) as entries:
        for item in entries:
            if not hidden(item.name) and _kind(item) == "file" and may_be_film(Path(item.path)):
                tally[reason] += 1


def _kind(item: os.DirEntry[str]) -> str:
    """Return "folder" or "file", or else why it is neither."""
    try:
        if item.is_dir():
            return "folder"
        if item.is_file():
            return "file"
        return "not a regular file" if os.path.exists(item.path) else "a broken link"
    except OSError:
        return "a broken link"


def walk(folder: Path, root: Path, tally: Counter[str]) -> Iterator[Path]:
    """Yield every film below `folder`; links never make it enter a folder twice."""
    seen: set[tuple[int, int]] = set()
    pending = [folder]
    while pending:
        current = pending.pop()
        try:
            status = current.stat()
            with os.scandir(current) as entries:
                items = sorted(entries, key=lambda item: item.name)
        except OSError:
            tally["a folder that cannot be opened"] += 1
            continue
        if (status.st_dev, status.st_ino) in seen:
            tally["a link to a folder already read"] += 1
            continue
        seen.add((status.st_dev, status.st_ino))
        for item in items:
            if hidden(item.name):
                continue
            kind = _kind(item)
            if kind == "folder":
                if is_mask_folder(item.name):
                    tally["a folder of masks"] += 1
                elif item.is_symlink() and _leads_back(item.path, root):
                    tally["a link back into the data"] += 1
                else:
                    pending.append(Path(item.path))
            elif kind != "file":
                tally[kind] += 1
            elif may_be_film(file := Path(item.path)):
                yield file
            else:
                packed = file.suffix.casefold() in archives.ENDINGS and archives.kind_of(file)
                tally[_PACKED if packed else "not an image"] += 1


def may_be_film(file: Path) -> bool:
    """Whether the file's ending or its first bytes are those of a film; decoding may still fail later."""
    if file.suffix.casefold() in ENDINGS:
        return True
    try:
        with open_file(file) as stream:
            head = stream.read(HEAD)
    except OSError:
        return False
    return head.startswith(_MAGIC) or is_dicom(head) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
