"""A study is read again only when it has changed, and reading it changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxrtui.errors import CheckpointError, ConfigError
from cxrtui.runs.lock import RunLock
from cxrtui.search.follow import Follower
from cxrtui.search.optuna_study import FEWEST_FOR_IMPORTANCE, Journal
from cxrtui.search.outcome import Outcome, write_outcome
from cxrtui.search.snapshot import look
from cxrtui.search.study import Plan, Study, new_study
from cxrtui.settings.config import Config
from cxrtui.settings.space import searched
from cxrtui.settings.tuning import TuneConfig

PLAN = Plan(TuneConfig(startup=2), Config(), (searched("optim.learning_rate", "1e-5..1e-1:log"),))


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return new_study(tmp_path, "s", PLAN)


def test_what_has_changed_is_read_and_nothing_else(study: Study) -> None:
    follower = Follower(study)
    first = follower.look()
    assert first is not None
    assert (first.trials, first.plan) == ((), PLAN)
    assert follower.look() is None
    journal = Journal(study, PLAN)
    for number in range(FEWEST_FOR_IMPORTANCE):
        journal.finish(journal.ask().number, [0.5 + 0.01 * number])
    found = follower.look()
    assert found is not None
    assert found.trials == look(study).trials
    assert found.importances == look(study).importances == {"optim.learning_rate": 1.0}
    before = study.journal.read_bytes()
    assert follower.look() is None
    assert Follower(study).look() is not None
    assert study.journal.read_bytes() == before
    running = journal.ask()
    journal.report(running.number, 1, 0.4)
    found = follower.look()
    assert found is not None
    assert (found.trials[-1].state, found.trials[-1].value) == ("running", 0.4)
    study.extend(trials=77)
    found = follower.look()
    assert found is not None
    assert found.plan.tune.trials == 77


def test_workers_and_how_the_last_one_ended(study: Study) -> None:
    follower = Follower(study)
    follower.look()
    lock = RunLock(study.workers / "one")
    found = follower.look()
    assert found is not None
    assert found.workers == 1
    lock.release()
    write_outcome(study, Outcome("failed", "no films"))
    found = follower.look()
    assert found is not None
    assert found.outcome is not None
    assert (found.workers, found.outcome.message) == (0, "no films")


def test_a_trial_that_nobody_trains_any_more_is_stopped(study: Study) -> None:
    """The journal keeps it as running, so that the next worker goes on with it."""
    journal = Journal(study, PLAN)
    journal.finish(journal.ask().number, [0.5])
    journal.note_run(journal.ask().number, "s-0002")
    study.run("s-0002").folder.mkdir()
    worker, follower = RunLock(study.workers / "one"), Follower(study)
    trained = study.run("s-0002").acquire()
    for release, counts in ((worker, {"finished": 1, "running": 1}), (trained, {"finished": 1, "stopped": 1})):
        release.release()
        found = look(study)
        assert (found.counts, found.ended) == (counts, 1)
    again = follower.look()
    assert again is not None
    assert again.counts == counts
    assert [trial.state for trial in again.ranked] == ["finished", "stopped"]


def test_a_journal_that_is_replaced_damaged_or_gone(study: Study) -> None:
    follower = Follower(study)
    journal = Journal(study, PLAN)
    whole = study.journal.read_bytes()
    for value in (0.6, 0.7):
        journal.finish(journal.ask().number, [value])
    assert len(follower.look().trials) == 2  # type: ignore[union-attr]
    study.journal.write_bytes(whole)
    found = follower.look()
    assert found is not None
    assert found.trials == ()
    study.journal.write_bytes(whole + b"{\n{}\n")
    with pytest.raises(CheckpointError, match="is damaged"):
        follower.look()
    assert follower.look() is None  # it is told once
    study.journal.write_bytes(whole)
    assert follower.look() is not None
    study.file.unlink()
    with pytest.raises(ConfigError):
        follower.look()
