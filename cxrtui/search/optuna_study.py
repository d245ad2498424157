"""The record of a study's trials: Optuna's journal, a file that several processes and machines may append to.

See Akiba et al., 2019, arXiv:1907.10902. This module and `choice` are the only ones that know Optuna.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.samplers import RandomSampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.trial import FrozenTrial, Trial, TrialState

from cxrtui.disk import explained, refusal
from cxrtui.errors import CheckpointError
from cxrtui.search.choice import chosen, direction, not_experimental, pruner
from cxrtui.search.choice import maximised as maximised
from cxrtui.search.study import Plan, Study
from cxrtui.settings.space import SearchedSetting
from cxrtui.settings.tuning import TuneConfig

optuna.logging.set_verbosity(optuna.logging.ERROR)

STATES = {
    TrialState.RUNNING: "running", TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed", TrialState.WAITING: "waiting",
}  # fmt: skip
_LONGEST = 1 << 20  # bytes of a line
_REASON, _VALUES, _RUNS, _BEHIND, _PLAN = "reason", "values", "runs", "behind", "plan"


@dataclass(frozen=True)
class TrialRecord:
    """What the journal holds of a trial.

    Attributes:
        number: from 1, while Optuna counts from 0.
        state: running, finished, pruned or failed.
        settings: of the searched settings, the texts that ``--set`` takes.
        value: the objective; NaN while there is none. Of a pruned trial, the last that was reported.
        values: the objective of each training.
        runs: the names of its runs.
        reported: the objective by epoch, counted over all trainings of the trial.
        reason: why it was pruned or failed.
        started, ended: seconds since the epoch; 0 if it has not.
    """

    number: int
    state: str
    settings: Mapping[str, str]
    value: float
    values: tuple[float, ...]
    runs: tuple[str, ...]
    reported: Mapping[int, float]
    reason: str
    started: float
    ended: float

    @property
    def spread(self) -> float:
        """The sample standard deviation of `values`; NaN of fewer than two."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else math.nan


