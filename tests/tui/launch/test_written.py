"""The command line and the file that the form shows mean what the form means."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrtui.cli import cli, train
from cxrtui.errors import ConfigError
from cxrtui.settings.config import Config, load, load_or_default, resolve, with_values
from cxrtui.settings.listing import SETTINGS
from cxrtui.settings.presets import PRESETS
from cxrtui.tui.launch.checks import absolute
from cxrtui.tui.launch.written import command, many_lines, one_line, save, toml
from cxrtui.workspace import Workspace

HARD: dict[str, Any] = {
    "data.positive": ("COVID-19", "it's, odd", 'a "b" $(c) \\ d'), "data.negative": ("*",),
    "data.views": ("PA", "AP supine"),
    "data.patient_pattern": r"^(\d{8})_\d+\.png$", "model.freeze": "stage4",
    "model.unfreeze": "3:stage4,6:stage3,9:stem",
    "optim.stage_learning_rates": "stage4:1e-4,stage3:4e-5", "optim.learning_rate": 1e-5, "model.hidden": (512, 64),
    "optim.clip": 0, "run.seed": 7,
}  # fmt: skip


def started_by(line: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Config, str]:
    """What a shell and `cxrtui train` make of a command line: the configuration and the name of the run."""
    found: dict[str, Any] = {}

    def opened(context: object, *, launch: Config, attach: Any, resume: bool) -> None:
        found.update(config=launch, name=attach.name)

    monkeypatch.setattr(train, "open_dashboard", opened)
    monkeypatch.setattr(train, "need_terminal", lambda: None)
    answer = subprocess.run(["sh", "-c", f"printf '%s\\0' {line}"], capture_output=True, text=True, check=True)
    words = answer.stdout.split("\0")[:-1]
    assert words[0] == "cxrtui"
    cli.main(words[1:], standalone_mode=False)
    return found["config"], found["name"]


@pytest.mark.parametrize("hard", [True, False])
@pytest.mark.parametrize("shown", [one_line, many_lines])
def test_the_command_line_starts_the_same_run(
    hard: bool, shown: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = tmp_path / "my films, with 'odd' names"
    (films / "a").mkdir(parents=True)
    workspace = Workspace(tmp_path)
    workspace.config_file.write_text(
        "[model]\ninit = 'random'\nwidth = 8\n[optim]\nepochs = 12\nstage_learning_rates = {stage1 = 0.1}\n"
    )
    base, _ = load_or_default(workspace.config_file)
    values = {"data.source": (str(films), f"nih:{films}"), "optim.stage_learning_rates": ()} | (HARD if hard else {})
    config = absolute(with_values(base, values), workspace.models)
    words = command(config, absolute(base, workspace.models), workspace, "mine")
    assert "model.init" not in one_line(words)  # the workspace sets it already
    assert started_by(shown(words), monkeypatch) == (config, "mine")


def test_the_workspace_is_named_only_where_it_is_not_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config()
    assert command(config, config, Workspace(tmp_path))[1:] == ["--workspace", str(tmp_path), "train"]
    monkeypatch.chdir(tmp_path)
    assert command(config, config, Workspace(Path()), detach=True) == ["cxrtui", "train", "--detach"]


def test_the_file_means_the_same(tmp_path: Path) -> None:
    config = resolve(HARD, {"data.source": ("/films/a, b", "/films/c")})
    file = tmp_path / "settings.toml"
    save(file, config)
    assert load(file) == config
    save(file, Config())
    assert load(file) == Config()


@given(st.sampled_from(PRESETS), st.sampled_from(PRESETS))
def test_a_file_that_is_changed_again_means_the_later_form(first: Any, second: Any) -> None:
    text = toml(resolve(second.values), toml(resolve(first.values)))
    import tomllib

    from cxrtui.settings.config import flatten

    assert resolve(flatten(tomllib.loads(text), "")) == resolve(second.values)


def test_comments_of_a_file_are_kept_and_older_names_leave(tmp_path: Path) -> None:
    file = tmp_path / "cxrtui.toml"
    file.write_text("# ours\n[optim]\nepochs = 3  # quick\nmomentum = 0.5\n[data]\nfit = 'crop'\n")
    config = resolve({"optim.epochs": 4, "data.resize_mode": "pad"})
    save(file, config)
    assert load(file) == config
    assert "# ours" in file.read_text()
    assert "epochs = 4 # quick" in file.read_text().replace("  #", " #")
    assert "momentum" not in file.read_text()


def test_a_file_that_is_no_toml_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "cxrtui.toml"
    file.write_text("= = =")
    with pytest.raises(ConfigError, match="no TOML"):
        save(file, Config())
    assert file.read_text() == "= = ="
    with pytest.raises(ConfigError, match="Cannot"):
        save(tmp_path / "nowhere" / "x.toml", Config())
    with pytest.raises(ConfigError, match="Cannot read"):
        save(tmp_path, Config())


def test_every_setting_can_be_written(tmp_path: Path) -> None:
    """A setting of any type that is not at its default is in the command and in the file."""
    values: dict[str, Any] = {}
    for item in SETTINGS:
        value = item.default
        if item.choices and not item.several:
            value = next(choice for choice in item.choices if choice != item.default)
        elif isinstance(value, (int, float)):
            value = item.limits.high if item.limits.high is not None else value + 1
        elif isinstance(value, str):
            value = "text"
        values[item.key] = value
    values |= HARD | {"run.operating_point": "Youden", "data.validation": 0.2, "data.test": 0.1, "augment.mixup": 0.0,
                      "optim.head_learning_rate": 0.01, "run.mirror": "s3://bucket/runs",
                      "model.stages": (1, 1, 1, 1)}  # fmt: skip
    config = resolve(values)
    file = tmp_path / "all.toml"
    save(file, config)
    assert load(file) == config
