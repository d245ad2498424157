"""QaTa-COV19, all releases of it: COVID-19 films with masks, and control groups.

::

    QaTa-COV19-v2/{Train Set,Test Set}/{Images,Ground-truths}/      masks are mask_<name of the film>
    QaTa-COV19-v1/{Images,Ground-truths}/                           the first release has these two alone
    Early-QaTa-COV19/{No,Limited}_COVID-19_Pneumonia_Cases/         a subset: little or no sign of the disease
    Control_Group/Control_Group_I/                                  normal films
    Control_Group/Control_Group_II/{CHESTXRAY-14/{Train,Test},Pediatric_{Bacterial,Viral}_Pneumonia}/

The early cases and control group I follow the authors' own code (methods_early-cov19, of arXiv 2006.05332); the rest
follows code of users of the Kaggle archive, whose page was not available. Of several sets of COVID-19 films, the newest
is read, because it contains the films of the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from cxrtui.data.films import Film, printable
from cxrtui.data.sources.folders import SPLITS, subfolders, walk
from cxrtui.data.sources.layouts import words
from cxrtui.data.sources.layouts.bimcv import film_by_name
from cxrtui.data.sources.layouts.places import entry
from cxrtui.errors import DataError

_SPLITS = {"train set": "train", "test set": "test", "val set": "validation", "validation set": "validation"}
_RELEASES = ("qata-cov19-v2", "qata-cov19-v1", "early-qata-cov19")
_EARLY = ("no covid 19 pneumonia cases", "limited covid 19 pneumonia cases")
_MASK = "mask_"


def recognises(path: Path) -> bool:
    """Whether `path` is a release of the collection, or holds one."""
    return path.is_dir() and bool(_sets(path))


def _sets(path: Path) -> list[Path]:
    """Return the folders at `path` with COVID-19 films, the newest release first; or `path` itself where it is one."""
    named = (entry(path, name) for name in _RELEASES)
    found = [folder for folder in named if folder is not None and folder.is_dir() and _is_set(folder)]
    return found or ([path] if _is_set(path) else [])


def _is_set(path: Path) -> bool:
    inner = subfolders(path)
    splits = [folder for folder in inner if words.plain(folder.name) in _SPLITS]
    # Masks are required, because otherwise any Train Set/Images would count as COVID-19.
    if any(entry(folder, "images") and entry(folder, "ground-truths") for folder in splits) or any(
        words.plain(item.name) in _EARLY for item in inner
    ):
        return True
    images, truths = entry(path, "images"), entry(path, "ground-truths")
    return images is not None and truths is not None and _has_masks(truths)


def _has_masks(folder: Path) -> bool:
    try:
        return any(file.name.startswith(_MASK) for file, _ in zip(folder.iterdir(), range(20), strict=False))
    except OSError:
        return False


def read(path: Path, tally: Counter[str]) -> Iterator[Film]:
    """Yield the COVID-19 films, and those of the control groups beside them.

    The published split into train and test is kept where it covers all films: control group I has none.
    """
    sets = _sets(path)
    if not sets:
        raise DataError(
            f"{printable(path)} cannot be read as qata: it has no Train Set/Images and no Images with masks."
        )
    newest, *others = sets
    films = [*_positives(newest, path, tally), *_controls(path, tally)]
    for other in others:
        tally[f"in {other.name}, films of the newer release"] += sum(1 for _ in _positives(other, path, tally))
    if not all(film.split for film in films):
        films = [replace(film, split="") for film in films]
    yield from films


def _positives(home: Path, root: Path, tally: Counter[str]) -> Iterator[Film]:
    for folder in [*(item for item in subfolders(home) if words.plain(item.name) in _SPLITS), home]:
        for inner in subfolders(folder):
            name = words.plain(inner.name)
            if name == "images" or name in _EARLY:
                for file in walk(inner, root, tally):
                    if file.name.startswith(_MASK):
                        tally["a mask"] += 1
                    else:
                        yield film_by_name(file, root, "COVID-19", _SPLITS.get(words.plain(folder.name), ""))
            elif name == "ground truths":
                tally["a mask"] += sum(1 for _ in walk(inner, root, Counter()))


def _controls(path: Path, tally: Counter[str]) -> Iterator[Film]:
    home = entry(path, "Control_Group")
    if home is None:
        return
    first, second = entry(home, "Control_Group_I"), entry(home, "Control_Group_II")
    if first is not None:
        for file in walk(first, path, tally):
            yield film_by_name(file, path, "Normal", "")
    for folder in subfolders(second) if second is not None else []:
        for file in walk(folder, path, tally):
            below = file.relative_to(folder).parts
            yield film_by_name(file, path, folder.name, SPLITS.get(below[0].casefold(), "") if len(below) > 1 else "")
