"""What a form can begin with: the last form of the workspace, and the settings of its runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cxrtui.settings.config import Config, resolve
from cxrtui.settings.listing import BY_KEY
from cxrtui.tui.launch import earlier as module
from cxrtui.tui.launch.checks import RUN_NAME, settings
from cxrtui.tui.launch.earlier import earlier, keep_last, read_last, texts_of
from cxrtui.workspace import Workspace
from tests.tui import logs


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_the_texts_of_a_configuration_give_it_back(tmp_path: Path) -> None:
    config = resolve({"data.source": ("/films/a, b",), "data.positive": "COVID-19", "model.init": "random",
                      "optim.stage_learning_rates": "stage4:1e-4", "model.hidden": "64,32"})  # fmt: skip
    assert settings(Config(), texts_of(config)) == config


def test_the_last_form_is_kept_by_workspace(tmp_path: Path) -> None:
    first, second = Workspace(tmp_path / "a"), Workspace(tmp_path / "b")
    assert read_last(first) is None
    keep_last(first, {"optim.epochs": "3", "data.source": "films", RUN_NAME.key: "mine"})
    last = read_last(first)
    assert last is not None
    assert last.texts == {"optim.epochs": "3", "data.source": "films"}
    assert "epochs 3" in last.about
    assert read_last(second) is None
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("text", [
    "", "{", "[]", "null", '{"time": 1}', '{"time": "x", "texts": {}}', '{"time": 1, "texts": []}',
    '{"time": 1, "texts": {"optim.epochs": 3, "model.init": "a\\u001bb", "no.such": "x"}}',
    '{"time": 1e999, "texts": {}}',
    "[" * 100_000, '{"time": 1, "texts": {"data.source": "' + "x" * 20_000 + '"}}', "\0" * 100, "x" * (1 << 19),
])  # fmt: skip
def test_a_damaged_file_is_the_same_as_none(tmp_path: Path, text: str) -> None:
    workspace = Workspace(tmp_path / "a")
    keep_last(workspace, {"optim.epochs": "3"})
    (file,) = (tmp_path / "state" / "cxrtui" / "forms").iterdir()
    file.write_text(text)
    assert read_last(workspace) is None


def test_a_disk_that_refuses_costs_only_the_memory(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    keep_last(Workspace(tmp_path), {"optim.epochs": "3"})
    assert read_last(Workspace(tmp_path)) is None


def test_runs_follow_with_their_films_and_what_they_changed(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    run = logs.write(workspace.checkpoints, "frozen", logs.finished("frozen"))
    run.config_file.write_text(
        "[data]\nsource = ['/data/darkcovidnet']\npositive = ['COVID-19']\n[model]\nfreeze = 'stage4'\n"
    )
    torn = logs.write(workspace.checkpoints, "torn", logs.finished("torn"))
    torn.config_file.write_text("[optim]\nepochs = 'many'\n")
    keep_last(workspace, {"optim.epochs": "3"})
    last, of_run = earlier(workspace)
    assert last.title == "the last form"
    assert of_run.title == "frozen"
    assert "ago · darkcovidnet · COVID-19 against the rest · freeze up to stage4" in of_run.about
    assert of_run.texts["model.freeze"] == "stage4"
    assert set(of_run.texts) == set(BY_KEY)


def test_what_is_kept_holds_no_more_than_texts(tmp_path: Path) -> None:
    keep_last(Workspace(tmp_path), {"optim.epochs": "3"})
    (file,) = (tmp_path / "state" / "cxrtui" / "forms").iterdir()
    assert set(json.loads(file.read_text())) == {"v", "workspace", "time", "texts"}
    assert module.MOST_RUNS >= 100
