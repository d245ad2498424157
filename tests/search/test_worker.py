"""Studies with real trainings of a tiny network."""

from __future__ import annotations

import csv
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxrtui.errors import DataError
from cxrtui.runner import drive
from cxrtui.runs import events
from cxrtui.search import worker
from cxrtui.search.optuna_study import TrialRecord
from cxrtui.search.result import read_result
from cxrtui.search.snapshot import look
from cxrtui.search.study import Plan, Study, new_study
from cxrtui.search.trial import StudyError
from cxrtui.search.worker import Worker
from cxrtui.settings.config import Config, with_values
from cxrtui.settings.space import SearchedSetting, searched
from cxrtui.settings.tuning import TuneConfig
from tests.compilations import compiled

Small = Callable[..., Config]
SPACE = (searched("optim.learning_rate", "1e-4..1e-2:log"), searched("model.dropout", "0.1..0.5"),
         searched("optim.weight_decay", "1e-5..1e-1:log"))  # fmt: skip


class Heard:
    """Remembers what a worker tells, and asks it to stop once `until` holds for an event."""

    def __init__(self, until: Callable[[events.Event], bool] = lambda event: False) -> None:
        self.begun: list[tuple[int, bool]] = []
        self.ended: list[TrialRecord] = []
        self.finales = 0
        self.stop = False
        self._until = until

    def on_event(self, line: str, event: events.Event) -> None:
        self.stop = self.stop or self._until(event)

    def on_begin(self, trial: TrialRecord, again: bool) -> None:
        self.begun.append((trial.number, again))

    def on_end(self, trial: TrialRecord, best: TrialRecord | None) -> None:
        self.ended.append(trial)

    def on_finale(self, trial: TrialRecord, seeds: int) -> None:
        self.finales += 1


class Gone(Heard):
    """A listener whose pipe is closed."""

    def on_event(self, line: str, event: events.Event) -> None:
        raise BrokenPipeError

    def on_begin(self, trial: TrialRecord, again: bool) -> None:
        raise BrokenPipeError

    def on_end(self, trial: TrialRecord, best: TrialRecord | None) -> None:
        raise BrokenPipeError


def study_of(folder: Path, base: Config, space: tuple[SearchedSetting, ...] = SPACE, **tune: Any) -> Study:
    settings = TuneConfig(**{"trials": 3, "startup": 2, "pruner": "none", "seeds": 0, **tune})
    return new_study(folder / "checkpoints", "s", Plan(settings, base, space))


def work(study: Study, heard: Heard | None = None) -> str:
    heard = heard or Heard()
    return Worker(study, drive, lambda: heard.stop, heard).work()


@pytest.mark.slow
def test_a_study_from_its_films_to_its_result(tmp_path: Path, small: Small) -> None:
    study, heard = study_of(tmp_path, small(optim__epochs=2), seeds=2), Heard()
    with compiled() as programs:
        assert work(study, heard) == worker.FINISHED
    assert heard.begun == [(1, False), (2, False), (3, False)]
    assert heard.finales == 1
    # Trials and the trainings at the end differ in numbers alone, so one program trains them all.
    assert programs.count("train_step") <= 1
    found = look(study)
    for trial in found.trials:
        state = study.run(trial.runs[0]).read()
        assert trial.runs == (f"s-{trial.number:04}",)
        assert state.status == "finished"
        assert list(state.evaluations) == ["validation"]  # the test films are not looked at
        assert trial.value == state.evaluations["validation"].metrics["auroc"]
        assert state.config["run"]["evaluate"] == ["validation"]
    result = found.result
    assert found.best is not None
    assert result is not None
    assert (result.trial, result.promised, result.tried, result.looks) == (found.best.number, found.best.value, 3, 1)
    runs = [study.run(name).read() for name in result.runs]
    assert result.on("test").values == tuple(run.evaluations["test"].metrics["auroc"] for run in runs)
    assert [run.config["run"]["seed"] for run in runs] == [1, 2]  # seeds that no trial had
    assert f"{result.promised:.4f}" in result.words
    before = study.result_file.read_bytes()
    assert work(study) == worker.FINISHED  # nothing is left, and nothing is done twice
    assert study.result_file.read_bytes() == before
    study.result_file.write_text("{")
    assert work(study) == worker.FINISHED
    assert study.result_file.read_bytes() == before
    study.extend(trials=4)
    assert work(study, later := Heard()) == worker.FINISHED
    assert later.begun == [(4, False)]
    again = read_result(study)
    assert again is not None
    assert (again.looks, later.finales) == ((2, 1) if again.trial == 4 else (1, 0))


