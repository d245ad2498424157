from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Button, Input
from textual.widgets.collapsible import CollapsibleTitle

from cxrtui.data.films import Collection, Film
from cxrtui.errors import ConfigError
from cxrtui.settings.config import Config, known_keys, resolve
from cxrtui.settings.listing import SETTINGS
from cxrtui.settings.transfer import Unfreezing
from cxrtui.tui.app import Dashboard
from cxrtui.tui.launch import screen
from cxrtui.tui.launch.checks import FIRST, Note, initial, notes, settings
from cxrtui.tui.launch.form import Form
from cxrtui.tui.launch.rows import Section
from cxrtui.tui.launch.screen import LaunchScreen
from cxrtui.tui.routes import OpenLaunch
from cxrtui.tui.surveys import Survey
from cxrtui.tui.widgets.suggest import complete_path
from cxrtui.workspace import Workspace
from tests.tui.conftest import FakeDrive
from tests.tui.screen_text import paste, shows, text_of, until

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _online(monkeypatch: pytest.MonkeyPatch) -> None:
    """The form may offer to fetch; no test here does."""
    monkeypatch.delenv("HF_HUB_OFFLINE")


def hidden(section: str) -> int:
    """How many settings of `section` the form shows only where its group is open."""
    return sum(item.section == section and not item.often for item in SETTINGS)


def filled(tmp_path: Path, **changes: str) -> dict[str, str]:
    values = {item.key: initial(item.key, Config()) for item in FIRST}
    values |= {"data.source": str(tmp_path)}
    return values | {key.replace("__", "."): value for key, value in changes.items()}


