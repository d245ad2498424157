"""This module says why no film at a path can be used: an archive, films or splits without classes, or no films."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from cxrtui.data.films import printable
from cxrtui.data.sources.archives import archives_in
from cxrtui.data.sources.columns import candidates
from cxrtui.data.sources.folders import may_be_film, split_of, subfolders, walk
from cxrtui.data.sources.layouts.places import columns
from cxrtui.data.sources.sides import container
from cxrtui.printable import in_list, listing

_TABLES = (".csv", ".tsv", ".xlsx")
_MANIFEST = "a CSV with the columns path and label"


def why_nothing(root: Path, layout: str, tally: Mapping[str, int], layouts: Iterable[str]) -> str:
    """Return the sentence for a path where no film was found, read as `layout` (empty where none fits)."""
    shown = printable(root)
    if root.is_file():
        if may_be_film(root):
            return (f"{shown} is one film, and nothing to learn from; name a folder with a folder for each class, or "
                    f"{_MANIFEST}.")  # fmt: skip
        if _lists_films(root):
            return f"{shown} lists films, but its name does not end in .csv or .tsv; give it such a name."
        return f"No films found at {shown}: {_none_of(layouts)}."
    packed = [name for folder in (root, *subfolders(root)[:50]) for name in archives_in(folder, root)]
    if layout in ("", "class-folders", "split-folders"):
        films = sum(1 for _ in walk(root, root, Counter()))
        tables = [item for item in _tables(root) if _lists_films(item)]
        if films and tables:
            name, path = printable(tables[0].name), shlex.quote(printable(tables[0]))
            advice = f"{name} lists films, so name that: --data {path}"
            return f"{shown} has {films:,} {_films(films)} but no classes: {advice}."
        if films:
            return f"{shown} has {films:,} {_films(films)} but no classes: {_where(root)}."
    if packed:
        listed = listing(packed[:3]) + (f" and {len(packed) - 3} more" if len(packed) > 3 else "")
        return f"No films found at {shown}, but archives: unpack {listed} there first."
    if layout:
        why = "; ".join(f"{count} {reason}" for reason, count in sorted(tally.items()) if count > 0) or "it is empty"
        return f"No films found at {shown}, read as {layout}: {why}."
    return f"No films found at {shown}: {_none_of(layouts)}."


def _where(root: Path) -> str:
    """Return where the films of `root` without a class are, and what would give them one."""
    inner = subfolders(root)
    splits = {folder.name: _classes(folder) for folder in inner if split_of(folder.name)}
    bare = [name for name, classes in splits.items() if not classes]
    train = [name for name in splits if split_of(name) == "train"]
    if splits and not train:
        return f"there is no folder train beside {_folders(list(splits))}; add it, with a folder for each class in it"
    if splits:
        first = printable((train + list(splits))[0])
        return (
            f"there are no class folders in {_folders(bare or list(splits))}; make a folder for each class in each of "
            f"them, such as {first}/COVID-19 and {first}/Normal, or {_MANIFEST} (and split)"
        )
    if classed := [folder.name for folder in inner if container(folder.name) and _classes(folder)]:
        return (
            f"the class folders lie in {_folders(classed)}, which name neither classes nor splits; name those train, "
            f"validation and test, or put a folder for each class directly into {printable(root.name)}"
        )
    held = [folder.name for folder in inner if container(folder.name)]
    place = f"they lie in {_folders(held)}, and " if held else "" if inner else "they lie side by side, and "
    tables = _tables(root)
    table = f" ({printable(tables[0].name)} there is no table that is known)" if tables else ""
    name = printable(root.name)
    return (
        f"{place}nothing says what each one shows{table}; make a folder for each class and move the films there, such "
        f"as {name}/COVID-19 and {name}/Normal, or write {_MANIFEST}"
    )


def _tables(folder: Path) -> list[Path]:
    return sorted(item for item in folder.iterdir() if item.suffix.casefold() in _TABLES and item.is_file())


def _lists_films(file: Path) -> bool:
    """Whether `file` is a table with a column of paths and one of labels, under any of their usual names."""
    headers = columns(file)
    return bool(candidates("path", headers) and candidates("label", headers))


def _classes(folder: Path) -> list[str]:
    """Return the folders in `folder` that may be classes."""
    return [inner.name for inner in subfolders(folder) if not container(inner.name)]


def _folders(names: list[str]) -> str:
    shown = [in_list(f"{name}/") for name in sorted(names)]
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")


def _films(count: int) -> str:
    return "film" if count == 1 else "films"


def _none_of(layouts: Iterable[str]) -> str:
    return (
        f"it has none of the layouts that are read; make a folder for each class, or {_MANIFEST} (the layouts are "
        f"{', '.join(layouts)})"
    )
