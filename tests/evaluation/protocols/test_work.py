"""Protocols with real trainings of a tiny network."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxrtui.errors import ConfigError, DataError, UsageError, never_cancelled
from cxrtui.evaluation.protocols.folder import Fold, ProtocolFolder, begin
from cxrtui.evaluation.protocols.preparing import prepare_folds
from cxrtui.evaluation.protocols.work import work
from cxrtui.runner import drive
from cxrtui.runs import events
from cxrtui.runs.lock import RunLock
from cxrtui.runs.series import SeriesError
from cxrtui.settings.config import Config, with_values
from cxrtui.settings.protocol import Plan, plan_of
from tests.compilations import compiled

Small = Callable[..., Config]


class Heard:
    """Remembers what is told, and asks to stop once `until` holds for an event."""

    def __init__(self, until: Callable[[events.Event], bool] = lambda event: False) -> None:
        self.begun: list[tuple[str, bool]] = []
        self.ended: list[str] = []
        self.stop = False
        self._until = until

    def on_event(self, line: str, event: events.Event) -> None:
        self.stop = self.stop or self._until(event)

    def on_begin(self, fold: Fold, number: int, total: int, again: bool) -> None:
        self.begun.append((fold.name, again))

    def on_end(self, fold: Fold, number: int, total: int, metrics: dict[str, float]) -> None:
        self.ended.append(fold.name)


class Killed(BaseException):
    """Stands for a process that is gone."""


def begun(folder: Path, base: Config, **how: Any) -> ProtocolFolder:
    plan = plan_of("patient-kfold", base, **{"folds": 2, "seeds": 1, "external": (), **how})
    return begin(folder / "checkpoints", "p", plan)


def worked(folder: ProtocolFolder, heard: Heard, driver: Any = drive) -> dict[str, Any] | None:
    return work(folder, driver, lambda: heard.stop, heard)


def test_films_that_are_refused_leave_no_protocol(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    base = with_values(Config(), {"data.source": str(tmp_path / "films")})
    folder = begun(tmp_path, base)
    assert folder.file.exists()
    with pytest.raises(DataError, match="No films found"):
        worked(folder, Heard())
    assert not folder.folder.exists()
    again = begin(folder.folder.parent, "p", plan_of("kfold", base, folds=3, seeds=1, external=()))
    (again.folder / "baseline.csv").write_text("kept")
    with pytest.raises(DataError, match="No films found"):
        worked(again, Heard())
    assert again.file.exists()
    assert (again.folder / "baseline.csv").read_text() == "kept"


@pytest.mark.slow
def test_a_protocol_that_was_stopped_and_killed_ends_as_one_that_was_not(tmp_path: Path, small: Small) -> None:
    base = small(optim__epochs=2)
    whole, heard = begun(tmp_path / "whole", base), Heard()
    with compiled() as programs:
        result = worked(whole, heard)
    assert result is not None
    assert (heard.begun, heard.ended) == ([("f1", False), ("f2", False)], ["f1", "f2"])
    assert programs.count("train_step") <= 1  # trainings differ in films and numbers alone

    parts = begun(tmp_path / "parts", base)
    assert worked(parts, Heard(lambda event: isinstance(event, events.StepDone) and event.step == 3)) is None
    first = parts.run(Fold("f1", "", 0, 0))
    assert first.read().status == "stopped"

    def dies(run: Any, *arguments: Any, **options: Any) -> int:
        if run.name == "p-f2":
            raise Killed
        return drive(run, *arguments, **options)

    with pytest.raises(Killed):
        worked(parts, Heard(), dies)
    again = Heard()
    assert worked(begun(tmp_path / "parts", base), again) is not None
    assert again.begun == [("f2", False)]  # a fold that is done is kept
    for name in ("result_file", "predictions_file", "baseline_file", "folds_file"):
        assert getattr(parts, name).read_bytes() == getattr(whole, name).read_bytes()
    assert worked(parts, later := Heard()) is not None  # nothing is left, and nothing is done twice
    assert later.begun == []
    assert parts.result_file.read_bytes() == whole.result_file.read_bytes()

    with whole.predictions_file.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["path"] for row in rows}) == len(rows) == 60
    where: dict[str, str] = {}
    assert all(where.setdefault(row["patient"], row["fold"]) == row["fold"] for row in rows)
    for row in result["trainings"]:
        state = whole.run(Fold(row["fold"], "", 0, 0)).read()
        assert row["metrics"]["auroc"]["value"] == pytest.approx(state.evaluations["test"].metrics["auroc"], abs=1e-3)
        assert row["metrics"]["accuracy"]["value"] == state.evaluations["test"].metrics["accuracy"]
        assert row["films"] == sum(1 for item in rows if item["run"] == row["run"])
    assert any("different networks" in caution for caution in result["cautions"])
    (pixels,) = (place for place, caution in enumerate(result["cautions"]) if caution.startswith("Without a pixel"))
    grave = "nothing here shows" in result["cautions"][pixels]
    assert pixels == (0 if grave else len(result["cautions"]) - 1)
    # Nothing but the class could be in the name of a phantom, its size or depth, and it is not.
    assert result["baseline"]["all"]["auroc"]["low"] < 0.6


@pytest.mark.slow
def test_folds_of_films_say_what_they_are_and_seeds_draw_them_anew(tmp_path: Path, small: Small) -> None:
    plan = plan_of("kfold", small(optim__epochs=1), folds=2, seeds=2, external=())
    folder = begin(tmp_path, "", plan)
    assert folder.name == plan.default_name
    result = worked(folder, Heard())
    assert result is not None
    assert [(row["fold"], row["seed"]) for row in result["trainings"]] == [
        ("f1-s1", 0), ("f2-s1", 0), ("f1-s2", 1), ("f2-s2", 1),
    ]  # fmt: skip
    folds = folder.read_folds()
    assert folds is not None
    assert f"{folds.divided} of 120 tested films have their patient or a copy" in " ".join(result["cautions"])
    assert folds.divided > 20
    assert folder.split_file(folds.folds[0]).read_bytes() != folder.split_file(folds.folds[2]).read_bytes()
    assert result["pooled"]["auroc"]["n"] == 60
    assert len(result["spread"]["auroc"]["values"]) == 4


def test_a_training_that_fails_ends_the_protocol_with_its_reason(tmp_path: Path, small: Small) -> None:
    folder = begun(tmp_path, small())
    for _ in prepare_folds(folder, folder.read(), never_cancelled):
        pass
    folder.split_file(Fold("f1", "", 0, 0)).write_text("path,part\n")
    with pytest.raises(SeriesError, match=r"Protocol p waits, because its run p-f1 failed: .*f1\.csv") as caught:
        worked(folder, Heard())
    assert caught.value.exit_code == 3


def test_one_process_works_on_a_protocol_and_its_plan_stays(tmp_path: Path, small: Small) -> None:
    folder = begun(tmp_path, small())
    assert folder.read() == plan_of("patient-kfold", small(), folds=2, seeds=1, external=())
    held = RunLock(folder.lock_file)
    with pytest.raises(UsageError, match="Another process works on protocol p"):
        worked(folder, Heard())
    held.release()
    with pytest.raises(ConfigError, match=r"p was begun with optim\.epochs=3, not 5; give the same command"):
        begun(tmp_path, small(optim__epochs=5))
    with pytest.raises(ConfigError, match=r"p was begun with protocol\.folds=2, not 3"):
        begun(tmp_path, small(), folds=3)
    (tmp_path / "checkpoints" / "taken").mkdir()
    (tmp_path / "checkpoints" / "taken" / "file").touch()
    with pytest.raises(UsageError, match="taken exists and is no protocol"):
        begin(tmp_path / "checkpoints", "taken", Plan("kfold", small(), 2))
