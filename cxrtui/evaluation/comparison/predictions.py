"""Reads the row of each film that a run's evaluation wrote: ``evaluation/<split>.csv``."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrtui.errors import DataError
from cxrtui.files import is_name, read_text
from cxrtui.printable import cell, printable
from cxrtui.runs.folder import Run

_MOST = 1 << 28  # bytes of a table; one row has about a hundred
_COLUMNS = ("path", "patient", "label", "called", "probability")


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a run's best weights said of each film of a split.

    Attributes:
        paths: ``[N]``.
        patients: ``[N]``, the patient of each film.
        labels: ``[N]`` int, 1 is positive.
        predicted: ``[N]`` int, 1 is positive, at the run's threshold.
        scores: ``[N]`` float64, probabilities of the positive class, as the file rounds them.
    """

    paths: tuple[str, ...]
    patients: tuple[str, ...]
    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]
    scores: NDArray[np.float64]

    @property
    def counts(self) -> dict[str, int]:
        """As `statistics.operating_point.confusion` returns them."""
        truth, found = self.labels == 1, self.predicted == 1
        tp, tn = int(np.sum(truth & found)), int(np.sum(~truth & ~found))
        positive, films = int(np.sum(truth)), len(truth)
        return {"tp": tp, "fp": films - positive - tn, "tn": tn, "fn": positive - tp, "positive": positive,
                "negative": films - positive, "films": films}  # fmt: skip


def read(run: Run, split: str, labels: Sequence[str]) -> Predictions:
    """Return the predictions of `run` on `split`; `labels` are its negative and its positive label.

    Raises:
        DataError: the file is missing, cannot be read, or is not such a table; the message says which.
    """
    name = f"evaluation/{split}.csv"
    if not is_name(split):
        raise DataError("The split has a name that no file of an evaluation has")
    if len(labels) != 2:
        raise DataError(f"The log does not name two classes, so {name} cannot be read")
    try:
        rows = list(csv.DictReader(io.StringIO(read_text(run.evaluation / f"{split}.csv", _MOST), newline="")))
    except FileNotFoundError:
        raise DataError(f"{name} is missing") from None
    except OSError as error:
        raise DataError(f"{name} cannot be read ({error.strerror or error})") from None
    except (ValueError, csv.Error) as error:
        raise DataError(f"{name} is not a table ({printable(error)})") from None
    if not rows or (lacking := [column for column in _COLUMNS if column not in rows[0]]):
        raise DataError(f"{name} has no {'rows' if not rows else f'column {lacking[0]}'}")
    index = {cell(label): place for place, label in enumerate(labels)}
    try:
        return Predictions(
            tuple(row["path"] for row in rows),
            tuple(row["patient"] for row in rows),
            np.array([index[row["label"]] for row in rows], np.int64),
            np.array([index[row["called"]] for row in rows], np.int64),
            np.array([float(row["probability"]) for row in rows], np.float64),
        )
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{name} has a row without a known class or without a probability") from None
