"""This module finds the layout of a path, and says what is wrong where it has none."""

from __future__ import annotations

from pathlib import Path

from cxrtui.data.films import printable
from cxrtui.data.sources import folders, layouts, manifest
from cxrtui.data.sources.foreign import HEAD, not_a_file, what_it_is
from cxrtui.data.sources.layouts import Recogniser
from cxrtui.data.sources.unsorted import why_nothing
from cxrtui.errors import DataError
from cxrtui.files import open_file
from cxrtui.printable import in_list
from cxrtui.workspace import expand


def find_layout(path: str, forced: str) -> tuple[Recogniser, Path]:
    """Return the layout of the data at `path`, or the `forced` one, and the folder or file where it begins.

    Raises:
        DataError: `path` does not exist or cannot be read, no layout recognises it, or it holds several collections.
    """
    root = expand(path)
    shown = printable(root)
    try:
        if kind := not_a_file(root):
            raise DataError(f"{shown} is {kind}; name a folder of films, or a CSV with the columns path and label.")
        recogniser, root = _recognise(root, forced)
    except OSError as error:
        name, _, path_after = path.partition(":")
        hint = (
            f"; {printable(name)} is none of the layouts ({', '.join(layouts.NAMES)})"
            if (path_after and not forced and expand(path_after).exists())
            else "; check --data"
        )
        raise DataError(f"Cannot read the data at {shown}: {error.strerror or error}{hint}.") from None
    if (recogniser is None or forced) and root.is_file() and (what := _foreign(root)):
        raise DataError(f"{shown} {what}.")
    if recogniser is None:
        raise DataError(why_nothing(root, "", {}, layouts.NAMES))
    if recogniser.name == "class-folders" and not forced:
        _refuse_collections(root)
    return recogniser, root


def _recognise(root: Path, forced: str) -> tuple[Recogniser | None, Path]:
    """Return the layout of `root`, or of the only folder in it, and the path where it begins."""
    if forced:
        return next(item for item in layouts.RECOGNISERS if item.name == forced), root
    place = root
    for _ in range(folders.NESTED):
        found = next((item for item in (layouts.MANIFEST, *layouts.SPECIFIC) if item.recognises(place)), None)
        if found is None and place != root and folders.is_split(place):
            found = next(item for item in layouts.RECOGNISERS if item.name == "split-folders")
        if found is not None:
            return found, place
        inner = folders.subfolders(place) if place.is_dir() else []
        if len(inner) != 1:
            break
        place = inner[0]
    if root.is_file() and manifest.recognises(root):
        return layouts.MANIFEST, root  # its reader says what is missing
    return next((item for item in layouts.RECOGNISERS if item.recognises(root)), None), root


def _foreign(root: Path) -> str:
    """Return what a file is that no layout reads, if its first bytes say so."""
    try:
        with open_file(root) as stream:
            return what_it_is(root, stream.read(HEAD))
    except OSError:
        return ""


def _refuse_collections(root: Path) -> None:
    """Check that the folders of `root` are not separate collections, which must not become classes.

    Raises:
        DataError: they are collections.
    """
    inner = folders.subfolders(root)[:50]
    if own := [(folder, item.name) for folder in inner for item in layouts.SPECIFIC if item.recognises(folder)]:
        listed = ", ".join(f"{in_list(folder.name)} ({name})" for folder, name in own)
        raise DataError(
            f"{printable(root)} holds collections of their own: {listed}; name each with a --data of its own, or say "
            f"class-folders:{printable(root)} where its folders are the classes after all."
        )