@pytest.mark.slow
def test_a_study_that_was_stopped_in_a_trial_ends_as_one_that_was_not(tmp_path: Path, small: Small) -> None:
    base = small(optim__epochs=3)
    whole, parts = study_of(tmp_path / "whole", base), study_of(tmp_path / "parts", base)
    assert work(whole) == worker.FINISHED
    heard = Heard(lambda event: isinstance(event, events.StepDone) and event.step == 8)
    assert work(parts, heard) == worker.REQUESTED
    assert look(parts).counts == {"stopped": 1}
    assert parts.run("s-0001").read().status == "stopped"
    parts.run("s-0001").command("stop")  # an old command is not taken again
    parts.stop()
    assert work(parts, again := Heard()) == worker.FINISHED
    assert again.begun[0] == (1, True)
    of = [[(trial.settings, trial.value, trial.reported) for trial in look(study).trials] for study in (whole, parts)]
    assert of[0] == of[1]


@pytest.mark.slow
def test_folds_validate_on_each_film_once_and_their_mean_counts(tmp_path: Path, small: Small) -> None:
    study = study_of(tmp_path, small(optim__epochs=1), trials=1, folds=2, repeats=2, seeds=0)
    assert work(study, Gone()) == worker.FINISHED
    trial = look(study).trials[0]
    assert len(trial.reported) == 4
    assert "was not trained anew" in getattr(look(study).result, "words", "")
    assert trial.runs == ("s-0001-f1-s1", "s-0001-f1-s2", "s-0001-f2-s1", "s-0001-f2-s2")
    states = [study.run(name).read() for name in trial.runs]
    assert trial.values == tuple(state.evaluations["validation"].metrics["auroc"] for state in states)
    assert trial.value == pytest.approx(sum(trial.values) / 4)
    assert [state.config["run"]["seed"] for state in states] == [0, 1, 0, 1]
    validated: list[list[str]] = []
    for fold in (0, 1):
        with study.fold_file(fold).open(newline="") as file:
            validated.append([row["path"] for row in csv.DictReader(file) if row["part"] == "validation"])
    assert set(validated[0]).isdisjoint(validated[1])
    assert states[0].data is not None
    assert sum(states[0].data.counts["validation"].values()) == len(validated[0])


@pytest.mark.slow
def test_trials_that_diverge_are_stopped_by_hand_or_pruned_say_so_and_others_go_on(
    tmp_path: Path, small: Small
) -> None:
    space = (searched("optim.learning_rate", "1e-3,10.0"), SPACE[1])
    base = small(optim__epochs=4, optim__name="sgd", optim__clip=0.0)
    study = study_of(tmp_path, base, space, trials=7, sampler="random", pruner="halving")

    def by_hand(event: events.Event) -> bool:
        if isinstance(event, events.EarlyStopping) and not stopped:
            stopped.append(heard.begun[-1][0])
            study.trial_run(stopped[0]).command("stop")
        return False

    stopped: list[int] = []
    heard = Heard(by_hand)
    assert work(study, heard) == worker.FINISHED
    trials = look(study).trials
    ended = trials[stopped[0] - 1]
    assert (ended.state, ended.reason) == ("failed", f"run s-{ended.number:04} was stopped by hand")
    diverged = [trial for trial in trials if trial.state == "failed" and trial is not ended]
    assert diverged
    assert all("optim.learning_rate" in trial.reason and float(trial.settings["optim.learning_rate"]) == 10
               for trial in diverged)  # fmt: skip
    pruned = [trial for trial in trials if trial.state == "pruned"]
    for trial in pruned:
        state = study.run(trial.runs[0]).read()
        assert state.stopped is not None
        assert state.stopped.reason == "pruned"
        assert "is behind that of other trials" in trial.reason
    assert any(trial.state == "finished" for trial in trials)


def test_a_study_whose_films_cannot_be_used_ends_with_the_reason(
    tmp_path: Path, small: Small, phantom_films: Path
) -> None:
    study = study_of(tmp_path, with_values(small(), {"data.source": str(tmp_path / "nothing")}))
    with pytest.raises(DataError, match="nothing"):
        work(study)
    outcome = look(study).outcome
    assert outcome is not None
    assert outcome.reason == "failed"
    assert "nothing" in outcome.message
    many = study_of(tmp_path / "many", small(), folds=40)
    with pytest.raises(DataError, match=r"lower tune\.folds"):
        work(many)


@pytest.mark.slow
def test_a_study_whose_trials_all_fail_ends_with_the_reason(tmp_path: Path, small: Small, phantom_films: Path) -> None:
    films = tmp_path / "films"
    shutil.copytree(phantom_films, films)
    space = (searched("optim.learning_rate", "9.0..10.0"), SPACE[1])
    base = with_values(
        small(
            optim__name="sgd",
            optim__clip=0.0,
            optim__epochs=9,
            optim__momentum=0.999,
            optim__warmup=0.0,
            optim__schedule="constant",
        ),
        {"data.source": str(films)},
    )
    study = study_of(tmp_path, base, space, trials=9)
    with pytest.raises(StudyError, match="first 3 trials have all failed"):
        work(study)
    assert len(look(study).trials) == 3
    assert math.isnan(look(study).seconds_left)
