"""Scores the tested films from what is known of them without a pixel: file name, size, depth, source, view, age, sex.

These are the confounders of ``data inspect --headers-only``. A linear classifier (`statistics.cross_validation`) is
fitted to all films of a training but the tested ones, and scores these. A network that ranks the films no better than
this has shown nothing that needs the film.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from cxrtui.data.confounders.columns import design
from cxrtui.data.confounders.features import columns_of
from cxrtui.data.confounders.film import Known
from cxrtui.data.confounders.kinds import KINDS
from cxrtui.data.films import Film
from cxrtui.data.inspect.looks import headers_of
from cxrtui.data.pool import OnProgress
from cxrtui.data.prepared.held_out import Division
from cxrtui.errors import DataError
from cxrtui.files import read_text, write_atomic
from cxrtui.printable import path_cell
from cxrtui.statistics.cross_validation import out_of_fold

ALL = "all"
"""The name of the classifier that has the features of all kinds."""
_FIRST = ("fold", "path", "called")
_MOST = 1 << 28  # bytes of the table
_DIGITS = 9  # rounding makes ties of what differs by the order of additions only


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of one tested film without a pixel: by kind, and whether `ALL` calls it positive."""

    scores: Mapping[str, float]
    called: bool


def kinds() -> tuple[str, ...]:
    """Return the names of the classifiers: `ALL`, and each kind of feature alone."""
    return (ALL, *(kind.key for kind in KINDS if kind.columns is not None and not kind.decoded))


def score(
    films: Sequence[tuple[Film, int]], divisions: Mapping[str, Division], file: Path, on_progress: OnProgress
) -> None:
    """Score the tested films of each division, and write them to `file`; films with no readable header have no row.

    Args:
        films: each with its class, 0 or 1.
        divisions: of these films, by the name of their fold.
        file: the CSV.
        on_progress: called with the phase, what is done and the total; it may raise an error to end it.
    """
    headers = headers_of([film for film, _ in films], on_progress)
    there = [place for place, item in enumerate(headers) if not isinstance(item, str)]
    both = zip(films, headers, strict=True)
    known = [Known(film, index, item.header, None) for (film, index), item in both if not isinstance(item, str)]
    patients = [film.film.patient for film in known]
    labels = np.array([film.class_index for film in known])
    made = {kind.key: design(columns_of(kind, known), patients) for kind in KINDS if kind.key in kinds()}
    matrices = {ALL: np.hstack(list(made.values())), **made}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*_FIRST, *matrices))
    with threadpool_limits(1):
        for number, (name, division) in enumerate(divisions.items()):
            on_progress("scoring without pixels", number, len(divisions))
            splits = np.array([division.splits[place] for place in there])
            (used,) = np.nonzero(splits != "")
            tested = np.where(splits[used] == "test", 0, -1)
            columns = [_scores(matrix[used], labels[used], tested) for matrix in matrices.values()]
            prevalence = labels[used][tested < 0].mean()
            for place in np.flatnonzero(tested == 0):
                values = [float(column[place]) for column in columns]
                called = int(values[0] + prevalence >= 0.5)  # least squares predicts the label itself
                path = path_cell(str(known[used[place]].film.path))
                writer.writerow([name, path, called, *(f"{value:.{_DIGITS}f}" for value in values)])
    write_atomic(file, text.getvalue())


def _scores(features: NDArray[np.float64], labels: NDArray[np.int64], tested: NDArray[np.int64]) -> NDArray[np.float64]:
    return out_of_fold(features, labels[:, None], tested)[:, 0]


def read_scores(file: Path) -> dict[tuple[str, str], Scored]:
    """Return the scores of each tested film by fold and path.

    Raises:
        DataError: the file cannot be read or is not such a table.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(read_text(file, _MOST), newline="")))
        return {
            (row["fold"], row["path"]): Scored({kind: float(row[kind]) for kind in kinds()}, row["called"] == "1")
            for row in rows
        }
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise DataError(f"{file} cannot be read ({error}); delete it and give the same command again.") from None
