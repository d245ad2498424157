"""What Optuna chooses, keeps and decides, without a training."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from cxrtui.errors import CheckpointError, ConfigError, UsageError
from cxrtui.runner import save_config
from cxrtui.runs import events
from cxrtui.runs.listing import new_run
from cxrtui.runs.series import SeriesError, check_own
from cxrtui.search.optuna_study import Journal, TrialRecord, best_of, best_so_far
from cxrtui.search.outcome import read_outcome
from cxrtui.search.result import read_result
from cxrtui.search.snapshot import look
from cxrtui.search.study import Plan, Study, all_studies, find_study, new_study, same_search
from cxrtui.search.trial import Judge
from cxrtui.settings.config import Config, with_values
from cxrtui.settings.space import searched
from cxrtui.settings.tuning import TuneConfig

SPACE = (searched("optim.learning_rate", "1e-5..1e-1:log"), searched("model.dropout", "0.0..0.6"),
         searched("optim.name", "adam,adamw,sgd"), searched("optim.batch_size", "8..64"))  # fmt: skip


def plan(**tune: object) -> Plan:
    return Plan(TuneConfig(startup=4, **tune), with_values(Config(), {"optim.epochs": 9}), SPACE)  # type: ignore[arg-type]


def quality(trial: TrialRecord) -> float:
    """An objective with its best at a rate of 1e-3 and no dropout."""
    rate = math.log10(float(trial.settings["optim.learning_rate"]))
    return 1.0 - 0.2 * abs(rate + 3) - 0.1 * float(trial.settings["model.dropout"])


def tried(study: Study, plan: Plan, count: int, first: int = 0, *, afresh: bool = True) -> list[TrialRecord]:
    """The trials after `count` more; with `afresh` each worker is a new process as far as the journal can tell."""
    journal = Journal(study, plan)
    for _ in range(first, count):
        journal = Journal(study, plan) if afresh else journal
        trial = journal.ask()
        if any(journal.report(trial.number, epoch, quality(trial)) for epoch in range(1, 10)):
            journal.prune(trial.number, "behind")
        else:
            journal.finish(trial.number, [quality(trial), quality(trial) - 0.01])
    return Journal(study, plan).trials()


def test_a_study_that_was_stopped_chooses_and_prunes_as_one_that_was_not(tmp_path: Path) -> None:
    whole = tried(new_study(tmp_path / "whole", "s", plan()), plan(), 16, afresh=False)
    study = new_study(tmp_path / "parts", "s", plan())
    tried(study, plan(), 5)
    resumed = tried(study, plan(), 16, first=5)
    assert [(trial.settings, trial.state, trial.reported) for trial in resumed] == [
        (trial.settings, trial.state, trial.reported) for trial in whole
    ]
    assert len({trial.settings["optim.learning_rate"] for trial in whole}) == 16
    other = tried(new_study(tmp_path, "other", plan(seed=1)), plan(seed=1), 2)
    assert other[0].settings != whole[0].settings


def test_a_trial_is_begun_by_one_line_so_that_a_kill_leaves_a_whole_one_or_none(tmp_path: Path) -> None:
    study = new_study(tmp_path, "s", plan())
    journal = Journal(study, plan())
    before = study.journal.read_bytes().count(b"\n")
    settings = journal.ask().settings
    assert study.journal.read_bytes().count(b"\n") == before + 1
    assert set(settings) == {item.key for item in SPACE}


def test_to_look_at_a_study_writes_nothing(tmp_path: Path) -> None:
    study = new_study(tmp_path, "s", plan())
    tried(study, plan(), 2)
    before = study.journal.read_bytes()
    assert len(look(study).trials) == 2
    assert study.journal.read_bytes() == before


def test_the_search_finds_what_is_good(tmp_path: Path) -> None:
    found = tried(new_study(tmp_path, "s", plan(pruner="none")), plan(pruner="none"), 40)
    best = best_of(found, plan().tune)
    assert best is not None
    first = max(quality(trial) for trial in found[:4])
    assert best.value > max(first, 0.85)
    by_chance = plan(sampler="random", pruner="none")
    at_random = tried(new_study(tmp_path, "random", by_chance), by_chance, 40)
    later, chance = (np.mean([quality(trial) for trial in trials[20:]]) for trials in (found, at_random))
    assert later > chance + 0.05
    course = list(best_so_far(found, plan().tune))
    assert [value for _, value in course] == list(np.maximum.accumulate([trial.value for trial in found]))
    shares = Journal(Study(tmp_path / "s"), plan(pruner="none")).importances()
    assert sum(shares.values()) == pytest.approx(1.0)
    assert max(shares, key=lambda key: shares[key]) == "optim.learning_rate"


def test_a_loss_is_better_where_it_is_lower(tmp_path: Path) -> None:
    wanted = plan(objective="loss", pruner="none")
    journal = Journal(new_study(tmp_path, "s", wanted), wanted)
    for values in ([0.3, 0.5], [0.2, 0.3], [0.9]):
        journal.finish(journal.ask().number, values)
    best = best_of(journal.trials(), wanted.tune)
    assert best is not None
    assert (best.number, best.value, best.values) == (2, 0.25, (0.2, 0.3))
    assert [value for _, value in best_so_far(journal.trials(), wanted.tune)] == [0.4, 0.25, 0.25]


@pytest.mark.parametrize("pruner", ["hyperband", "halving", "median", "none"])
def test_what_promises_little_is_pruned_and_the_good_is_not(tmp_path: Path, pruner: str) -> None:
    wanted = plan(pruner=pruner, sampler="random")
    journal = Journal(new_study(tmp_path, "s", wanted), wanted)
    pruned = {True: 0, False: 0}
    for number in range(30):
        trial, good = journal.ask(), number % 3 == 0
        for epoch in range(1, 10):
            if journal.report(trial.number, epoch, (0.9 if good else 0.5) + 0.001 * epoch + 0.0001 * number):
                journal.prune(trial.number, "behind")
                pruned[good] += 1
                break
        else:
            journal.finish(trial.number, [0.9 if good else 0.5])
    states = [trial.state for trial in journal.trials()]
    assert states.count("pruned") == sum(pruned.values())
    if pruner == "none":
        assert not sum(pruned.values())
    else:
        assert pruned[False] > 8
        assert pruned[True] < pruned[False] / 2
        assert next(trial for trial in journal.trials() if trial.state == "pruned").reason == "behind"


@pytest.mark.parametrize("pruner", ["hyperband", "halving", "median"])
def test_a_decision_to_prune_survives_a_kill_before_the_run_has_stopped(tmp_path: Path, pruner: str) -> None:
    study = new_study(tmp_path, "s", plan(pruner=pruner))
    for _ in range(40):
        journal = Journal(study, plan(pruner=pruner))
        trial = journal.ask()
        ended = next((epoch for epoch in range(1, 10) if journal.report(trial.number, epoch, -trial.number)), 0)
        if ended:
            break
        journal.finish(trial.number, [-trial.number])
    again = Journal(study, plan(pruner=pruner))
    assert ended
    assert [again.report(trial.number, epoch, 0.0) for epoch in (ended - 1, ended, ended + 1)] == [False, True, True]


def test_a_report_that_is_repeated_after_a_kill_changes_nothing(tmp_path: Path) -> None:
    journal = Journal(new_study(tmp_path, "s", plan()), plan())
    trial = journal.ask()
    journal.report(trial.number, 1, 0.7)
    journal.report(trial.number, 1, 0.2)
    journal.note_run(trial.number, "a")
    journal.note_run(trial.number, "a")
    found = journal.trials()[0]
    assert (found.reported, found.runs, found.state, found.value) == ({1: 0.7}, ("a",), "running", 0.7)


def test_a_study_is_read_as_it_was_written(tmp_path: Path) -> None:
    base = with_values(Config(), {"model.freeze": "stage4", "model.unfreeze": "3:stage4", "data.source": "a\\,b,c"})
    made = Plan(TuneConfig(trials=9, folds=3), base, (*SPACE, searched("model.hidden", ";64;256,32")))
    study = new_study(tmp_path / "checkpoints", "s", made)
    assert study.read() == made
    narrow = searched("optim.learning_rate", "0.123456781..0.123456789")
    assert searched(narrow.key, narrow.text) == narrow
    assert study.extend(trials=20, hours=1.5, seeds=5).tune == TuneConfig(trials=20, folds=3, hours=1.5, seeds=5)
    assert [item.name for item in all_studies(tmp_path / "checkpoints")] == ["s"]
    assert find_study(tmp_path / "checkpoints", "s") == study
    same_search(made, Plan(TuneConfig(trials=50, folds=3), base, made.space))
    with pytest.raises(ConfigError, match="searches other settings"):
        same_search(made, Plan(made.tune, base, SPACE))
    with pytest.raises(ConfigError, match=r"tune\.folds=3, not 5"):
        same_search(made, Plan(TuneConfig(folds=5), base, made.space))
    with pytest.raises(ConfigError, match=r"optim\.epochs=30, not 5"):
        same_search(made, Plan(made.tune, with_values(base, {"optim.epochs": 5}), made.space))


def test_names_that_are_taken_or_unknown(tmp_path: Path) -> None:
    new_study(tmp_path, "s", plan())
    (tmp_path / "other").mkdir()
    (tmp_path / "old-0002-f1-s2").mkdir()
    (tmp_path / "older-run").mkdir()
    for name, message in (("s", "Study s exists; go on with it"), ("other", "is no study"), ("a/b", "name holds"),
                          ("old", r"Runs of an earlier study old are in .* \(old-0002-f1-s2\)")):  # fmt: skip
        with pytest.raises(UsageError, match=message):
            new_study(tmp_path, name, plan())
    assert new_study(tmp_path, "older", plan()).read() == plan()
    assert len({new_study(tmp_path, "", plan()).name for _ in range(3)}) == 3
    assert not [item for item in tmp_path.iterdir() if item.name.startswith(".")]
    with pytest.raises(UsageError, match="studies there: "):
        find_study(tmp_path, "t")


def test_a_torn_last_line_is_read_over_and_cut_off_before_the_next(tmp_path: Path) -> None:
    study = new_study(tmp_path, "s", plan())
    before = tried(study, plan(), 2)
    with study.journal.open("ab") as file:
        file.write(b'{"op_code":4,"worker_id":"x","study')
    assert Journal(study, plan()).trials() == before
    assert len(tried(study, plan(), 4, first=2)) == 4


def test_a_study_that_was_renamed_or_edited_says_so_and_does_not_begin_anew(tmp_path: Path) -> None:
    study = new_study(tmp_path, "s", plan())
    tried(study, plan(), 2)
    text = study.file.read_text()
    study.file.write_text(text.replace("trials = 30", "trials = 60").replace("source = []", 'source = ["/moved"]'))
    assert len(look(study).trials) == 2
    for old, new, message in (
        ("adam,adamw,sgd", "adam,sgd", "changes what is searched"),
        ('objective = "auroc"', 'objective = "loss"', r"tune\.objective from auroc to loss"),
        ("width = 64", "width = 4", r"model\.width from 64 to 4"),
    ):
        assert old in text
        study.file.write_text(text.replace(old, new))
        with pytest.raises(ConfigError, match=message):
            look(study)
    study.file.write_text(text)
    study.folder.rename(tmp_path / "t")
    with pytest.raises(CheckpointError, match="is the journal of study s, not of t; give the folder its old name"):
        look(Study(tmp_path / "t"))


@pytest.mark.parametrize("damage", [b"{\n", b"\x00\xff\n", b'{"op_code": 99}\n', b"[1]\n", b'"x"\n'])
def test_a_damaged_journal_is_an_error_that_says_what_to_do(tmp_path: Path, damage: bytes) -> None:
    study = new_study(tmp_path, "s", plan())
    tried(study, plan(), 2)
    study.journal.write_bytes(study.journal.read_bytes() + damage + b'{"more": 1}\n')
    with pytest.raises(CheckpointError, match=r"journal\.log is damaged .* put back a copy"):
        Journal(study, plan())
    with pytest.raises(CheckpointError):
        look(study)


@pytest.mark.parametrize("body", [
    "{", "[]", "3", '{"trial": Infinity, "splits": {}}', '{"reason": "x", "message": "", "time": 1' + "0" * 400 + "}",
    '{"trial": 1, "tried": 1, "objective": "auroc", "splits": [], "settings": {}, "promised": 1, "runs": []}',
])  # fmt: skip
def test_a_result_or_an_outcome_that_is_not_ours_is_none(tmp_path: Path, body: str) -> None:
    study = new_study(tmp_path, "s", plan())
    study.result_file.write_text(body)
    study.outcome_file.write_text(body)
    assert read_result(study) is None
    assert read_outcome(study) is None


def test_a_journal_that_cannot_be_used_stops_the_run_and_is_told(tmp_path: Path) -> None:
    study = new_study(tmp_path, "s", plan())
    journal = Journal(study, plan())
    judge = Judge(journal, plan(), journal.ask().number, [])
    study.journal.rename(tmp_path / "elsewhere")
    study.journal.mkdir()
    judge.on_event("", events.Validated(epoch=1, step=1, metrics={"auroc": 0.5}, seconds=1.0, counts={}))
    assert judge.broken is None
    judge.on_event("", events.EarlyStopping(
        epoch=1, metric="loss", value=0.5, improved=True, best=0.5, best_epoch=1, best_step=1, to_beat=0.5, patience=8,
        patience_left=8, stopping=False,
    ))  # fmt: skip
    assert isinstance(judge.broken, CheckpointError)
    assert "check what is there and go on with: cxrtui tune --study s" in str(judge.broken)


def test_a_run_of_other_settings_is_not_taken_for_one_of_the_study(tmp_path: Path) -> None:
    run, own = new_run(tmp_path, "s-0001"), with_values(Config(), {"optim.epochs": 3, "data.source": "here"})
    check_own(run, own, "this study")
    save_config(run, own)
    run.events_file.touch()
    check_own(run, with_values(own, {"data.source": "there", "data.splits": "x.csv"}), "this study")
    with pytest.raises(SeriesError, match=r"another optim\.epochs \(3, not 4\); move it away or delete it"):
        check_own(run, with_values(own, {"optim.epochs": 4}), "this study")
