from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cxrtui.cli import cli
from cxrtui.errors import ConfigError
from cxrtui.evaluation.protocols.folder import Fold, Folds, ProtocolFolder, begin
from cxrtui.runs.lock import RunLock
from cxrtui.settings.config import Config, with_values
from cxrtui.settings.protocol import Plan, plan_of


def said(workspace: Path, *words: str) -> tuple[int, str]:
    answer = CliRunner().invoke(cli, ["--workspace", str(workspace), *words])
    code = getattr(answer.exception, "exit_code", None) or getattr(answer.exception, "code", None)
    return code or 0, answer.output + (str(answer.exception) if answer.exception else "")


BASE = with_values(Config(), {"data.source": "films"})
ASKED = ("--init", "random", "--protocol")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--protocol", "nosuch"), "is not one of 'kfold', 'patient-kfold', 'leave-one-source-out', 'external'"),
        ((*ASKED, "external", "--data", "."), "name them with --external PATH"),
        ((*ASKED, "kfold", "--data", ".", "--external", "."), "--external belongs to --protocol external"),
        ((*ASKED, "leave-one-source-out", "--data", ".", "--folds", "3"), "has no number of folds"),
        ((*ASKED, "kfold", "--data", ".", "--folds", "1"), "--folds must be from 2 to 100, not 1"),
        ((*ASKED, "kfold", "--data", ".", "--seeds", "0"), "--seeds must be from 1 to 100, not 0"),
        ((*ASKED, "kfold", "--data", ".", "--set", "data.splits=x.csv"), "leave out data.splits"),
        ((*ASKED, "kfold", "--data", ".", "--set", "optim.epoch=3"), "did you mean optim.epochs"),
        ((*ASKED, "kfold", "--data", ".", "--run", "a/b"), "name holds"),
        ((*ASKED, "kfold", "--data", ".", "model"), "A protocol trains its own networks"),
        ((*ASKED, "kfold"), "Nothing to train on"),
        (("--folds", "3", "--data", ".", "model"), "--folds belongs to --protocol"),
        (("--folds", "0", "--data", ".", "model"), "--folds belongs to --protocol"),
        (("--abstain", "nan", "--data", ".", "model"), "nan is no number from 0 to 1"),
        (("--data", "."), "Name the MODEL to evaluate"),
        (("model",), "Name the films to evaluate on with --data"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_made(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    code, text = said(tmp_path, "evaluate", *words)
    assert code == 2
    assert message in text
    assert not (tmp_path / "checkpoints").exists()


@pytest.fixture
def folder(tmp_path: Path) -> ProtocolFolder:
    plan = plan_of("patient-kfold", BASE, folds=2, seeds=1, external=())
    made = begin(tmp_path / "checkpoints", "p", plan)
    made.write_folds(Folds((Fold("f1", "fold 1", 0, 0), Fold("f2", "fold 2", 0, 0)), ("normal", "covid"), 60, 30, 0, 0))
    return made


def estimate(value: float) -> dict[str, Any]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1, "n": 30, "patients": 15}


RESULT = {
    "protocol": "patient-kfold", "about": "k folds", "classes": ["normal", "covid"], "seeds": 1,
    "tested": {"films": 60, "positive": 25, "negative": 35, "patients": 30},
    "trainings": [
        {"fold": f"f{number}", "run": f"p-f{number}", "held_out": f"fold {number}", "seed": 0, "positive": 12,
         "negative": 18, "patients": 15, "baseline": estimate(0.61),
         "metrics": {name: estimate(0.7 + number / 100) for name in
                     ("auroc", "accuracy", "balanced_accuracy", "sensitivity", "specificity")}}
        for number in (1, 2)
    ],
    "spread": {"auroc": {"mean": 0.715, "deviation": 0.007, "values": [0.71, 0.72]}},
    "pooled": {name: estimate(0.75) for name in
               ("auroc", "auroc_pooled", "accuracy", "balanced_accuracy", "sensitivity", "specificity")},
    "baseline": {"all": {"auroc": estimate(0.63), "auroc_pooled": estimate(0.62), "accuracy": estimate(0.55)}},
    "cautions": ["Think twice."],
}  # fmt: skip


def test_show_and_list_say_how_far_it_is_and_then_the_table(folder: ProtocolFolder, tmp_path: Path) -> None:
    code, text = said(tmp_path, "runs", "show", "p")
    assert code == 0
    assert "stopped, 0 of 2 trainings are done" in text
    assert "f2       to do       fold 2, seed 0" in text
    assert json.loads(said(tmp_path, "runs", "show", "p", "--json")[1])["trainings"] == 2
    assert "p  patient-kfold · stopped, 0 of 2 trainings\n" in said(tmp_path, "runs", "list")[1]
    folder.result_file.write_text(json.dumps(RESULT))
    code, text = said(tmp_path, "runs", "show", "p")
    lines = text.splitlines()
    assert lines[0] == "caution    Think twice."
    assert "25 covid, 35 normal, of 30 patients" in text
    table = {line[:14].strip(): line for line in lines}
    print(text)
    assert "0.710 (0.61-0.81)" in table["fold 1"]
    assert "0.610 (0.51-0.71)" in table["fold 1"]
    assert "25+35" in table["within folds"]
    assert "0.620" in table["pooled"]
    assert "0.7150 ± 0.0070" in text
    assert json.loads(said(tmp_path, "runs", "show", "p", "--json")[1]) == RESULT
    assert "patient-kfold · finished, 2 of 2 trainings · AUROC 0.7500" in said(tmp_path, "runs", "list")[1]
    folder.result_file.write_text("{")
    assert "0 of 2 trainings" in said(tmp_path, "runs", "show", "p")[1]
    folder.file.write_text("")
    with pytest.raises(ConfigError, match=r"\[protocol\] of .*protocol\.toml lacks 'name'"):
        folder.read()


def test_a_protocol_is_no_run(folder: ProtocolFolder, tmp_path: Path) -> None:
    for words in (("train", "--resume", "p"), ("evaluate", "p", "--data", ".")):
        code, text = said(tmp_path, *words)
        assert code == 2
        assert "p is a protocol and no run; see it with: cxrtui runs show p" in text
    assert folder.file.exists()


def test_a_protocol_is_deleted_and_comes_back_as_a_run_does(folder: ProtocolFolder, tmp_path: Path) -> None:
    held = RunLock(folder.lock_file)
    code, text = said(tmp_path, "runs", "delete", "p", "--yes")
    held.release()
    assert (code, folder.file.exists()) == (2, True)
    assert "p is live" in text
    assert said(tmp_path, "runs", "delete", "p", "--yes")[0] == 0
    assert not folder.folder.exists()
    assert said(tmp_path, "runs", "restore", "p")[0] == 0
    assert "0 of 2 trainings are done" in said(tmp_path, "runs", "show", "p")[1]
    assert said(tmp_path, "runs", "delete", "p", "--yes", "--forever")[0] == 0
    assert not folder.folder.exists()


def test_the_default_name_follows_from_what_is_trained() -> None:
    plan = Plan("kfold", BASE, 5)
    assert plan.default_name == Plan("kfold", with_values(Config(), {"data.source": "films"}), 5).default_name
    assert plan.default_name.startswith("kfold-")
    longer = with_values(BASE, {"optim.epochs": 9})
    others = (Plan("kfold", BASE, 4), Plan("kfold", BASE, 5, 2), Plan("kfold", longer, 5))
    assert plan.default_name not in {other.default_name for other in others}
