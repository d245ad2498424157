from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from cxrtui.cli import cli
from cxrtui.runs.listing import new_run
from cxrtui.search.optuna_study import Journal
from cxrtui.search.result import Result
from cxrtui.search.study import Plan, Study, new_study
from cxrtui.settings.config import Config
from cxrtui.settings.space import searched
from cxrtui.settings.tuning import TuneConfig, space_of
from cxrtui.statistics.spread import Spread

pytestmark = pytest.mark.slow

SPACE = (searched("optim.learning_rate", "1e-4..1e-2:log"), searched("model.hidden", ";8;16,8"))


@pytest.fixture
def study(tmp_path: Path, small: Callable[..., Config]) -> Study:
    """A study with trials of every kind and a result, none of them trained."""
    plan = Plan(TuneConfig(trials=5), small(), SPACE)
    made = new_study(tmp_path / "checkpoints", "s", plan)
    journal = Journal(made, plan)
    for values in ([0.7, 0.8], [0.9, 0.8]):
        journal.finish(journal.ask().number, values)
    journal.report(journal.ask().number, 1, 0.4)
    journal.prune(3, "behind")
    journal.fail(journal.ask().number, "diverged")
    Result(2, 4, "auroc", journal.trials()[1].settings, 0.85, ("s-best-0002-s1", "s-best-0002-s2"), {
        "validation": {"auroc": Spread((0.8, 0.82))}, "test": {"auroc": Spread((0.7, 0.8))},
    }, 1).write(made)  # fmt: skip
    return made


def said(workspace: Path, *words: str) -> tuple[int, str]:
    answer = CliRunner().invoke(cli, ["--workspace", str(workspace), *words])
    code = getattr(answer.exception, "exit_code", None) or getattr(answer.exception, "code", None)
    return code or 0, answer.output + (str(answer.exception) if answer.exception else "")


def test_show_as_text_and_as_json(study: Study, tmp_path: Path) -> None:
    code, text = said(tmp_path, "tune", "show", "s")
    assert code == 0
    assert "2 finished, 1 pruned, 1 failed of 5 trials" in text
    assert "1 trial is left: cxrtui tune --study s" in text
    lines = text.splitlines()
    table = lines.index(next(line for line in lines if line.startswith("trial")))
    assert [line.split()[:2] for line in lines[table + 1 : table + 5]] == [
        ["2", "0.8500"], ["1", "0.7500"], ["3", "0.4000"], ["4", "–"],
    ]  # fmt: skip
    assert "0.0400 of the promise did not hold" in text
    assert "0.7500 ± 0.0707 (0.7000 to 0.8000) on test films" in text
    code, text = said(tmp_path, "tune", "show", "s", "--json")
    body = json.loads(text)
    assert (body["best"], body["objective"], body["budget"]["left"]) == (2, "auroc", 1)
    assert [trial["state"] for trial in body["trials"]] == ["finished", "finished", "pruned", "failed"]
    assert body["trials"][3]["value"] is None
    assert body["result"]["splits"]["test"]["auroc"]["values"] == [0.7, 0.8]


def test_the_best_configuration_is_one_that_train_reads(study: Study, tmp_path: Path) -> None:
    code, text = said(tmp_path, "tune", "best", "s")
    assert code == 0
    body = tomllib.loads(text)
    chosen = Journal(study, study.read()).trials()[1].settings
    assert body["optim"]["learning_rate"] == float(chosen["optim.learning_rate"])
    assert [str(width) for width in body["model"]["hidden"]] == [
        word for word in chosen["model.hidden"].split(",") if word
    ]
    assert (body["run"]["evaluate"], body["data"]["splits"], body["run"]["seed"]) == (["validation", "test"], "", 0)
    (tmp_path / "best.toml").write_text(text)
    code, text = said(tmp_path, "train", "--config", str(tmp_path / "best.toml"), "--settings")
    assert code == 0
    assert f"optim.learning_rate={chosen['optim.learning_rate']} " in text


