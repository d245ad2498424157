"""Choices become files that training reads, are taken back whole, and are never half written."""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from cxrtui.data.films import Film, placed
from cxrtui.data.sources.correction_files import DIFFERENT, SAME, read_excluded, read_groups
from cxrtui.data.sources.corrections import read_corrected
from cxrtui.errors import ConfigError
from cxrtui.printable import printable_lines
from cxrtui.settings.config import DataConfig, load
from cxrtui.tui.inspect.duplicates import questions, writing
from cxrtui.tui.inspect.duplicates.choices import Choices
from cxrtui.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "work").mkdir()
    return Workspace(tmp_path / "work")


def chosen(workspace: Workspace) -> Choices:
    inside, outside = workspace.root / "films" / "a.png", workspace.root.parent / "b.png"
    third = workspace.root.parent / "c.png"
    return Choices(frozenset((inside,)), {(inside, outside): SAME, (outside, third): DIFFERENT})


def files_of(workspace: Workspace) -> dict[str, str]:
    return {path.name: path.read_text() for path in workspace.root.iterdir() if path.is_file()}


def test_new_files_are_named_in_the_workspace_and_taken_back(workspace: Workspace) -> None:
    config = workspace.config_file
    config.write_text("# ours\n[data]\nsize = 64  # small\n\n[optim]\nepochs = 3\n")
    before = files_of(workspace)
    plan = writing.plan(chosen(workspace), DataConfig(size=64), workspace)
    assert files_of(workspace) == before  # a plan writes nothing
    writing.write(plan)
    settings = load(config).data
    assert settings == replace(plan.data, positive=settings.positive)
    assert "# ours" in config.read_text()
    assert "# small" in config.read_text()
    assert read_excluded(Path(settings.exclude)) == ["films/a.png"]
    rows = [(row.first, row.second, row.relation) for row in read_groups(Path(settings.groups))]
    outside, third = (str(workspace.root.parent / name) for name in ("b.png", "c.png"))
    assert rows == [("films/a.png", outside, SAME), (outside, third, DIFFERENT)]
    assert plan.summary.startswith("1 film left out, 1 pair of one patient, 1 pair of two patients: in ")
    writing.take_back(plan)
    assert files_of(workspace) == before


def test_files_that_settings_name_are_added_to(workspace: Workspace) -> None:
    own = workspace.root / "own.txt"
    own.write_text("# mine\nx.png")
    plan = writing.plan(Choices(chosen(workspace).excluded), DataConfig(exclude=str(own)), workspace)
    assert [item.path for item in plan.changes] == [own]
    assert not plan.named
    writing.write(plan)
    assert own.read_text() == "# mine\nx.png\nfilms/a.png\n"
    assert plan.data.exclude == str(own)


def test_a_file_that_no_setting_names_is_left_alone(workspace: Workspace) -> None:
    (workspace.root / writing.EXCLUDED).write_text("a letter to a friend")
    plan = writing.plan(chosen(workspace), DataConfig(), workspace)
    assert plan.names == ["excluded-2.txt", "groups.csv", "cxrtui.toml"]
    writing.write(plan)
    body = tomllib.loads(workspace.config_file.read_text())
    assert body == {"data": {"exclude": plan.data.exclude, "groups": plan.data.groups}}


@pytest.mark.parametrize(
    ("text", "said"),
    [("[data\n", "cxrtui.toml is not a TOML file"), ("data = 3\n", r"no table \[data\] but a value of that name")],
)
def test_settings_that_are_torn_lose_nothing(workspace: Workspace, text: str, said: str) -> None:
    workspace.config_file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        writing.plan(chosen(workspace), DataConfig(), workspace)
    assert files_of(workspace) == {"cxrtui.toml": text}


def test_what_another_program_changes_meanwhile_is_kept(workspace: Workspace) -> None:
    plan = writing.plan(chosen(workspace), DataConfig(), workspace)
    workspace.config_file.write_text("[data]\nsize = 64\n")
    with pytest.raises(
        ConfigError, match=r"cxrtui\.toml was changed by another program meanwhile, nothing was written"
    ):
        writing.write(plan)
    assert files_of(workspace) == {"cxrtui.toml": "[data]\nsize = 64\n"}
    plan = writing.plan(chosen(workspace), DataConfig(), workspace)
    writing.write(plan)
    Path(plan.data.groups).write_text("edited")
    with pytest.raises(ConfigError, match=r"groups\.csv was changed by another program meanwhile, so nothing is taken"):
        writing.take_back(plan)
    assert Path(plan.data.groups).read_text() == "edited"


def test_a_disk_that_refuses_the_last_file_gets_none(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = writing.plan(chosen(workspace), DataConfig(), workspace)
    real = writing.write_atomic

    def full(path: Path, content: bytes) -> None:
        if path == workspace.config_file:
            raise OSError(28, "No space left on device", str(path))
        real(path, content)

    monkeypatch.setattr(writing, "write_atomic", full)
    with pytest.raises(ConfigError, match=r"Cannot write .*cxrtui\.toml: No space left on device; nothing was changed"):
        writing.write(plan)
    assert files_of(workspace) == {}


def test_choices_that_contradict_each_other_or_the_file_are_not_written(workspace: Workspace) -> None:
    a, b, c = (workspace.root / "films" / "Normal" / f"{letter}.png" for letter in "abc")
    choices = Choices(relations={(a, b): SAME, (b, c): SAME, (a, c): DIFFERENT})
    with pytest.raises(
        ConfigError, match=r"a\.png and .*c\.png are said to be of different patients, and other choices"
    ):
        writing.plan(choices, DataConfig(), workspace)
    own = workspace.root / "own.csv"
    own.write_text("path,other,relation\nNormal/a.png,Normal/b.png,same patient\n")
    films = [Film(**placed(path, path.parent.parent), label="Normal") for path in (a, b, c)]
    data = DataConfig(groups=str(own))
    with pytest.raises(ConfigError, match=r"or lines of .*own\.csv, say that they are of one; nothing was written"):
        writing.plan(Choices(relations={(a, b): DIFFERENT}), data, workspace, films)
    assert writing.plan(Choices(relations={(a, c): DIFFERENT}), data, workspace, films).names == ["own.csv"]


def test_the_question_shows_what_is_written_and_where(workspace: Workspace) -> None:
    films = frozenset(workspace.root / f"{place:02d}.png" for place in range(20))
    asked = questions.write(writing.plan(Choices(films), DataConfig(), workspace))
    text = f"{asked._title}\n{asked._body}"
    assert "Write 20 films left out?" in text
    assert f"{workspace.root / 'excluded.txt'} is made, with:\n  # Films that are left out" in text
    assert "00.png" in text
    assert "19.png" not in text
    assert "and 9 more lines" in text
    assert "Every new run of this workspace heeds them" in text


def test_names_that_control_a_terminal_are_written_as_escapes_and_found_again(workspace: Workspace) -> None:
    name = "a\x1b[2J\u202e\udcff.png"
    films = workspace.root / "films"
    for label in ("COVID-19", "Normal"):
        (films / label).mkdir(parents=True)
        Image.new("L", (8, 8)).save(films / label / "b.png")
    shutil.copy(films / "Normal" / "b.png", films / "Normal" / name)
    plan = writing.plan(Choices(frozenset((films / "Normal" / name,))), DataConfig(), workspace)
    question = questions.write(plan)
    assert "\\x1b[2J\\u202e\\xff.png" in question._body
    assert printable_lines(question._body) == question._body
    writing.write(plan)
    assert [film.name for film in read_corrected(plan.data, films).films] == ["COVID-19/b.png", "Normal/b.png"]
