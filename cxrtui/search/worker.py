"""A worker of a study: it takes up trials that others left, begins new ones, and at the end trains the best anew."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from cxrtui.data.prepared.folds import write_folds
from cxrtui.data.prepared.prepare import prepare
from cxrtui.disk import explained, refusal
from cxrtui.errors import Cancelled, CheckpointError, CxrtuiError, UsageError
from cxrtui.runs import codec, control, events, lock
from cxrtui.runs.series import Drive
from cxrtui.search.finale import finale
from cxrtui.search.optuna_study import Journal, TrialRecord, best_of
from cxrtui.search.outcome import Outcome, write_outcome
from cxrtui.search.result import Result, read_result
from cxrtui.search.study import Plan, Study
from cxrtui.search.trial import StudyError, train_trial, waiting

FINISHED, REQUESTED, HOURS, ELSEWHERE = "finished", "requested", "hours", "elsewhere"
_FIRST_FAILURES = 3
"""If so many first trials fail and none ends otherwise, the study ends: more of them would fail too."""
_POLL_SECONDS = 0.2


class Listener(Protocol):
    """Is told what a worker does."""

    def on_event(self, line: str, event: events.Event) -> None:
        """An event of the run under way, with its line of the log; the line is empty while films are prepared."""

    def on_begin(self, trial: TrialRecord, again: bool) -> None:
        """A trial begins, or is taken up again."""

    def on_end(self, trial: TrialRecord, best: TrialRecord | None) -> None:
        """A trial has ended; `best` is the best one so far."""

    def on_finale(self, trial: TrialRecord, seeds: int) -> None:
        """The best configuration is trained with `seeds` other seeds."""


class _Careful:
    """Passes on what a worker tells; a listener that fails (its pipe is closed, say) ends no search."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def on_event(self, line: str, event: events.Event) -> None:
        with contextlib.suppress(Exception):
            self._listener.on_event(line, event)

    def on_begin(self, trial: TrialRecord, again: bool) -> None:
        with contextlib.suppress(Exception):
            self._listener.on_begin(trial, again)

    def on_end(self, trial: TrialRecord, best: TrialRecord | None) -> None:
        with contextlib.suppress(Exception):
            self._listener.on_end(trial, best)

    def on_finale(self, trial: TrialRecord, seeds: int) -> None:
        with contextlib.suppress(Exception):
            self._listener.on_finale(trial, seeds)