def test_studies_are_listed_stopped_and_deleted(study: Study, tmp_path: Path) -> None:
    assert said(tmp_path, "tune", "list") == (0, "s  4 of 5 trials · best auroc 0.8500\n")
    (tmp_path / "checkpoints" / "broken").mkdir()
    (tmp_path / "checkpoints" / "broken" / "study.toml").write_text("[tune]\ntrails = 3\n")
    listed = json.loads(said(tmp_path, "tune", "list", "--json")[1])
    assert {row["study"]: row.get("best") for row in listed} == {"s": pytest.approx(0.85), "broken": None}
    assert "did you mean tune.trials" in next(row["error"] for row in listed if "error" in row)
    assert "No worker is at work here" in said(tmp_path, "tune", "stop", "s")[1]
    assert said(tmp_path, "tune", "delete", "s", "--yes")[0] == 0
    assert not study.folder.exists()
    assert said(tmp_path, "tune", "show", "s")[0] == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "Nothing to train on"),
        (("--data", "absent"), "No such file or folder"),
        (("--data", ".", "--init", "random", "--vary", "optim.learning_rat=1..2"), "did you mean optim.learning_rate"),
        (("--data", ".", "--init", "random", "--set", "tune.fold=3"), "did you mean tune.folds"),
        (("--data", ".", "--init", "random", "--set", "optim.epochs=2", "--set", "model.freeze=stage4",
          "--vary", "model.unfreeze=3:stage4;4:stage4"), "would try model.unfreeze=3:stage4, which cannot"),
        (("--data", ".", "--init", "random", "--vary", "model.stages=3,4,6,3;1,1,1"), "must hold four numbers"),
        (("--data", ".", "--init", "random", "--study", "a/b"), "name holds"),
        (("--data", ".", "--init", "random", "--study", "x" * 60), "(47 at most)"),  # its runs have longer names
        (("--data", ".", "--init", "random", "--vary", "optim.learning_rate=1e-5..1e-2:Log"), "is no range; write"),
        (("--data", ".", "--init", "random", "--set", "model.dropout=0", "--vary", "model.dropout=0..0.5"),
         "model.dropout is both searched and set"),
        (("--data", ".", "--init", "nosuch"), "\nnosuch is neither on the shelf nor a file"),
        (("--study", "typo", "--trials", "9"), "No study 'typo'"),
        (("--json", "--data", ".", "--init", "random"), "prints no JSON"),
        (("--study", "s", "--data", ".", "--init", "random"), "The study searches other settings"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_before_the_first_trial(
    study: Study, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    before = study.journal.read_bytes()
    code, text = said(tmp_path, "--headless", "tune", *words)
    assert code == (4 if "nosuch" in words else 3 if "absent" in words else 2)
    assert message in f"\n{text}"
    assert study.journal.read_bytes() == before
    assert sorted(item.name for item in (tmp_path / "checkpoints").iterdir()) == ["s"]


def test_a_setting_that_is_given_is_not_searched_by_default() -> None:
    keys = {item.key for item in space_of((), pretrained=False, given={"model.dropout", "optim.name"})}
    assert {"optim.learning_rate", "model.hidden"} <= keys
    assert keys.isdisjoint({"model.dropout", "optim.name", "model.freeze"})


def test_the_table_of_a_search_is_read_from_a_pipe_too(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"[tune]\nfold = 3\n[optim]\nepochs = 2\n")
    os.close(writer)
    code, text = said(tmp_path, "tune", "--data", ".", "--init", "random", "--config", f"/dev/fd/{reader}")
    os.close(reader)
    assert code == 2
    assert "did you mean tune.folds" in text


def test_a_study_and_a_run_are_not_taken_for_each_other(study: Study, tmp_path: Path) -> None:
    run = new_run(tmp_path / "checkpoints", "r")
    for file in (run.config_file, run.events_file):
        file.touch()
    assert "r is a run and no study; see it with: cxrtui runs show r" in said(tmp_path, "tune", "show", "r")[1]
    for words in (("runs", "show", "s"), ("runs", "delete", "s", "--yes"), ("train", "--resume", "s")):
        code, text = said(tmp_path, *words)
        assert code == 2
        assert "s is a study and no run; see it with: cxrtui tune show s" in text
    assert study.file.exists()
