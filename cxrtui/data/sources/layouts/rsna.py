"""RSNA pneumonia challenge (2018): ``<patientId>.dcm``, a CSV of patientId with Target, and one with class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cxrtui.data.films import Film, placed, printable
from cxrtui.data.findings import missing, same_findings
from cxrtui.data.sources.columns import noted
from cxrtui.data.sources.folders import subfolders
from cxrtui.data.sources.layouts.once import Listed
from cxrtui.data.sources.layouts.places import Files, columns
from cxrtui.data.sources.table import open_table
from cxrtui.errors import DataError

_TARGETS = {"0": "No Lung Opacity", "1": "Lung Opacity"}
QUESTION = (
    "The RSNA challenge has no COVID-19: its films are older than the disease, and Lung Opacity is pneumonia of any "
    "cause. It can give the negatives of another collection, with --data POSITIVES --data RSNA "
    "--set data.positive=COVID-19 --set 'data.negative=*'; to train on pneumonia all the same, name both classes."
)


def _tables(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path] if path.is_file() and path.suffix.casefold() == ".csv" and _is_table(path) else []
    try:
        return [file for file in sorted(path.glob("*.[cC][sS][vV]")) if _is_table(file)]
    except OSError:
        return []


def _is_table(file: Path) -> bool:
    there = columns(file)
    return "patientid" in there and bool(there & {"target", "class"}) and not there & {"path", "finding", "label"}


def recognises(path: Path) -> bool:
    """Whether `path` holds a CSV of patientId with Target or class."""
    return bool(_tables(path))


def read(path: Path, tally: Counter[str]) -> Iterator[Film]:
    """Yield the films that the tables label; a film has a row for each box; `class` has more detail than `Target`."""
    tables = _tables(path)
    if not tables:
        raise DataError(f"{printable(path)} cannot be read as rsna: it has no CSV with patientId and Target or class.")
    root = path if path.is_dir() else path.parent
    labels: dict[str, Listed] = {}
    classes: dict[str, Listed] = {}
    for file in tables:
        table = open_table(file)
        noted(table, tally, {"path": ("patientid",), "label": ("class", "target")})
        for line, row in table:
            table.check_lines(line, row, ("patientid", "class", "target"))
            name = row["patientid"]
            into, seen = (classes, row["class"]) if row.get("class") else (labels, row.get("target", ""))
            if name and seen:
                new = Listed(table.shown, line, _TARGETS.get(seen.removesuffix(".0"), seen), name)
                if (earlier := into.setdefault(name.casefold(), new)) is not new:
                    earlier.check_again(new, Path(earlier.spelled))
                    tally["a row of a film that has one already (one for each box)"] += 1
    for key in labels.keys() & classes.keys():
        if _is_opacity(labels[key]) != _is_opacity(classes[key]):
            labels[key].check_again(classes[key], Path(labels[key].spelled))
    images = Files([root, *subfolders(root)])
    for _, found in sorted({**labels, **classes}.items()):
        file_of = images.find(found.spelled)
        if file_of is None:
            tally["listed in the table, but no such file"] += 1
        else:
            yield Film(**placed(file_of, root), label=found.label, patient=found.spelled)
    listed = {*labels, *classes}
    if unlisted := sum(file.suffix.casefold() != ".csv" and file.stem.casefold() not in listed for file in images):
        tally["a file that the table does not list"] += unlisted


def _is_opacity(line: Listed) -> bool | None:
    """Return whether the line says that there is an opacity; None where it does not say."""
    return None if missing(line.label) else same_findings(line.label, _TARGETS["1"])