class Worker:
    """Works on a study until it is done, or until it is asked to stop.

    Args:
        study: an existing one.
        drive: trains a run, as ``runner.drive``.
        should_stop: called often; True ends the work, and the trial under way goes on later from its checkpoint.
        listener: is told what happens.
    """

    def __init__(self, study: Study, drive: Drive, should_stop: Callable[[], bool], listener: Listener) -> None:
        self._study, self._drive, self._asked, self._listener = study, drive, should_stop, _Careful(listener)
        self._plan = study.read()
        self._journal = Journal(study, self._plan)
        self._seen = {number for _, number in control.read(study.control_file)}
        self._looked = -1.0
        self._stopped = False
        self._began = time.monotonic()

    @property
    def plan(self) -> Plan:
        """What the study searches."""
        return self._plan

    def work(self) -> str:
        """Work, and return why it ended: ``finished``, ``requested``, ``hours``, or ``elsewhere`` where others go on.

        Raises:
            StudyError: no trial can be trained.
            DataError: the films cannot be used, or there are too few patients for the folds.
        """
        with _registered(self._study):
            try:
                reason = self._work()
            except CxrtuiError as error:
                write_outcome(self._study, Outcome("failed", str(error)))
                raise
            write_outcome(self._study, Outcome(reason))
            return reason

    def _work(self) -> str:
        try:
            self._prepare()
        except Cancelled:
            return REQUESTED
        while not self._stopping():
            self._look_at_limits()
            with self._claimed() as (trial, again):
                if trial is None:
                    break
                self._listener.on_begin(trial, again)
                if not train_trial(self._study, self._plan, self._journal, trial, self._drive, self._stopping,
                                   self._listener.on_event):  # fmt: skip
                    return REQUESTED
            trials = self._journal.trials()
            self._listener.on_end(trials[trial.number - 1], best_of(trials, self._plan.tune))
            _check_first(trials)
        return self._end()

    def _look_at_limits(self) -> None:
        """Take the numbers of trials, hours and trainings at the end from study.toml, where they may have changed."""
        now = self._study.read().tune
        tune = replace(self._plan.tune, trials=now.trials, hours=now.hours, seeds=now.seeds)
        self._plan = replace(self._plan, tune=tune)

    def _stopping(self) -> bool:
        """Return whether the caller or the study's control file asks to stop; both are asked five times a second."""
        if not self._stopped and (now := time.monotonic()) - self._looked > _POLL_SECONDS:
            self._looked = now
            commands = control.read(self._study.control_file)
            self._stopped = self._asked() or any(
                word == "stop" and number not in self._seen for word, number in commands
            )
        return self._stopped

    def _check_cancelled(self) -> None:
        if self._stopping():
            raise Cancelled

    @property
    def _hours_over(self) -> bool:
        hours = self._plan.tune.hours
        return 0 < hours * 3600 <= time.monotonic() - self._began

    def _prepare(self) -> None:
        """Decode the films and divide them, unless another worker has done so.

        Raises:
            Cancelled: a stop was asked for.
            DataError: the films cannot be used.
        """
        study, tune = self._study, self._plan.tune
        last = study.fold_file(tune.folds - 1) if tune.folds else study.splits_file
        while not (study.splits_file.exists() and last.exists()):
            self._check_cancelled()
            with _locked(study.folder / "claims" / "prepare") as mine:
                if not mine:
                    time.sleep(_POLL_SECONDS)
                    continue
                classes: list[str] = []
                for event in prepare(
                    self._plan.base, splits_out=study.splits_file, check_cancelled=self._check_cancelled
                ):
                    self._listener.on_event(codec.encode(event), event)
                    if isinstance(event, events.DataPrepared):
                        classes = event.labels
                if tune.folds:
                    seed = self._plan.base.run.seed
                    write_folds(study.splits_file, last.parent, folds=tune.folds, seed=seed, classes=classes)

    @contextlib.contextmanager
    def _claimed(self) -> Iterator[tuple[TrialRecord | None, bool]]:
        """Hold the claim to a trial: one that is left, else a new one; yield also whether it was begun before."""
        with contextlib.ExitStack() as stack:
            for trial in waiting(self._journal.trials(), self._study):
                if stack.enter_context(_locked(self._study.claim(trial.number))):
                    if self._journal.trials()[trial.number - 1].state != "running":  # its worker ended it just now
                        continue
                    yield trial, True
                    return
            begun = self._begin(stack)
            yield begun, False

    def _begin(self, stack: contextlib.ExitStack) -> TrialRecord | None:
        """Begin a new trial and claim it; None if all are begun or the time is over."""
        while not self._stopping():
            with _locked(self._study.folder / "claims" / "ask") as mine:  # so that no more trials are begun than wanted
                if not mine:
                    time.sleep(_POLL_SECONDS / 4)
                    continue
                if len(self._journal.trials()) >= self._plan.tune.trials or self._hours_over:
                    return None
                trial = self._journal.ask()
                if not stack.enter_context(_locked(self._study.claim(trial.number))):
                    continue  # another machine, whose locks are not seen here, was faster
                return trial
        return None

    def _end(self) -> str:
        """Train the best configuration anew if all trials have ended."""
        if self._stopping():
            return REQUESTED
        trials = self._journal.trials()
        if any(trial.state == "running" for trial in trials):
            return ELSEWHERE
        if len(trials) < self._plan.tune.trials and not self._hours_over:
            return ELSEWHERE
        best = best_of(trials, self._plan.tune)
        if not trials:
            return HOURS
        if best is None:
            raise StudyError(f"None of the {len(trials)} trials of study {self._study.name} has finished: "
                             f"{_reasons(trials).rstrip('.')}.", 2)  # fmt: skip
        done = self._finale(best, len(trials))
        if done is None:
            return REQUESTED if self._stopping() else ELSEWHERE
        return HOURS if len(trials) < self._plan.tune.trials else FINISHED

    def _finale(self, best: TrialRecord, tried: int) -> Result | None:
        known, seeds = read_result(self._study), self._plan.tune.seeds
        same = known is not None and known.trial == best.number and known.settings == best.settings
        if known is not None and same and len(known.runs) >= max(1, seeds):
            return known
        if not seeds:
            if known is None or not known.looks:  # what test films have shown is not forgotten
                Result.without_seeds(best, self._plan, tried).write(self._study)
            return Result.without_seeds(best, self._plan, tried)
        with _locked(self._study.folder / "claims" / "best") as mine:
            if not mine:
                return None
            self._listener.on_finale(best, self._plan.tune.seeds)
            return finale(self._study, self._plan, best, tried, self._drive, self._stopping, self._listener.on_event)


def _check_first(trials: list[TrialRecord]) -> None:
    """End the study if its first trials have all failed.

    Raises:
        StudyError: they have.
    """
    ended = [trial for trial in trials if trial.state != "running"]
    if len(ended) >= _FIRST_FAILURES and all(trial.state == "failed" for trial in ended):
        raise StudyError(f"The first {len(ended)} trials have all failed: {_reasons(ended)}. Change what is "
                         "searched and start another study.", 2)  # fmt: skip


def _reasons(trials: list[TrialRecord]) -> str:
    return "; ".join(dict.fromkeys(trial.reason or f"trial {trial.number} was {trial.state}" for trial in trials[:5]))


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[bool]:
    """Hold the lock at `file`, or yield False if another process holds it."""
    try:
        file.parent.mkdir(exist_ok=True)  # a copy of a study may lack folders that were empty
        held = lock.RunLock(file)
    except UsageError:
        yield False
        return
    except OSError as error:
        why = refusal(error)
        raise CheckpointError(f"The study cannot be worked on, because {file} cannot be written ({explained(error)}); "
                              f"{why.remedy if why else 'check what is there'}.") from None  # fmt: skip
    try:
        yield True
    finally:
        held.release()


@contextlib.contextmanager
def _registered(study: Study) -> Iterator[None]:
    """Show that a worker is at work, as a lock in `workers/` for as long as it is."""
    file = study.workers / f"{os.uname().nodename}-{os.getpid()}-{secrets.token_hex(2)}"
    with _locked(file):
        try:
            yield
        finally:
            file.unlink(missing_ok=True)


def at_work(study: Study) -> int:
    """Return the number of workers of this machine that are at work on the study."""
    with contextlib.suppress(OSError):
        return sum(lock.held(file) for file in study.workers.iterdir())
    return 0
