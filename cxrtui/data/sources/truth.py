"""This module looks up the true class of single films, as far as their folder or a collection around them says it.

Around a film there may be a collection with a table of its own (`layouts.SPECIFIC`, or a manifest), which is read once
and decides. Else the name of the film's class folder does. A folder is taken for a class folder by its own name if the
film lies directly in it (folders such as ``images`` or ``patient12`` do not count), and further up only if a folder
beside it names the other class: a film below ``covid19/downloads`` is not positive for that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cxrtui.data.films import Film
from cxrtui.data.sources import layouts
from cxrtui.data.sources.collect import read_source
from cxrtui.data.sources.folders import is_mask_folder, split_of, subfolders
from cxrtui.data.sources.matching import ANY
from cxrtui.data.sources.rule import Labels
from cxrtui.data.sources.sides import container, side
from cxrtui.errors import CxrtuiError
from cxrtui.printable import printable

_LEVELS = 4  # folders above a film that are asked


@dataclass(frozen=True)
class Truth:
    """What is known of a film.

    `label` is the word for its class, and `class_index` is 0 (negative), 1, or None (neither). `said_by` names the
    collection, or is ``folder name``. `view` and `source` are of the collection, as far as it has them.
    """

    label: str
    class_index: int | None
    said_by: str
    view: str = ""
    source: str = ""


class Truths:
    """Looks films up, and remembers the collections that it has read; only one thread may use it at a time."""

    def __init__(self) -> None:
        self._roots: dict[Path, Path | None] = {}
        self._collections: dict[Path, dict[Path, Film]] = {}
        self._inside: dict[Path, tuple[str, ...]] = {}

    def of(self, path: Path, labels: Sequence[str], check_cancelled: Callable[[], None] = lambda: None) -> Truth | None:
        """Return what is known of the film at `path`; None if nothing is.

        Args:
            path: of the film.
            labels: the negative and the positive name of the classifier (`Labels.names`).
            check_cancelled: raises `Cancelled` to end the reading of a collection.
        """
        path = path.absolute()
        root = self._root(path.parent)
        if root is not None:
            film = self._films(root, check_cancelled).get(path)
            if film is not None:
                index = class_of(film.label, tuple(labels), rest=True)
                return Truth(film.label, index, printable(root.name), film.view, film.source)
        return self._by_folder(path, tuple(labels))

    def _root(self, folder: Path) -> Path | None:
        """Return the nearest folder at or above `folder` that a layout with labels of its own recognises."""
        if folder not in self._roots:
            near = [folder, *folder.parents][:_LEVELS]
            self._roots[folder] = next((item for item in near if item != item.parent and _recognised(item)), None)
        return self._roots[folder]

    def _films(self, root: Path, check_cancelled: Callable[[], None]) -> dict[Path, Film]:
        """Return the films of the collection at `root` by path; none if it cannot be read."""
        if root not in self._collections:
            films: dict[Path, Film] = {}
            with suppress(CxrtuiError):
                found = read_source(root, on_progress=lambda *_: check_cancelled())
                films = {film.path.absolute(): film for film in found.films}
            self._collections[root] = films
        return self._collections[root]

    def _by_folder(self, path: Path, labels: tuple[str, ...]) -> Truth | None:
        own = True  # whether no other folder lies between the film and this one
        for folder in path.parents[:_LEVELS]:
            name = folder.name
            if not name or is_mask_folder(name):
                return None
            if container(name) or split_of(name):
                continue
            index = class_of(name, labels, rest=False)
            beside = {class_of(other, labels, rest=False) for other in self._folders(folder.parent)}
            if index is None and 1 in beside and ANY in Labels.named(labels).negative:
                index = 0
            if index is not None and (1 - index in beside if not own else not self._has_classes(folder, labels)):
                return Truth(printable(name), index, "folder name")
            own = False
        return None

    def _has_classes(self, folder: Path, labels: tuple[str, ...]) -> bool:
        """Return whether a folder within `folder` names a class, so that `folder` itself does not."""
        return any(class_of(name, labels, rest=False) is not None for name in self._folders(folder))

    def _folders(self, folder: Path) -> tuple[str, ...]:
        if folder not in self._inside:
            self._inside[folder] = tuple(item.name for item in subfolders(folder))
        return self._inside[folder]


def _recognised(folder: Path) -> bool:
    return any(item.recognises(folder) for item in (layouts.MANIFEST, *layouts.SPECIFIC))


@lru_cache(maxsize=4096)
def class_of(finding: str, labels: tuple[str, ...], *, rest: bool) -> int | None:
    """Return the class of `finding` for a classifier of these `labels`: 0, 1, or None where it is neither.

    A finding is of a class if it matches the class's name in any spelling, or if both names are on one side of health
    and illness as `sides.side` knows them (``Normal`` is negative for a classifier of ``No_findings``). `rest`: whether
    all other findings are negative where the negative class is ``not …``.
    """
    rule = Labels.named(labels)
    minus, plus = (tuple(name for name in names if name != ANY) for names in (rule.negative, rule.positive))
    strict = Labels(minus, plus)
    if (index := (rule if rest else strict).class_index(finding)) is not None:
        return index
    ours = side(finding)
    for index, names in enumerate((strict.negative, strict.positive)):
        if ours and any(side(name) == ours for name in names):
            return index
    return None