class _Lock(JournalFileSymlinkLock):
    """The lock of a journal that is appended to; a line that a full disk or a lost machine tore is cut off first."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._journal = Path(path)

    def acquire(self) -> bool:
        """Wait for the lock and take it."""
        taken = super().acquire()
        try:
            self._cut()
        except BaseException:
            self.release()
            raise
        return taken

    def _cut(self) -> None:
        with self._journal.open("rb+") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LONGEST))
            tail = file.read()
            if tail and not tail.endswith(b"\n"):
                file.truncate(size - len(tail) + tail.rfind(b"\n") + 1)


class Journal:
    """The record of a study's trials. To open one that exists writes nothing.

    Every method raises `CheckpointError` if the journal cannot be read or written, or is damaged.

    Raises:
        ConfigError: study.toml was changed since the study began.
        CheckpointError: the journal is of another study.
    """

    def __init__(self, study: Study, plan: Plan) -> None:
        self._plan, self._study = plan, study
        self._held: dict[int, Trial] = {}
        path = str(study.journal)
        with self._explained():
            self._storage = JournalStorage(JournalFileBackend(path, _Lock(path)))
            known = [item.study_name for item in self._storage.get_all_studies()]
            if known and study.name not in known:
                raise CheckpointError(f"{study.journal} is the journal of study {known[0]}, not of {study.name}; give "
                                      "the folder its old name again.")  # fmt: skip
            how: dict[str, Any] = {
                "storage": self._storage, "study_name": study.name, "sampler": RandomSampler(), "pruner": pruner(plan)
            }  # fmt: skip
            if known:
                self._optuna = optuna.load_study(**how)
            else:
                self._optuna = optuna.create_study(**how, load_if_exists=True, direction=direction(plan))
            self._id = self._storage.get_study_id_from_name(study.name)
            begun = self._optuna.user_attrs.get(_PLAN)
            if begun is None and not known:
                self._optuna.set_user_attr(_PLAN, plan.fixed())
        if begun is not None:
            plan.check_unchanged(begun, study.file)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Raise what goes wrong with the journal as a `CheckpointError` that says what to do."""
        try:
            yield
        except OSError as error:
            why = refusal(error)
            remedy = why.remedy if why else "check what is there"
            raise CheckpointError(
                f"The journal {self._study.journal} cannot be used ({explained(error)}); {remedy} and go on with: "
                f"cxrtui tune --study {self._study.name}"
            ) from None
        except (ValueError, KeyError, TypeError, AssertionError, RuntimeError, AttributeError, IndexError) as error:
            raise CheckpointError(
                f"The journal {self._study.journal} is damaged ({type(error).__name__}: {str(error)[:120]}); put back "
                "a copy of it, or delete the study and start another: the runs of its trials stay."
            ) from error

    def trials(self) -> list[TrialRecord]:
        """Return all trials in the order of their numbers."""
        with self._explained():
            return [_record(trial, self._plan.space) for trial in self._optuna.get_trials(deepcopy=False)]

    def ask(self) -> TrialRecord:
        """Begin a new trial, and return it with its settings."""
        with self._explained():
            made = chosen(self._plan, self._optuna.get_trials(deepcopy=False))
            begun = Trial(self._optuna, self._storage.create_new_trial(self._id, made))  # one line of the journal
            self._held[begun.number + 1] = begun
            return self._of(begun.number + 1)

    def _of(self, number: int) -> TrialRecord:
        return _record(self._frozen(number), self._plan.space)

    def _frozen(self, number: int) -> FrozenTrial:
        return self._optuna.get_trials(deepcopy=False)[number - 1]

    def _trial(self, number: int) -> Trial:
        if number not in self._held:  # another process began it
            self._held[number] = Trial(self._optuna, self._frozen(number)._trial_id)
        return self._held[number]

    def report(self, number: int, epoch: int, value: float) -> bool:
        """Record the objective after an epoch, counted over the trial, and return whether to prune the trial now.

        A decision to prune is recorded too, because a pruner decides once about each rung.
        """
        with self._explained():
            trial, known = self._trial(number), self._frozen(number)
            if epoch not in known.intermediate_values:
                trial.report(value, epoch)
            behind = known.user_attrs.get(_BEHIND)
            if behind is None and trial.should_prune():
                trial.set_user_attr(_BEHIND, behind := epoch)
            return behind is not None and epoch >= behind

    def note_run(self, number: int, name: str) -> None:
        """Record that a run belongs to the trial."""
        with self._explained():
            trial, known = self._trial(number), self._of(number).runs
            if name not in known:
                trial.set_user_attr(_RUNS, [*known, name])

    def finish(self, number: int, values: Sequence[float]) -> None:
        """Record the objective of each training; their mean is that of the trial."""
        with self._explained():
            self._trial(number).set_user_attr(_VALUES, list(values))
            self._optuna.tell(self._trial(number), float(np.mean(values)), skip_if_finished=True)

    def prune(self, number: int, reason: str) -> None:
        """Record that the trial was pruned."""
        self._end(number, TrialState.PRUNED, reason)

    def fail(self, number: int, reason: str) -> None:
        """Record that the trial has failed."""
        self._end(number, TrialState.FAIL, reason)

    def _end(self, number: int, state: TrialState, reason: str) -> None:
        with self._explained():
            trial = self._trial(number)
            trial.set_user_attr(_REASON, reason)
            self._optuna.tell(trial, state=state, skip_if_finished=True)

    def importances(self) -> dict[str, float]:
        """Return how much each searched setting decides whether a trial is among the best; empty if it is unknown.

        They sum to 1. By PED-ANOVA (Watanabe et al., 2023, arXiv:2304.10255), from the finished trials.
        """
        done = [item for item in self.trials() if item.state == "finished"]
        if len(done) < FEWEST_FOR_IMPORTANCE or len({item.value for item in done}) < 2:
            return {}
        with not_experimental():
            found = get_param_importances(self._optuna, evaluator=PedAnovaImportanceEvaluator())
        total = sum(found.values())
        return {key: value / total for key, value in found.items()} if total > 0 and math.isfinite(total) else {}


FEWEST_FOR_IMPORTANCE = 8
"""Finished trials from which on it is computed what decides."""


def _record(trial: FrozenTrial, space: Sequence[SearchedSetting]) -> TrialRecord:
    by_key = {item.key: item for item in space}
    reported = dict(sorted(trial.intermediate_values.items()))
    value = trial.value if trial.value is not None else next(reversed(reported.values()), math.nan)
    return TrialRecord(
        number=trial.number + 1,
        state=STATES[trial.state],
        settings={key: by_key[key].as_text(value) for key, value in trial.params.items() if key in by_key},
        value=float(value),
        values=tuple(map(float, trial.user_attrs.get(_VALUES, ()))),
        runs=tuple(map(str, trial.user_attrs.get(_RUNS, ()))),
        reported=reported,
        reason=str(trial.user_attrs.get(_REASON, "")),
        started=_seconds(trial.datetime_start),
        ended=_seconds(trial.datetime_complete),
    )


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment is not None else 0.0


def journal_size(path: Path) -> int:
    """Return the bytes of a journal, 0 if there is none; a reader looks again when it has grown."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def best_of(trials: Sequence[TrialRecord], tune: TuneConfig) -> TrialRecord | None:
    """Return the finished trial with the best objective, of equals the first; None if none has finished."""
    done = [item for item in trials if item.state == "finished" and not math.isnan(item.value)]
    sign = -1.0 if maximised(tune) else 1.0
    return min(done, key=lambda item: (sign * item.value, item.number), default=None)


def best_so_far(trials: Sequence[TrialRecord], tune: TuneConfig) -> Iterator[tuple[TrialRecord, float]]:
    """Yield each finished trial, in the order in which they ended, with the best objective until then."""
    best = math.nan
    pick = max if maximised(tune) else min
    for item in sorted((item for item in trials if item.state == "finished"), key=lambda item: item.ended):
        best = item.value if math.isnan(best) else pick(best, item.value)
        yield item, best
