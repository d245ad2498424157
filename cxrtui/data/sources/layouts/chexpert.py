"""CheXpert: ``train.csv`` and ``valid.csv`` of Path, Frontal/Lateral, AP/PA and 14 findings, beside the films.

A path in the table begins with the archive's name, ``CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg``,
and the films may lie below a folder of another name, or in the folders of the batches that the whole collection is
published in. A cell is 1 (the finding is there), 0 (it is not), -1 (uncertain) or blank (not mentioned), after Irvin et
al., CheXpert (2019). A finding is given where its cell is 1. An uncertain one is not given and counted, and No Finding
is given only where no other finding but support devices is 1 or -1. A film without any is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from cxrtui.data.films import Film, placed, printable
from cxrtui.data.sources.columns import noted
from cxrtui.data.sources.folders import SPLITS, subfolders, walk
from cxrtui.data.sources.layouts.once import Listed
from cxrtui.data.sources.layouts.places import columns, csv_files
from cxrtui.data.sources.spellings import NO_FINDING
from cxrtui.data.sources.table import open_table
from cxrtui.errors import DataError

NONE, DEVICES = "No Finding", "Support Devices"
FINDINGS = (
    NONE, "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema", "Consolidation",
    "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture", DEVICES,
)  # fmt: skip
_NEEDS = frozenset({"path", "frontal/lateral", "ap/pa"})
_FACTS = {"path": ("path",), "sex": ("sex",), "age": ("age",), "view": ("frontal/lateral", "ap/pa")}
_PATIENT = re.compile(r"patient\d+", re.IGNORECASE)
_UNCERTAIN = "an uncertain finding (-1), not given as one (the film stays where it has others)"
QUESTION = (
    "CheXpert has no COVID-19: its films are older than the disease. It can give the negatives of another collection, "
    "with --data POSITIVES --data CHEXPERT --set data.positive=COVID-19 --set data.negative='No Finding'; to train on "
    "another finding all the same, name both classes."
)


def _tables(path: Path) -> list[Path]:
    """Return the tables at `path`: those of train, valid and test; if there are none, another one."""
    found = [file for file in csv_files(path) if columns(file) >= _NEEDS]
    return [file for file in found if file.stem.casefold() in SPLITS] or found[:1]


def recognises(path: Path) -> bool:
    """Whether `path` is a CSV of Path, Frontal/Lateral and AP/PA, or holds one."""
    return bool(_tables(path))


def read(path: Path, tally: Counter[str]) -> Iterator[Film]:
    """Yield the films of the tables, each in the split that its table or its path names."""
    tables = _tables(path)
    if not tables:
        raise DataError(f"{printable(path)} cannot be read as chexpert: it has no CSV with Path and Frontal/Lateral.")
    root = path if path.is_dir() else path.parent
    listed: dict[Path, Listed] = {}
    mentioned: set[Path] = set()
    for file in tables:
        table = open_table(file)
        headers = {header.casefold() for header in table.headers}
        given = [name for name in FINDINGS if name.casefold() in headers]
        noted(table, tally, {**_FACTS, "label": tuple(map(str.casefold, given))})
        for line, row in table:
            table.check_lines(line, row, ("path", "frontal/lateral", "ap/pa"))
            parts = row["path"].replace("\\", "/").split("/")
            found = _find(root, parts)
            if found is not None:
                mentioned.add(found)
            counted = tally if found not in listed else Counter[str]()
            findings = _findings(row, given, counted) if found is not None else []
            if found is None:
                tally["listed in the table, but no such file" if row["path"] else "a row that names no file"] += 1
            elif found in listed:
                listed[found].check_again(Listed(table.shown, line, ", ".join(findings)), found)
                tally["a film listed twice"] += 1
            elif not findings:
                tally[NO_FINDING] += 1
            else:
                listed[found] = Listed(table.shown, line, ", ".join(findings))
                patient = next((part for part in parts if _PATIENT.fullmatch(part)), "")
                of_folder = next((SPLITS[part.casefold()] for part in parts if part.casefold() in SPLITS), "")
                lateral = row["frontal/lateral"].casefold() == "lateral"
                yield Film(
                    **placed(found, root), label=", ".join(findings), patient=patient,
                    split=SPLITS.get(file.stem.casefold(), of_folder), view="lateral" if lateral else row["ap/pa"],
                    sex=row.get("sex", ""), age=row.get("age", ""),
                )  # fmt: skip
    if unlisted := sum(file not in mentioned for file in walk(root, root, Counter())):
        tally["a file that the table does not list"] += unlisted


def _findings(row: Mapping[str, str], given: list[str], tally: Counter[str]) -> list[str]:
    """Return the findings whose cell is 1; see the module docstring."""
    cells = {name: row[name.casefold()].casefold().removesuffix(".0") for name in given}
    uncertain = [name for name, cell in cells.items() if cell in ("-1", "u", "uncertain")]
    if uncertain:
        tally[_UNCERTAIN] += len(uncertain)
    there = [name for name, cell in cells.items() if cell in ("1", "true", "yes")]
    others = {*there, *uncertain} - {NONE, DEVICES}
    return [name for name in there if name != NONE] if others else there


def _find(root: Path, parts: list[str]) -> Path | None:
    """Return the file of a table's path below `root`: as written, without its first folders, or in a batch."""
    last = next((place for place, part in enumerate(parts) if _PATIENT.fullmatch(part)), len(parts) - 1)
    if ".." in parts:
        return None
    for start in range(last + 1):
        if (file := root.joinpath(*parts[start:])).is_file():
            return file
    home = root.parent.joinpath(*parts)  # the table's own folder is the first of the path
    if parts[0] == root.name and home.is_file():
        return home
    batches = (folder.joinpath(*parts[start:]) for folder in subfolders(root) for start in range(last + 1))
    return next((file for file in batches if file.is_file()), None)
