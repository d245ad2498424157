"""NIH ChestX-ray14: ``Data_Entry_2017*.csv`` beside ``images/`` or ``images_001/images/`` …, and the official lists.

Columns and names are as the collection publishes them, and as much public code reads them: Image Index, Finding Labels
(joined by ``|``), Patient ID, Patient Age (``058Y`` in the first release, ``58`` in that of 2020), Patient Gender or
Patient Sex, View Position. ``train_val_list.txt`` and ``test_list.txt`` name the films of its official split, which is
by patient. The patient's name is the eight digits in a film's name, so that it is the same in all collections that
contain these films.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cxrtui.data.films import Film, placed, printable
from cxrtui.data.sources.columns import noted
from cxrtui.data.sources.folders import may_be_film
from cxrtui.data.sources.layouts.once import Listed
from cxrtui.data.sources.layouts.places import Files, columns, csv_files, two_deep
from cxrtui.data.sources.table import open_table, text
from cxrtui.errors import DataError
from cxrtui.files import read_bytes

_NEEDS = frozenset({"image index", "finding labels"})
_FACTS = {
    "path": ("image index",), "label": ("finding labels",), "patient": ("patient id",), "age": ("patient age",),
    "sex": ("patient gender", "patient sex"), "view": ("view position",),
}  # fmt: skip
_LISTS = (("train_val_list", "train"), ("test_list", "test"))
QUESTION = (
    "NIH ChestX-ray14 has no COVID-19: its films are older than the disease. It can give the negatives of another "
    "collection, with --data POSITIVES --data NIH --set data.positive=COVID-19 --set data.negative='No Finding'; to "
    "train on another finding all the same, name both classes."
)


def _table(path: Path) -> Path | None:
    return next((file for file in csv_files(path) if columns(file) >= _NEEDS), None)


def recognises(path: Path) -> bool:
    """Whether `path` is a CSV of Image Index and Finding Labels, or holds one."""
    return _table(path) is not None


def read(path: Path, tally: Counter[str]) -> Iterator[Film]:
    """Yield the films that the table lists, in the splits of the official lists."""
    file = _table(path)
    if file is None:
        raise DataError(f"{printable(path)} cannot be read as nih: it has no CSV with Image Index and Finding Labels.")
    root = file.parent
    images, splits = Files(two_deep(root)), _splits(root)
    table = open_table(file)
    noted(table, tally, _FACTS)
    listed: dict[Path, Listed] = {}
    for line, row in table:
        table.check_lines(line, row, (name for names in _FACTS.values() for name in names))
        name = row["image index"]
        found = images.find(name) if name else None
        if found is None:
            tally["listed in the table, but no such file" if name else "a row that names no file"] += 1
        elif found in listed:
            listed[found].check_again(Listed(table.shown, line, row["finding labels"]), found)
            tally["a film listed twice"] += 1
        else:
            listed[found] = Listed(table.shown, line, row["finding labels"])
            yield Film(
                **placed(found, root), label=row["finding labels"], patient=_patient(row),
                patient_everywhere=bool(_patient(row)), split=splits.get(name.casefold(), ""),
                sex=row.get("patient gender", "") or row.get("patient sex", ""), age=row.get("patient age", ""),
                view=row.get("view position", ""),
            )  # fmt: skip
    if unlisted := sum(other not in listed and may_be_film(other) for other in images):
        tally["a file that the table does not list"] += unlisted


def _patient(row: dict[str, str]) -> str:
    """Return the patient's number with the eight digits of film names: ``1`` is ``00000001``."""
    number = row.get("patient id", "").removesuffix(".0")
    return number.zfill(8) if number.isdigit() else number


def _splits(root: Path) -> dict[str, str]:
    """Return the split of each film, by its name in lower case, from the official lists if they exist."""
    result: dict[str, str] = {}
    for start, split in _LISTS:
        for file in sorted(root.glob("*.[tT][xX][tT]")):
            if file.name.casefold().startswith(start):
                names = text(read_bytes(file)).split()
                result |= {name.replace("\\", "/").rpartition("/")[2].casefold(): split for name in names}
    return result
