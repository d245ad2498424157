"""The tables of a run hold what its log says."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from cxrtui.errors import UsageError
from cxrtui.runs import events as ev
from cxrtui.runs.tables import write_tables
from cxrtui.settings.config import Config
from tests.tui import logs


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_tables_hold_the_log(tmp_path: Path) -> None:
    run = logs.write(tmp_path, "one", logs.finished("one"))
    state = run.read()
    folder = write_tables(run, tmp_path / "out")
    assert folder == write_tables(run, tmp_path / "out") == tmp_path / "out" / "one"
    assert sorted(path.name for path in folder.iterdir()) == [
        "results.csv", "settings.json", "steps.csv", "validations.csv"
    ]  # fmt: skip
    steps = rows(folder / "steps.csv")
    assert [int(row["step"]) for row in steps] == list(state.steps.column("step"))
    assert [float(row["loss"]) for row in steps] == list(state.steps.column("loss"))  # every bit of it
    validations = rows(folder / "validations.csv")
    assert [float(row["auroc"]) for row in validations] == [item.metrics["auroc"] for item in state.validations]
    assert [float(row["train_loss"]) for row in validations] == [item.loss for item in state.epochs]
    assert [row["epoch"] for row in validations if row["best"] == "1"] == [str(state.early.best_epoch)]
    results = {(row["split"], row["name"]): row for row in rows(folder / "results.csv")}
    assert float(results["test", "accuracy"]["value"]) == 87 / 93
    assert (results["test", "tp"]["value"], results["test", "tp"]["films"]) == ("15", "93")
    assert json.loads((folder / "settings.json").read_text()) == Config().as_dict()


def test_estimates_come_with_their_intervals(tmp_path: Path) -> None:
    *events, evaluated, end = logs.finished()
    body = {"value": 0.9, "low": 0.8, "high": 0.95, "n": 93, "patients": 72}
    evaluated = ev.Evaluated(**{**vars(evaluated), "estimates": {"auroc": body}})
    run = logs.write(tmp_path, "one", [*events, evaluated, end])
    [row] = [row for row in rows(write_tables(run, tmp_path / "out") / "results.csv")
             if (row["split"], row["name"]) == ("test", "auroc")]  # fmt: skip
    assert row == {"split": "test", "name": "auroc", "value": "0.9", "low": "0.8", "high": "0.95", "films": "93",
                   "patients": "72"}  # fmt: skip


def test_a_run_without_a_step_has_empty_tables(tmp_path: Path) -> None:
    folder = write_tables(logs.write(tmp_path, "empty", []), tmp_path / "out")
    assert rows(folder / "steps.csv") == rows(folder / "validations.csv") == rows(folder / "results.csv") == []


def test_no_run_is_written_into(tmp_path: Path) -> None:
    run = logs.write(tmp_path, "one", logs.finished())
    with pytest.raises(UsageError, match="is a run; choose another folder"):
        write_tables(run, tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be exported"):
        write_tables(run, tmp_path / "file")


def test_a_name_of_a_metric_is_no_formula(tmp_path: Path) -> None:
    events = logs.finished()
    events[-2] = ev.Evaluated(part="test", step=1, metrics={"=1+1": 0.5}, threshold=0.5, time=events[-2].time,
                              counts=dict.fromkeys(ev.COUNTED, 1))  # fmt: skip
    folder = write_tables(logs.write(tmp_path, "one", events), tmp_path / "out")
    assert "'=1+1" in {row["name"] for row in rows(folder / "results.csv")}
