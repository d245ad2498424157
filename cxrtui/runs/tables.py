"""A run as tables for other programs: ``steps.csv``, ``validations.csv``, ``results.csv`` and ``settings.json``.

All of it comes from the log. Times are seconds since the epoch (UTC). A number that is not finite is ``nan``, ``inf``
or ``-inf`` in a CSV, which pandas and R read, and null in JSON.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from cxrtui import strict_json
from cxrtui.disk import with_remedy
from cxrtui.errors import UsageError
from cxrtui.files import replacing, write_atomic
from cxrtui.printable import cell
from cxrtui.runs import steps
from cxrtui.runs.folder import Run, is_run
from cxrtui.runs.state import RunState


def write_tables(run: Run, place: Path) -> Path:
    """Write the tables of `run` into the folder of its name in `place`, which is made; older tables are replaced.

    Returns:
        The folder.

    Raises:
        UsageError: the folder is a run, or the disk refuses.
    """
    folder = folder_for(run, place)
    state = run.read()
    try:
        _write(folder / "steps.csv", steps.CODES, zip(*map(state.steps.column, steps.CODES), strict=True))
        _write(folder / "validations.csv", *_validations(state))
        _write(folder / "results.csv", ("split", "name", "value", "low", "high", "films", "patients"), _results(state))
        write_atomic(folder / "settings.json", strict_json.dumps(state.config, indent=2) + "\n")
    except OSError as error:
        raise not_written(run, folder, error) from None
    return folder


def folder_for(run: Run, place: Path) -> Path:
    """Make and return the folder in `place` for the files of `run`.

    Raises:
        UsageError: it is a run itself, or the disk refuses.
    """
    folder = place / run.name
    if is_run(folder):
        raise UsageError(f"{folder} is a run; choose another folder to export to.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_written(run, folder, error) from None
    return folder


def not_written(run: Run, folder: Path, error: OSError) -> UsageError:
    """Return the error for a disk that refuses an export."""
    return UsageError(f"Run {run.name} cannot be exported to {folder}: {with_remedy(error)}.")


def validation_metrics(state: RunState) -> list[str]:
    """Return the names of all metrics of all validations, in the order in which they first come."""
    return list(dict.fromkeys(name for item in state.validations for name in item.metrics))


def _validations(state: RunState) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
    """Return the columns and rows of ``validations.csv``: each validation with the training of its epoch."""
    metrics = validation_metrics(state)
    trained = {item.epoch: item for item in state.epochs}
    best = state.early.best_epoch if state.early is not None else None
    columns = ("epoch", "step", "time", "train_loss", "train_accuracy", *map(cell, metrics), "seconds", "best")

    def rows() -> Iterator[Sequence[Any]]:
        for item in state.validations:
            epoch = trained.get(item.epoch)
            train = (epoch.loss, epoch.accuracy) if epoch is not None else ("", "")
            yield (item.epoch, item.step, item.time, *train, *(item.metrics.get(name, "") for name in metrics),
                   item.seconds, int(item.epoch == best))  # fmt: skip

    return columns, rows()


def _results(state: RunState) -> Iterator[Sequence[Any]]:
    """Yield the rows of ``results.csv``: metrics, estimates with their intervals, counts and the threshold."""
    for split, item in state.evaluations.items():
        films = item.counts["films"]
        for name, value in item.metrics.items():
            if name not in item.estimates:
                yield cell(split), cell(name), value, "", "", films, ""
        for name, body in item.estimates.items():
            counts = (int(body[key]) if math.isfinite(body.get(key, math.nan)) else "" for key in ("n", "patients"))
            yield cell(split), cell(name), *(body.get(key, "") for key in ("value", "low", "high")), *counts
        for name, body in item.by_patient.items():
            counts = (int(body[key]) if math.isfinite(body.get(key, math.nan)) else "" for key in ("n", "patients"))
            ends = (body.get(key, "") for key in ("value", "low", "high"))
            yield cell(split), cell(f"{name} by patient"), *ends, *counts
        for name, count in item.counts.items():
            yield cell(split), cell(name), count, "", "", films, ""
        yield cell(split), "threshold", item.threshold, "", "", films, ""


def _write(path: Path, columns: Iterable[str], rows: Iterable[Sequence[Any]]) -> None:
    """Replace the CSV at `path`.

    Raises:
        OSError: the disk refuses.
    """
    with replacing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
        text.flush()
        text.detach()