async def test_a_check_that_ends_late_has_not_the_last_word(
    dashboard: Dashboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first check knows nothing of the data yet; it is held until the one that does has been shown."""
    held, calls = threading.Event(), 0

    def late(*arguments: Any) -> dict[str, Note]:
        nonlocal calls
        calls += 1
        first = calls == 1
        found = notes(*arguments)
        if first:
            held.wait(20)
        return found

    async with dashboard.run_test(size=(120, 40)) as pilot:
        dashboard.push_screen(LaunchScreen({"data.source": str(tmp_path)}, check=late))
        await shows(pilot, "COVID-19 124")
        held.set()
        await until(pilot, lambda: not any(thread.name == "check the form" for thread in threading.enumerate()))
        await pilot.pause()
        assert "COVID-19 124" in text_of(pilot)
        assert "looking" not in text_of(pilot)


FOUND = {"COVID-19": 124, "No_findings": 500, "Pneumonia": 500}


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("optim.epochs", "0", "between 1 and"),
        ("optim.epochs", "ten", "whole number"),
        ("optim.batch_size", "1.5", "whole number"),
        ("optim.learning_rate", "0", "above 0"),
        ("optim.learning_rate", "fast", "a number"),
        ("stop.patience", "-1", "at least 0"),
        ("data.size", "16", "between 32 and 1024"),
        ("data.source", "", "say where the films are"),
        ("data.source", "/nowhere/at/all", "no such folder"),
        ("data.positive", "", "say which of COVID-19, No_findings, Pneumonia"),
        ("data.positive", "Measles", "no class Measles"),
        ("data.positive", "no findings", "cannot be both"),
        ("data.positive", "No_findings", "cannot be both"),
        ("model.init", "resnet.safetensors", "no such file"),
        ("model.init", __file__, "no file of weights but text"),
        ("run.name", "a/b", "letters, digits"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(tmp_path: Path, key: str, text: str, words: str) -> None:
    good = {"data__positive": "COVID-19", "data__negative": "No_findings"}
    if key == "data.positive" and not text:
        good = {}
    values = filled(tmp_path, **good) | {key: text}
    note = notes(values, Workspace(tmp_path), Survey(values["data.source"], FOUND))[key]
    assert not note.ok
    assert words in note.text
    assert not note.text.startswith(key)


def test_a_rate_of_0_is_right_where_others_have_their_own(tmp_path: Path) -> None:
    values = filled(tmp_path, optim__learning_rate="0", model__freeze="stage4")
    for key, value in (("optim.head_learning_rate", "1e-3"), ("optim.stage_learning_rates", "stage4:1e-3")):
        base = resolve({key: value})
        assert notes(values, Workspace(tmp_path), Survey(), base)["optim.learning_rate"].ok
    base = resolve({"optim.head_learning_rate": 1e-3})
    assert settings(base, values).optim.learning_rate == 0
    with pytest.raises(ConfigError, match="leaves stage4 without a rate"):
        settings(base, values | {"model.freeze": "stage3"})


def test_a_form_that_is_right_becomes_a_configuration(tmp_path: Path) -> None:
    values = filled(tmp_path, data__positive="COVID-19", data__negative="No_findings, Pneumonia", optim__epochs="7")
    found = notes(values, Workspace(tmp_path), Survey(str(tmp_path), FOUND))
    assert all(note.ok for note in found.values()), found
    assert found["data.negative"].text == "1,000 films"
    config = settings(Config(), values)
    assert config.data.negative == ("No_findings", "Pneumonia")
    assert config.optim.epochs == 7
    assert config.data.source == (str(tmp_path),)


def test_a_name_on_the_shelf_becomes_its_folder(tmp_path: Path) -> None:
    workspace, folder = Workspace(tmp_path), tmp_path / "models" / "mine"
    values = filled(tmp_path, model__init="mine")
    assert "no such name on the shelf" in notes(values, workspace, Survey())["model.init"].text
    folder.mkdir(parents=True)
    (folder / "model.toml").touch()
    (folder / "weights.safetensors").touch()
    assert notes(values, workspace, Survey())["model.init"].text == "from the shelf"
    assert settings(Config(), values, workspace.models).model.init == str(folder)
    folder.rename(folder.with_name("imagenet"))
    assert notes(filled(tmp_path), workspace, Survey())["model.init"].text == "from the shelf"


def test_imagenet_is_the_default_and_is_fetched_where_it_is_not_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values, workspace = filled(tmp_path), Workspace(tmp_path)
    assert values["model.init"] == "imagenet"
    note = notes(values, workspace, Survey())["model.init"]
    assert note.ok
    assert "fetched at the start (102 MB, BSD-3-Clause)" in note.text
    assert settings(Config(), values, workspace.models).model.init == str(workspace.models / "imagenet")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    note = notes(values, workspace, Survey())["model.init"]
    assert not note.ok
    assert "offline" in note.text


async def test_a_network_that_the_weights_do_not_fit_is_not_ready(dashboard: Dashboard, tmp_path: Path) -> None:
    """The form knows the shape of published weights before they are fetched."""
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.push_screen(LaunchScreen({"data.source": str(tmp_path), "model.width": "8"}))
        await shows(pilot, "imagenet is 64 features wide", "random in the field Weights")
        assert "ready to start" not in text_of(pilot)
        assert dashboard.screen.query_one("#start", Button).disabled


async def test_films_in_an_object_store_are_left_to_the_start(
    dashboard: Dashboard, drive: FakeDrive, tmp_path: Path
) -> None:
    """The form copies no folder from a store, for what is typed there may be any part of a URL."""
    source = f"s3://hospital/films/,{tmp_path}"
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.push_screen(LaunchScreen({"data.source": source, "model.init": "random"}))
        await shows(pilot, "in a store: copied at the start, and counted then", "✔ ready to start")
        await pilot.press("ctrl+s")
        await shows(pilot, "Monitor")
        ((_, config, _),) = drive.calls
        assert config.data.source == ("s3://hospital/films/", str(tmp_path))


async def test_while_films_are_counted_nothing_is_ready(dashboard: Dashboard, tmp_path: Path) -> None:
    gate = threading.Event()

    def slow(path: Path, on_progress: Any) -> Collection:
        gate.wait(30)
        return Collection(films=(), root=path, layout="class-folders", found={"COVID-19": 124, "No_findings": 500})

    dashboard.backend = replace(dashboard.backend, survey=slow)
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.push_screen(LaunchScreen({"data.source": str(tmp_path)}))
        await shows(pilot, "counting films …")
        assert "ready to start" not in text_of(pilot)
        gate.set()
        await shows(pilot, "✔ ready to start")


async def test_what_a_file_of_weights_does_not_tell_is_asked(
    dashboard: Dashboard, drive: FakeDrive, tmp_path: Path
) -> None:
    for name in ("grey.safetensors", "rgb.safetensors"):
        (tmp_path / name).write_bytes(bytes([2, 0, 0, 0, 0, 0, 0, 0]) + b"{}")
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await shows(pilot, "New run", "Batch size")
        dashboard.screen.query(Input).first().value = str(tmp_path)
        field = next(item for item in dashboard.screen.query(Input) if item.name == "model.init")
        field.value = str(tmp_path / "grey.safetensors")
        await shows(pilot, "ready to start", "from this file")
        await pilot.press("ctrl+s")
        await shows(pilot, "Not started", "for one channel", "Put it on the shelf")
        assert "cxrtui weights" not in text_of(pilot)
        assert not drive.calls
        await pilot.press("p")
        await shows(pilot, "port a file", "Range", "grey")
        await pilot.press("escape", "escape")
        await shows(pilot, "New run", "ready to start")
        field.value = str(tmp_path / "rgb.safetensors")
        await shows(pilot, "ready to start")
        await pilot.press("ctrl+s")
        await shows(pilot, "Monitor")
        ((_, config, _),) = drive.calls
        assert config.model.init == field.value
        dashboard.trainer.signal()
        await until(pilot, lambda: not dashboard.trainer.active)


async def test_before_it_fetches_the_form_asks(dashboard: Dashboard, drive: FakeDrive, tmp_path: Path) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await shows(pilot, "New run", "Batch size")
        dashboard.screen.query(Input).first().value = str(tmp_path)
        await shows(pilot, "ready to start")
        for answer in ("n", "escape"):
            await pilot.press("ctrl+s")
            await shows(pilot, "Fetch imagenet?", "102 MB", "BSD-3-Clause", "Not now")
            await pilot.press(answer)
            await shows(pilot, "New run", "ready to start")
        assert not drive.calls
        await pilot.press("ctrl+s")
        await shows(pilot, "Fetch imagenet?")
        await pilot.press("y")
        await shows(pilot, "Monitor", "epoch 1/30")
        ((_, config, _),) = drive.calls
        assert config.model.init == str(tmp_path / "models" / "imagenet")
        dashboard.trainer.signal()
        await until(pilot, lambda: not dashboard.trainer.active)


def test_two_plain_classes_need_no_naming(tmp_path: Path) -> None:
    found = notes(filled(tmp_path), Workspace(tmp_path), Survey(str(tmp_path), {"COVID-19": 4, "Normal": 6}))
    assert found["data.positive"].ok
    assert "COVID-19: 4 films" in found["data.positive"].text


def test_the_layouts_own_rule_and_question_are_those_of_a_training(tmp_path: Path) -> None:
    """Where a layout has a rule, two empty fields are right, as on the command line; where it asks, the form asks."""
    found = {"COVID-19": 4, "Pneumonia": 3, "No Finding": 2}

    def said(**changes: Any) -> dict[str, Note]:
        collection = Collection(films=(), root=tmp_path, layout="x", found=found, **changes)
        return notes(filled(tmp_path), Workspace(tmp_path), Survey.of(str(tmp_path), collection, ("all",)))

    ruled = said(positive=("COVID-19", "COVID"), negative=("*",))
    assert ruled["data.positive"] == Note(True, "COVID-19: 4 films")
    assert ruled["data.negative"] == Note(True, "not COVID-19: 5 films")
    found = {"COVID-19": 4}
    assert "all are COVID-19; name films of the other class too" in said()["data.negative"].text
    found = {"COVID-19": 4, "Pneumonia": 3, "No Finding": 2}
    asked = said(question="It has no COVID-19. Join it with --data MORE.")["data.positive"]
    assert asked == Note(False, "say which of COVID-19, Pneumonia, No Finding (It has no COVID-19)")


def test_the_form_counts_the_views_that_a_training_takes(tmp_path: Path) -> None:
    films = tuple(
        Film(root=tmp_path, name=f"{place}", label=label, view=view)
        for place, (label, view) in enumerate([("COVID-19", "PA"), ("COVID-19", "lateral"), ("Normal", "PA")])
    )
    collection = Collection(films=films, root=tmp_path, layout="x", found={"COVID-19": 2, "Normal": 1})
    survey = Survey.of(str(tmp_path), collection, ("PA",))
    assert notes(filled(tmp_path), Workspace(tmp_path), survey)["data.positive"].text == "COVID-19: 1 films"


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    (tmp_path / "checkpoints" / "mine").mkdir(parents=True)
    found = notes(filled(tmp_path, run__name="mine"), Workspace(tmp_path), Survey())
    assert "exists" in found["run.name"].text


def test_paths_are_completed(tmp_path: Path) -> None:
    (tmp_path / "darkcovidnet").mkdir()
    assert complete_path(f"{tmp_path}/dark") == f"{tmp_path}/darkcovidnet/"
    assert complete_path(f"{tmp_path}/light") is None
    assert complete_path("") is None


async def test_the_form_starts_a_run_and_hands_over(dashboard: Dashboard, drive: FakeDrive, tmp_path: Path) -> None:
    (tmp_path / "cxrtui.toml").write_text('[model]\ninit = "random"\n[optim]\nepochs = 12\n')
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await shows(pilot, "New run", "Batch size", "^s Start training", "Research use only")
        assert dashboard.screen.query_one("#start", Button).disabled
        await pilot.press("ctrl+s")
        assert not drive.calls
        dashboard.screen.query(Input).first().value = str(tmp_path)
        await shows(pilot, "COVID-19 124, No_findings 500", "ready to start")
        assert not dashboard.screen.query_one("#start", Button).disabled
        epochs = next(widget for widget in dashboard.screen.query(Input) if widget.name == "optim.epochs")
        assert epochs.value == "12"
        epochs.value = "0"
        await shows(pilot, "✗ must be between 1 and 100000", "correct: Epochs")
        epochs.value = "3"
        await shows(pilot, "ready to start")
        await pilot.press("ctrl+s")
        await shows(pilot, "Monitor", "epoch 1/30")
        ((name, config, resume),) = drive.calls
        assert (config.optim.epochs, config.model.init, resume) == (3, "random", False)
        assert (dashboard.workspace.checkpoints / name).is_dir()
        await pilot.press("escape")
        await shows(pilot, f"{name} ★")
        await pilot.press("n")
        dashboard.screen.query(Input).first().value = str(tmp_path)
        await shows(pilot, "stop it first")
        dashboard.trainer.signal()
        await until(pilot, lambda: not dashboard.trainer.active)


async def test_opening_all_sections_leaves_the_form_where_the_cursor_is(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(60, 18)) as pilot:
        dashboard.push_screen(LaunchScreen())
        await shows(pilot, "correct: Data")
        assert "Maximize" not in {command.title for command in dashboard.get_system_commands(dashboard.screen)}
        await pilot.press("f4")
        form = dashboard.screen.query_one(Form)
        await until(pilot, lambda: len(form.values) == len(known_keys()) + 1)
        await pilot.pause()
        await pilot.wait_for_scheduled_animations()
        assert form.scroll_offset.y == 0


async def test_every_setting_has_a_line_and_what_is_changed_is_marked(
    dashboard: Dashboard, drive: FakeDrive, tmp_path: Path
) -> None:
    (tmp_path / "cxrtui.toml").write_text("[model]\ninit = 'random'\n[augment]\nflip = 0\n[data]\ntest = 0.2\n")
    async with dashboard.run_test(size=(200, 80)) as pilot:
        dashboard.open(OpenLaunch({"data.source": str(tmp_path), "run.seed": "7"}))
        await shows(pilot, "ready to start", "• Weights", "  Epochs", f"Run · {hidden('run')} more · • 1 changed",
                    f"Stopping · {hidden('stop')} more ", f"Data · {hidden('data')} more · • 2 changed",
                    f"Augmentation · {hidden('augment')} settings · • 1 changed")  # fmt: skip
        form = dashboard.screen
        assert isinstance(form, LaunchScreen)
        assert set(form.values) == {item.key for item in FIRST} | {"run.seed"}
        await pilot.press("f4")
        await until(pilot, lambda: set(form.values) == {*known_keys(), "run.name"})
        base = {key: text for key, text in form.values.items() if key not in ("data.source", "run.seed", "run.name")}
        assert base == {key: initial(key, form.base) for key in base}
        form.fill({"optim.epochs": "3", "optim.warmup": "0.2", "model.unfreeze": "2:stage4", "data.views": "PA,all"})
        await shows(pilot, "✗ model.unfreeze 2:stage4 unfreezes nothing", "• Unfreeze", "default 0.1")
        form.fill({"optim.warmup": "2"})
        await shows(pilot, "correct: Warmup", "✗ must be between 0 and")
        assert [section.title.partition(" · • ")[2] for section in form.query(Section)] == [
            "3 changed", "2 changed", "2 changed · ✗ 1 wrong", "1 changed", "", "", "1 changed",
        ]  # fmt: skip
        await pilot.press("f4")
        await until(pilot, lambda: all(section.collapsed for section in form.query(Section)))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: form.focused is not None and form.focused.name == "optim.warmup")
        assert not drive.calls
        await pilot.press("ctrl+u", *"0.3")
        form.fill({"model.freeze": "stage4"})
        await shows(pilot, "ready to start")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: drive.calls)
        ((_, config, _),) = drive.calls
        assert (config.optim.epochs, config.optim.warmup, config.run.seed, config.augment.flip) == (3, 0.3, 7, 0)
        assert (config.model.unfreeze, config.data.views) == ((Unfreezing(2, "stage4"),), ("PA", "all"))
        dashboard.trainer.signal()
        await until(pilot, lambda: not dashboard.trainer.active)


async def test_a_group_opens_and_closes_by_key(dashboard: Dashboard, tmp_path: Path) -> None:
    """Its fields follow those above by tab, a paste that began above goes on into them, and a closed one hides them."""
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await shows(pilot, "Batch size", f"Data · {hidden('data')} more")
        form = dashboard.screen
        assert isinstance(form, LaunchScreen)
        assert form.focused is not None
        assert form.focused.name == "data.source"
        await pilot.press("up", "enter")
        await until(pilot, lambda: "data.views" in form.values)
        await pilot.press(*["tab"] * 5)
        await until(pilot, lambda: form.focused is not None and form.focused.name == "data.views")
        await pilot.press("shift+tab")
        await paste(pilot, "128\nPA\ncrop\n")
        await until(pilot, lambda: form.values.get("data.resize_mode") == "crop")
        assert (form.values["data.size"], form.values["data.views"]) == ("128", "PA")
        await pilot.press(*["shift+tab"] * 5, "up", "enter")
        await until(pilot, lambda: form.query(Section).first().collapsed)
        await pilot.press("down", *["tab"] * 4)
        await until(pilot, lambda: form.focused is not None and form.focused.name == "model.init")
        await shows(pilot, f"▶ Data · {hidden('data')} more · • 3 changed")


async def test_a_wrong_workspace_file_is_told_and_left_out(dashboard: Dashboard, tmp_path: Path) -> None:
    (tmp_path / "cxrtui.toml").write_text("[optim]\nepoch = 3\n")
    async with dashboard.run_test(size=(100, 30), notifications=True) as pilot:
        await pilot.press("n")
        await shows(pilot, "cxrtui.toml is left out", "optim.epoch")
        assert "Batch size" in text_of(pilot)


async def test_tab_goes_from_field_to_field_and_the_arrows_to_titles_of_groups_too(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(100, 40)) as pilot:
        dashboard.open(OpenLaunch())
        await until(pilot, lambda: isinstance(dashboard.screen, LaunchScreen) and dashboard.screen.focused is not None)
        names = []
        for key in ("tab", "tab", "tab", "tab", "shift+tab", "down"):
            await pilot.press(key)
            assert dashboard.screen.focused is not None
            names.append(dashboard.screen.focused.name)
        assert names[:5] == ["data.positive", "data.negative", "data.size", "model.init", "data.size"]
        title = dashboard.screen.focused
        assert isinstance(title, CollapsibleTitle)
        assert title.parent is not None
        assert title.parent.name == "model"
        way = [("down", "model.init"), ("down", "model.freeze"), ("down", None), ("up", "model.freeze")]
        way += [("up", "model.init"), ("up", None)]
        for key, name in way:
            await pilot.press(key)  # model.freeze is a list, which the arrows pass without opening it
            assert dashboard.screen.focused is not None
            assert dashboard.screen.focused.name == name
        await pilot.press("enter")
        await until(pilot, lambda: not getattr(title.parent, "collapsed", True))


async def test_a_process_waits_for_the_run_while_the_form_is_open(
    workspace: Workspace, drive: FakeDrive, dashboard: Dashboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "STANDBY_AFTER", 0.01)
    asked: list[str] = []
    backend = replace(
        dashboard.backend,
        prepare_standby=lambda: asked.append("prepare"),
        dismiss_standby=lambda: asked.append("dismiss"),
    )
    app = Dashboard(workspace, backend)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: asked == ["prepare"])
        await pilot.press("escape")
        await until(pilot, lambda: asked == ["prepare", "dismiss"])
        asked.clear()
        app.push_screen(LaunchScreen({"data.source": str(tmp_path), "model.init": "random"}))
        await until(pilot, lambda: asked == ["prepare"])
        await shows(pilot, "ready to start")
        await pilot.press("ctrl+s")
        await shows(pilot, "Monitor", "epoch 1/30")
        app.push_screen(LaunchScreen())  # another training goes on, so there is nothing to wait for
        await shows(pilot, "New run")
        await pilot.pause(0.1)
        app.trainer.signal()
        await until(pilot, lambda: not app.trainer.active)
        assert asked == ["prepare"]
