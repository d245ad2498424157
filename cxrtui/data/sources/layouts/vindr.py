"""VinDr-CXR: films by image_id in ``train/`` and ``test/``, and CSVs of what each reader found.

On PhysioNet the tables are ``annotations/image_labels_{train,test}.csv`` (a column of 0 and 1 for each finding) and
``annotations/annotations_{train,test}.csv`` (a row for each box); Kaggle's competition has the second alone, as
``train.csv``. Each training film has rows of three readers (rad_id); the test films have the consensus of five, in one
row (Nguyen et al., VinDr-CXR, 2022). Where both kinds of table exist, the first is read.

A film has a finding if more than half of its readers give it, and No finding only if all of them do. A film without
either, on which its readers disagree, is left out and counted. The tables have no patients; DICOM files may name them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from cxrtui.data.films import Film, placed, printable
from cxrtui.data.findings import NORMAL, canonical, findings
from cxrtui.data.sources.columns import noted
from cxrtui.data.sources.folders import may_be_film
from cxrtui.data.sources.layouts.once import Listed
from cxrtui.data.sources.layouts.places import Files, columns, csv_files, entry, two_deep
from cxrtui.data.sources.spellings import NO_FINDING
from cxrtui.data.sources.table import Table, open_table
from cxrtui.errors import DataError

_BOXES = frozenset({"image_id", "class_name", "x_min"})
_FLAGS = frozenset({"image_id", "no finding"})
_YES = frozenset({"1", "1.0", "true"})
_DISAGREE = "a film on which the readers disagree"
QUESTION = (
    "VinDr-CXR has no COVID-19. It can give the negatives of another collection, with --data POSITIVES --data VINDR "
    "--set data.positive=COVID-19 --set data.negative='No finding'; to train on another finding all the same, name "
    "both classes."
)

Readers = dict[str, set[str]]  # the findings of each reader of a film


def _tables(path: Path) -> dict[str, Path]:
    """Return the table that is read for each split."""
    annotations = entry(path, "annotations") if path.is_dir() else None
    files = [file for place in (annotations, path) if place is not None for file in csv_files(place)]
    found: dict[str, Path] = {}
    for needs in (_FLAGS, _BOXES):
        for file in files:
            if columns(file) >= needs and "label" not in columns(file):
                found.setdefault("test" if "test" in file.stem.casefold() else "train", file)
    return found


def recognises(path: Path) -> bool:
    """Whether `path` is, or holds, a CSV of image_id with class_name or with a column No finding."""
    return bool(_tables(path))


def read(path: Path, tally: Counter[str]) -> Iterator[Film]:
    """Yield the films of both splits, with the findings that their readers agree on."""
    tables = _tables(path)
    if not tables:
        raise DataError(
            f"{printable(path)} cannot be read as vindr: it has no CSV of image_id with class_name, or with No finding."
        )
    root = path if path.is_dir() else path.parent
    root = root.parent if root.name.casefold() == "annotations" else root
    images = Files(folder for folder in two_deep(root) if folder.name.casefold() != "annotations")
    listed: set[Path] = set()
    for split, file in sorted(tables.items()):
        for name, readers in _readers(open_table(file), tally).items():
            found, agreed = images.find(f"{split}/{name}"), _agreed(readers)
            if found is None:
                tally["listed in the table, but no such file"] += 1
                continue
            listed.add(found)
            if not agreed:
                tally[_DISAGREE if any(readers.values()) else NO_FINDING] += 1
            else:
                yield Film(**placed(found, root), label=", ".join(agreed), split=split)
    tables_here = {*tables.values()}
    if unlisted := sum(other not in listed | tables_here and may_be_film(other) for other in images):
        tally["a file that the table does not list"] += unlisted


def _readers(table: Table, tally: Counter[str]) -> dict[str, Readers]:
    """Return by film the findings of each of its readers; a consensus is one reader.

    Raises:
        DataError: two lines of flags give one film different findings.
    """
    headers = {header.casefold(): header for header in table.headers if header}
    flags = [name for name in headers if name not in ("image_id", "rad_id")] if "class_name" not in headers else []
    noted(table, tally, {"path": ("image_id",), "label": tuple(flags) or ("class_name",), "source": ()})
    result: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    spelled: dict[str, str] = {}
    earlier: dict[tuple[str, str], Listed] = {}
    for line, row in table:
        table.check_lines(line, row, ("image_id", "class_name", "rad_id"))
        given = [headers[name] for name in flags if row[name].casefold() in _YES] if flags else row["class_name"]
        names = given if isinstance(given, list) else findings(given)
        who = row["image_id"].casefold(), row.get("rad_id", "").casefold()
        if flags and row["image_id"]:  # without flags, a reader has a row for each box
            listed = Listed(table.shown, line, ", ".join(names) or "no finding at all", row["image_id"])
            first = earlier.setdefault(who, listed)
            first.check_again(listed, Path(first.spelled))
        of_reader = result[who[0]][who[1]]
        of_reader.update(spelled.setdefault(canonical(name), name) for name in names)
    result.pop("", None)
    return {name: dict(readers) for name, readers in result.items()}


def _agreed(readers: Readers) -> list[str]:
    """Return the findings of more than half of the readers, or No finding where all of them say so."""
    votes = Counter(finding for given in readers.values() for finding in sorted(given))
    none = [finding for finding in votes if canonical(finding) == NORMAL]
    if none and votes[none[0]] == len(readers) and len(votes) == 1:
        return none
    return [finding for finding, count in votes.items() if 2 * count > len(readers) and finding not in none]
