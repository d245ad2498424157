"""Trains a trial: one run for each fold and seed, which is reported after each epoch and may be pruned."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cxrtui.errors import EXIT_DONE, EXIT_FAULT, ConfigError
from cxrtui.runs import events
from cxrtui.runs.folder import Run, is_run
from cxrtui.runs.series import Drive, OnEvent, SeriesError, check_own, train
from cxrtui.runs.state import RunState
from cxrtui.search.optuna_study import Journal, TrialRecord
from cxrtui.search.study import Plan, Study
from cxrtui.settings.config import Config, with_values
from cxrtui.settings.sections import EVALUATED
from cxrtui.training.decisions import ENDED, PRUNED


class StudyError(SeriesError):
    """No trial of the study can be trained, whatever its settings."""


@dataclass(frozen=True)
class Part:
    """One training of a trial: the name that tells its run apart, its split file and its seed."""

    name: str
    splits: str
    seed: int


def parts_of(study: Study, plan: Plan) -> list[Part]:
    """Return the trainings of every trial of the study."""
    tune, found = plan.tune, []
    for fold, repeat in itertools.product(range(max(1, tune.folds)), range(tune.repeats)):
        words = [f"f{fold + 1}"] if tune.folds else []
        words += [f"s{repeat + 1}"] if tune.repeats > 1 else []
        file = study.fold_file(fold) if tune.folds else study.splits_file
        found.append(Part("-".join(words), str(file), plan.base.run.seed + repeat))
    return found


def config_of(plan: Plan, settings: Mapping[str, str], part: Part, evaluated: Sequence[str]) -> Config:
    """Return the configuration of one training.

    Raises:
        ConfigError: the settings contradict each other.
    """
    fixed = {"data.splits": part.splits, "run.seed": part.seed, "run.evaluate": list(evaluated)}
    return with_values(plan.base, {**settings, **fixed})


def configuration(plan: Plan, settings: Mapping[str, str]) -> Config:
    """Return the configuration of a trial as one to train with, without what belongs to a training of the search alone.

    Raises:
        ConfigError: the settings contradict each other.
    """
    return config_of(plan, settings, Part("", plan.base.data.splits, plan.base.run.seed), EVALUATED)


class Judge:
    """Follows one training of a trial, and decides after each validation whether the trial is pruned.

    What is reported is the mean over the trainings that are done and this one, whose objective is that of the best
    weights so far, by the metric of early stopping: the same that counts at its end.
    """

    def __init__(self, journal: Journal, plan: Plan, number: int, done: Sequence[float]) -> None:
        self._journal, self._tune, self._number, self._done = journal, plan.tune, number, list(done)
        self._before = len(done) * plan.base.optim.epochs
        self._latest = self._best = math.nan
        self.pruned = ""
        self.failed: events.Failed | None = None
        self.broken: Exception | None = None
        """Why the journal could not be used; the run is then to stop."""

    def on_event(self, line: str, event: events.Event) -> None:
        """Take an event of the training. This raises nothing, because a driver would not call it again."""
        del line
        try:
            self._take(event)
        except Exception as error:
            self.broken = self.broken or error

    def _take(self, event: events.Event) -> None:
        if isinstance(event, events.Validated):
            self._latest = event.metrics.get(self._tune.objective, math.nan)
        elif isinstance(event, events.EarlyStopping):
            self._decided(event)
        elif isinstance(event, events.Failed):
            self.failed = event

    def _decided(self, event: events.EarlyStopping) -> None:
        if event.improved:
            self._best = self._latest
        if math.isnan(self._best):
            return
        mean = float(np.mean([*self._done, self._best]))
        if self._journal.report(self._number, self._before + event.epoch, mean):
            self.pruned = f"{self._tune.objective} {mean:.4f} after epoch {event.epoch} is behind that of other trials"

    def catch_up(self, state: RunState) -> None:
        """Take the validations of a training that another process began; what was reported then stays as it was."""
        by_epoch = {event.epoch: event for event in state.validations}
        for decision in state.stoppings:
            if (validated := by_epoch.get(decision.epoch)) is not None:
                self._take(validated)
                self._take(decision)


def result(run: Run, objective: str, split: str = "validation") -> float:
    """Return the objective of the run's best weights on a split, as its log has it; NaN if it has not ended."""
    state = run.read()
    done = state.stopped is not None and state.stopped.reason in ENDED and split in state.evaluations
    return float(state.evaluations[split].metrics.get(objective, math.nan)) if done else math.nan


def train_trial(
    study: Study, plan: Plan, journal: Journal, trial: TrialRecord, drive: Drive,
    should_stop: Callable[[], bool], on_event: OnEvent,
) -> bool:  # fmt: skip
    """Train a trial to its end and record it; return False if `should_stop` ended it, so that it goes on later.

    Raises:
        StudyError: the films, weights or the disk would fail every trial.
    """
    values: list[float] = []
    for part in parts_of(study, plan):
        run = study.trial_run(trial.number, part.name)
        try:
            config = config_of(plan, trial.settings, part, ["validation"])
        except ConfigError as error:
            journal.fail(trial.number, str(error))
            return True
        check_own(run, config, "this study")
        journal.note_run(trial.number, run.name)
        judge = Judge(journal, plan, trial.number, values)
        value = result(run, plan.tune.objective) if is_run(run.folder) else math.nan
        if math.isnan(value):
            if is_run(run.folder):
                judge.catch_up(run.read())
            code = train(
                run, config, drive,
                lambda judge=judge: PRUNED if judge.pruned else judge.broken is not None or should_stop(),  # type: ignore[misc]
                lambda line, event, judge=judge: _both(judge.on_event, on_event, line, event),  # type: ignore[misc]
            )  # fmt: skip
            ended = _end_of(run, trial.number, code, judge, journal, should_stop)
            if ended is not None:
                return ended
            value = result(run, plan.tune.objective)
        if math.isnan(value):
            journal.fail(trial.number, f"{plan.tune.objective} is undefined on the validation films of {run.name}")
            return True
        values.append(value)
    journal.finish(trial.number, values)
    return True


def _both(first: OnEvent, second: OnEvent, line: str, event: events.Event) -> None:
    first(line, event)
    second(line, event)


def _end_of(
    run: Run, number: int, code: int, judge: Judge, journal: Journal, should_stop: Callable[[], bool]
) -> bool | None:
    """Record how a training ended the whole trial, and return what `train_trial` then returns; None if it goes on."""
    if judge.broken is not None:
        raise judge.broken
    if code == EXIT_DONE:
        return None
    if judge.failed is not None:
        by_its_settings = judge.failed.error in ("DivergedError", "TooLargeError", "ConfigError")
        if code == EXIT_FAULT or by_its_settings:
            journal.fail(number, judge.failed.message)
            return True
        raise StudyError(f"Trial {number} waits, because its run {run.name} failed: {judge.failed.message}", code)
    if judge.pruned:
        journal.prune(number, judge.pruned)
        return True
    if should_stop():
        return False
    journal.fail(number, f"run {run.name} was stopped by hand")
    return True


def waiting(trials: Sequence[TrialRecord], study: Study) -> Iterator[TrialRecord]:
    """Yield the trials under way that no process of any machine seems to train, so that they can be taken up again."""
    for trial in trials:
        if trial.state == "running" and not any(study.run(name).seems_alive() for name in trial.runs):
            yield trial
