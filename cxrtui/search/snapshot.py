"""A study at one moment, for everything that shows it; reading it trains nothing and holds no lock."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from cxrtui.search.optuna_study import Journal, TrialRecord, best_of, best_so_far, maximised
from cxrtui.search.outcome import Outcome, read_outcome
from cxrtui.search.result import Result, read_result
from cxrtui.search.study import Plan, Study
from cxrtui.search.worker import at_work


@dataclass(frozen=True)
class Snapshot:
    """Everything that is shown of a study.

    Attributes:
        study, plan: what is searched.
        trials: all trials in the order of their numbers, as `seen` returns them.
        importances: how much each searched setting decides, by its key; empty while it is unknown.
        result: what the best configuration reached at the end, if the study has ended.
        workers: that are at work on this machine.
        outcome: how the last worker ended, if none is at work.
        read_at: seconds since the epoch.
    """

    study: Study
    plan: Plan
    trials: tuple[TrialRecord, ...] = ()
    importances: Mapping[str, float] = field(default_factory=dict)
    result: Result | None = None
    workers: int = 0
    outcome: Outcome | None = None
    read_at: float = field(default_factory=time.time)

    @property
    def best(self) -> TrialRecord | None:
        """The best finished trial."""
        return best_of(self.trials, self.plan.tune)

    @property
    def ranked(self) -> list[TrialRecord]:
        """The trials, the best first: finished ones by the objective, then those under way, pruned and failed."""
        order = {"finished": 0, "running": 1, "stopped": 1, "pruned": 2, "failed": 3, "waiting": 4}
        sign = -1.0 if maximised(self.plan.tune) else 1.0

        def rank(trial: TrialRecord) -> tuple[int, float, int]:
            value = sign * trial.value
            return order[trial.state], math.inf if math.isnan(value) else value, trial.number

        return sorted(self.trials, key=rank)

    @property
    def counts(self) -> dict[str, int]:
        """The number of trials by state."""
        return dict(Counter(trial.state for trial in self.trials))

    @property
    def ended(self) -> int:
        """The number of trials that have ended: those that run, or stopped and go on later, have not."""
        return sum(count for state, count in self.counts.items() if state not in ("running", "stopped"))

    @property
    def course(self) -> list[tuple[TrialRecord, float]]:
        """Each finished trial, in the order in which they ended, with the best objective until then."""
        return list(best_so_far(self.trials, self.plan.tune))

    @property
    def left(self) -> int:
        """Trials that are still to begin."""
        return max(0, self.plan.tune.trials - len(self.trials))

    @property
    def seconds_left(self) -> float:
        """About how long the trials that are left take the workers that are at work; NaN while it is unknown."""
        took = [trial.ended - trial.started for trial in self.trials if trial.ended > trial.started > 0]
        if not took or not self.workers:
            return math.nan
        return float(np.mean(took)) * self.left / self.workers

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        tune = self.plan.tune
        return {
            "study": self.study.name, "objective": tune.objective, "maximised": maximised(tune),
            "tune": tune.as_dict(), "space": {item.key: item.text for item in self.plan.space},
            "trials": [_trial(trial) for trial in self.trials],
            "best": None if self.best is None else self.best.number,
            "best_so_far": [[trial.number, best] for trial, best in self.course],
            "importances": dict(self.importances), "workers": self.workers,
            "budget": {"trials": tune.trials, "left": self.left, "seconds_left": self.seconds_left},
            "outcome": None if self.outcome is None else self.outcome.as_dict(),
            "result": None if self.result is None else self.result.as_dict(),
        }  # fmt: skip


def _trial(trial: TrialRecord) -> dict[str, Any]:
    return {
        "number": trial.number, "state": trial.state, "value": trial.value, "spread": trial.spread,
        "values": list(trial.values), "settings": dict(trial.settings), "runs": list(trial.runs),
        "reason": trial.reason, "started": trial.started, "ended": trial.ended,
    }  # fmt: skip


def seen(study: Study, trials: Sequence[TrialRecord], workers: int) -> tuple[TrialRecord, ...]:
    """Return `trials`, with the state ``stopped`` for each that runs by the journal and that nobody trains any more.

    The journal keeps such a trial as running, for the next worker goes on with it. `workers` are at work on this
    machine; of other machines the heartbeats of the runs tell.
    """
    if workers:
        return tuple(trials)
    return tuple(
        replace(trial, state="stopped")
        if trial.state == "running" and trial.runs and not any(study.run(name).seems_alive() for name in trial.runs)
        else trial
        for trial in trials
    )


def look(study: Study) -> Snapshot:
    """Read the study.

    Raises:
        ConfigError: study.toml is not valid.
        CheckpointError: the journal cannot be read.
    """
    plan = study.read()
    if not study.journal.exists():
        return Snapshot(study, plan, workers=at_work(study), outcome=read_outcome(study))
    journal = Journal(study, plan)
    workers = at_work(study)
    return Snapshot(
        study, plan, seen(study, journal.trials(), workers), journal.importances(), read_result(study), workers,
        None if workers else read_outcome(study),
    )  # fmt: skip
