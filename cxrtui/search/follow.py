"""Follows a study for a screen: it is read again only when a file of it or the number of its workers has changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from cxrtui.search.optuna_study import Journal, TrialRecord
from cxrtui.search.outcome import read_outcome
from cxrtui.search.result import read_result
from cxrtui.search.snapshot import Snapshot, seen
from cxrtui.search.study import Plan, Study
from cxrtui.search.worker import at_work

_Mark = tuple[int, int, int]


class Follower:
    """Reads one study again and again; of a journal that has grown only what is new is read."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._seen: tuple[object, ...] = ()
        self._journal: tuple[Plan, int, int, Journal] | None = None  # its plan, inode and size, and what read it
        self._known: dict[int, TrialRecord] = {}  # what has not changed stays the same object
        self._importances: tuple[int, Mapping[str, float]] = (-1, {})

    def look(self) -> Snapshot | None:
        """Return the study as it is now; None if nothing has changed since the last look.

        Raises:
            ConfigError: study.toml is missing or not valid.
            CheckpointError: the journal cannot be read.
        """
        study = self._study
        files = (study.file, study.journal, study.result_file, study.outcome_file)
        marks = (at_work(study), *map(_mark, files))
        if marks == self._seen:
            return None
        self._seen = marks
        plan = study.read()
        workers = at_work(study)
        trials = seen(study, self._trials(plan), workers)
        return Snapshot(
            study, plan, trials, self._importances[1] if trials else {}, read_result(study), workers,
            None if workers else read_outcome(study),
        )  # fmt: skip

    def _trials(self, plan: Plan) -> tuple[TrialRecord, ...]:
        mark = _mark(self._study.journal)
        if not mark[0]:
            self._journal = None
            return ()
        trials: list[TrialRecord] | None = None
        kept = self._journal
        if kept is not None and (kept[0], kept[1]) == (plan, mark[0]) and kept[2] <= mark[1]:
            try:
                trials = kept[3].trials()
            except Exception:  # a line that is not the journal's; a new reader names the error
                trials = None
        if trials is None:
            self._journal = kept = (plan, mark[0], mark[1], Journal(self._study, plan))
            trials = kept[3].trials()
        assert kept is not None
        self._journal = (plan, mark[0], mark[1], kept[3])
        trials = [self._known.get(trial.number, trial) if self._known.get(trial.number) == trial else trial
                  for trial in trials]  # fmt: skip
        self._known = {trial.number: trial for trial in trials}
        done = sum(trial.state == "finished" for trial in trials)
        if done != self._importances[0]:
            self._importances = (done, kept[3].importances())
        return tuple(trials)


def _mark(file: Path) -> _Mark:
    """Return inode, size and time of a file; zeros if it is not there."""
    try:
        found = os.stat(file)
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns
