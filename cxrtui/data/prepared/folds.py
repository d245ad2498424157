"""Divides the films outside the test split into folds, each of which is the validation split of one training.

No patient and no copies of a film are in two folds, and each fold has about its share of each class. The folds depend
only on the seed and the films of a split file.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from cxrtui.data.films import SPLIT_NAMES
from cxrtui.data.prepared import split_files
from cxrtui.data.sources.rule import Labels
from cxrtui.errors import DataError
from cxrtui.files import write_atomic

Row = dict[str, str]
TOGETHER = ("patient", "sha256", "group")
"""Columns of a split file; films with one value of these stay together."""


def write_folds(split_file: Path, folder: Path, *, folds: int, seed: int, classes: Sequence[str]) -> list[Path]:
    """Write a split file for each fold into `folder`, and return their paths.

    In the file of a fold its films are the validation split and all other films outside test are the training split;
    test stays as `split_file` has it. `classes` are the names of the negative and the positive class, each of which may
    be of several findings; a fold must have both, and not each finding.

    Raises:
        DataError: there are too few patients for so many folds, so that one would lack a class.
    """
    rows = [row for _, row in split_files.listed(split_file)]
    rule = Labels.named(classes)
    index = {label: rule.class_index(label) for label in {row["label"] for row in rows}}
    in_classes = [row | {"label": row["label"] if (found := index[row["label"]]) is None else classes[found]}
                  for row in rows]  # fmt: skip
    fold_of = assign(in_classes, folds=folds, seed=seed)
    held = Counter((fold, row["label"]) for fold, row in zip(fold_of, in_classes, strict=True) if fold is not None)
    for fold in range(folds):
        for label in sorted({row["label"] for row in in_classes if row["part"]}):
            if not held[fold, label]:
                raise DataError(
                    f"Fold {fold + 1} of {folds} has no film of {label}; there are too few patients for so many folds, "
                    "so lower tune.folds or add films of more patients."
                )
    folder.mkdir(parents=True, exist_ok=True)
    names, files = list(rows[0]), []
    for fold in range(folds):
        file = folder / f"fold-{fold + 1}.csv"
        text = io.StringIO()
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | {"part": _part(row, here, fold)} for row, here in zip(rows, fold_of, strict=True))
        write_atomic(file, text.getvalue())
        files.append(file)
    return files


def _part(row: Row, here: int | None, fold: int) -> str:
    return row["part"] if here is None else "validation" if here == fold else "train"


def assign(
    rows: Sequence[Row], *, folds: int, seed: int, places: Sequence[int] | None = None,
    together: Sequence[str] = TOGETHER,
) -> list[int | None]:  # fmt: skip
    """Return the fold of each film, from 0; None for a film that is not divided.

    Groups of films that share a patient or their content are taken in the order of a hash of the seed and their
    content, the larger ones first, and each goes to the fold that has least of the group's classes so far.

    Args:
        rows: the films; of a row, ``label``, ``part``, ``sha256`` and the columns `together` are read.
        folds: how many.
        seed: the same seed gives the same folds.
        places: the indices of the films that are divided; by default, of those in the splits train and validation.
        together: films with one value in one of these columns stay together; with none, each film stands alone.
    """
    if places is None:
        places = [place for place, row in enumerate(rows) if row["part"] in SPLIT_NAMES[:2]]

    def order(group: list[int]) -> tuple[int, str]:
        content = "|".join(sorted(rows[place]["sha256"] for place in group))
        return -len(group), hashlib.sha256(f"{seed}|{content}".encode()).hexdigest()

    totals = Counter(rows[place]["label"] for place in places)
    filled: defaultdict[int, Counter[str]] = defaultdict(Counter)
    result: list[int | None] = [None] * len(rows)
    for group in sorted(groups(rows, places, together), key=order):
        size = Counter(rows[place]["label"] for place in group)
        fold = min(range(folds), key=lambda fold: (sum(
            (filled[fold][label] + count) / totals[label] for label, count in size.items()), fold))  # fmt: skip
        filled[fold].update(size)
        for place in group:
            result[place] = fold
    return result


def groups(rows: Sequence[Row], places: Sequence[int], together: Sequence[str] = TOGETHER) -> list[list[int]]:
    """Return the films at `places` in groups that share a value of one of the columns `together`."""
    nodes: dict[tuple[str, str], int] = {}
    edges = [(place, len(rows) + nodes.setdefault((column, value), len(nodes)))
             for place in places for column in together if (value := rows[place].get(column, ""))]  # fmt: skip
    count = len(rows) + len(nodes)
    ends = np.array(edges, np.int64).reshape(-1, 2)
    graph = sparse.coo_array((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), (count, count))
    _, labels = csgraph.connected_components(graph, directed=False)
    found: defaultdict[int, list[int]] = defaultdict(list)
    for place in places:
        found[int(labels[place])].append(place)
    return list(found.values())
