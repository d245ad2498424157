"""What the form offers beside its fields: presets, earlier settings, the command, TOML, films, a start detached."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from cxrtui.data.films import Collection
from cxrtui.errors import DataError
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config, load
from cxrtui.training.previewing import Preview
from cxrtui.tui.app import Dashboard
from cxrtui.tui.backend import Backend
from cxrtui.tui.inspect.screen import DataScreen
from cxrtui.tui.launch.earlier import read_last
from cxrtui.tui.launch.preview import arrange
from cxrtui.tui.launch.screen import LaunchScreen
from cxrtui.workspace import Workspace
from tests.tui import logs
from tests.tui.screen_text import shows, text_of, until

pytestmark = pytest.mark.slow


async def opened(app: Dashboard, pilot: Pilot[int], **changes: str) -> LaunchScreen:
    texts = {"model.init": "random"} | {key.replace("__", "."): text for key, text in changes.items()}
    form = LaunchScreen({"data.source": str(app.workspace.root), **texts})
    app.push_screen(form)
    await shows(pilot, "ready to start")
    return form


async def test_a_preset_fills_the_form_and_another_takes_back_what_it_does_not_set(dashboard: Dashboard) -> None:
    (dashboard.workspace.config_file).write_text("[data]\nsize = 160\n")
    async with dashboard.run_test(size=(80, 24)) as pilot:
        form = await opened(dashboard, pilot, run__name="mine")
        await pilot.press("f5")
        await shows(pilot, "presets", "Quick look", "Full fine-tuning", "image size 128")
        await pilot.press("enter")
        await until(pilot, lambda: form.values["data.size"] == "128")
        assert form.values["optim.epochs"] == "5"
        await pilot.press("f5", "down", "down")
        await shows(pilot, "unfreeze 3:stage4,6:stage3,9:stem")
        await pilot.press("enter")
        await until(pilot, lambda: form.values["model.unfreeze"] == "3:stage4,6:stage3,9:stem")
        await shows(pilot, "ready to start")
        config = form.config()
        assert (config.data.size, config.optim.epochs, config.model.init) == (160, 30, "random")
        assert form.values["run.name"] == "mine"
        await pilot.press("f5", "escape")
        await until(pilot, lambda: dashboard.screen is form)
        assert form.config() == config


async def test_a_form_begins_with_the_last_one_or_with_a_run(dashboard: Dashboard, workspace: Workspace) -> None:
    async with dashboard.run_test(size=(80, 24), notifications=True) as pilot:
        form = await opened(dashboard, pilot)
        await pilot.press("f6")
        await shows(pilot, "No form was filled in here before")
        for number in range(9):
            run = logs.write(workspace.checkpoints, f"run{number}", logs.finished(f"run{number}"))
            run.config_file.write_text(f"[data]\nsource = ['{workspace.root}']\n[optim]\nepochs = {number + 2}\n")
        form.fill({"optim.warmup": "0.25"})
        await pilot.press("escape")
        await until(pilot, lambda: read_last(workspace) is not None)
        form = await opened(dashboard, pilot)
        await pilot.press("f6")
        await shows(pilot, "the last form", "warmup 0.25", "run8")
        await pilot.press("enter")
        await until(pilot, lambda: form.values.get("optim.warmup") == "0.25")
        await pilot.press("f6")
        await shows(pilot, "run8")
        await pilot.press(*"EPOCHS run5")
        await until(pilot, lambda: dashboard.screen.query_one(OptionList).option_count == 1)
        await shows(pilot, "run5", "epochs 7")
        await pilot.press("enter")
        await until(pilot, lambda: form.values["optim.epochs"] == "7")
        assert form.config().optim.warmup == 0.1
        assert form.values["run.name"] == ""


async def test_the_command_is_shown_and_copied(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        form = await opened(dashboard, pilot, optim__epochs="7", data__positive="COVID-19")
        await pilot.press("f7")
        await shows(pilot, "--set optim.epochs=7", "--init random", "Copy (c)")
        await pilot.press("c")
        await until(pilot, lambda: dashboard.clipboard)
        words = shlex.split(dashboard.clipboard)
        assert words[-2:] == ["--set", "optim.epochs=7"]
        assert words[:2] == ["cxrtui", "--workspace"]
        form.fill({"optim.epochs": "many"})
        await pilot.press("f7")
        await shows(pilot, "No command line yet", "whole number")


async def test_settings_are_saved_after_asking(dashboard: Dashboard, workspace: Workspace, tmp_path: Path) -> None:
    async with dashboard.run_test(size=(100, 40), notifications=True) as pilot:
        form = await opened(dashboard, pilot, optim__epochs="7")
        await pilot.press("f8")
        await shows(pilot, "epochs = 7", 'init = "random"')
        await pilot.press("w")
        await shows(pilot, "Write cxrtui.toml?")
        await pilot.press("n")
        await until(pilot, lambda: dashboard.screen is form)
        assert not workspace.config_file.exists()
        await pilot.press("f8", "w")
        await shows(pilot, "Write cxrtui.toml?")
        await pilot.press("y")
        await shows(pilot, "Saved to")
        assert load(workspace.config_file) == form.config()
        assert form.base.optim.epochs == 7
        await pilot.press("f8", "s")
        await shows(pilot, "Save the settings to")
        field = dashboard.screen.query_one(Input)
        for text, words in ((str(tmp_path), "folder; name a file"), (f"{tmp_path}/no/x.toml", "there is no folder")):
            field.value = text
            await pilot.press("ctrl+s")
            await shows(pilot, words)
        field.value = str(tmp_path / "x.toml")
        await pilot.press("ctrl+s")
        await until(pilot, (tmp_path / "x.toml").exists)
        assert load(tmp_path / "x.toml") == form.config()


async def test_a_name_on_the_shelf_stays_a_name_in_the_settings(dashboard: Dashboard) -> None:
    place = dashboard.workspace.models / "mine"
    place.mkdir(parents=True)
    for name in ("model.toml", "weights.safetensors"):
        (place / name).touch()
    async with dashboard.run_test(size=(100, 40)) as pilot:
        await opened(dashboard, pilot, model__init="mine")
        await pilot.press("f8")
        await shows(pilot, 'init = "mine"')


async def test_films_are_shown_as_a_step_sees_them(dashboard: Dashboard, backend: Backend) -> None:
    steps: list[int] = []

    closed: list[bool] = []

    class Previewer:
        def films(self, step: int, on_progress: Callable[[str, int, int], None]) -> Preview:
            steps.append(step)
            if step == 2:
                raise DataError("No films found; check --data.")
            on_progress("decoding films", 3, 8)
            images = np.full((8, 64, 64), 40 * step, np.uint8)
            return Preview(images, tuple(f"film{place}.png" for place in range(8)), ("COVID-19", "Normal") * 4)

        def close(self) -> None:
            closed.append(True)

    dashboard.backend = replace(backend, preview=lambda config: Previewer())
    async with dashboard.run_test(size=(80, 24)) as pilot:
        form = await opened(dashboard, pilot)
        await pilot.press("f12")
        await shows(pilot, "Augmented films", "▀▀▀▀", "COVID-19", "Normal", "step 1 of the training")
        await pilot.press("n")
        await shows(pilot, "step 2 of the training")
        await pilot.press("n")
        await shows(pilot, "✗ No films found; check the path.")
        await pilot.press("p", "p", "p")
        await until(pilot, lambda: steps[-1] == 0 and "step 1 of" in text_of(pilot))
        await pilot.resize_terminal(200, 50)
        await pilot.press("n")
        await shows(pilot, "step 2 of the training", "film0.png, film1.png")
        await pilot.resize_terminal(60, 18)
        await shows(pilot, "▀▀▀▀")
        await pilot.press("escape")
        await until(pilot, lambda: dashboard.screen is form and closed)
        form.fill({"data.source": ""})
        await pilot.press("f12")
        await shows(pilot, "Say first where the films are.")


@pytest.mark.parametrize(("size", "columns"), [((78, 17), 4), ((198, 44), 4), ((56, 11), 4), ((40, 60), 2)])
def test_films_are_as_large_as_the_screen_lets_them(size: tuple[int, int], columns: int) -> None:
    across, side = arrange(8, *size)
    assert across == columns
    assert across * side + across - 1 <= size[0]
    assert -(-8 // across) * (side // 2 + 1) <= size[1]


async def test_a_run_starts_detached(dashboard: Dashboard, backend: Backend) -> None:
    detached: list[tuple[str, Config]] = []

    def detach(run: Run, config: Config, **options: Any) -> None:
        detached.append((run.name, config))

    dashboard.backend = replace(backend, detach=detach)
    async with dashboard.run_test(size=(80, 24)) as pilot:
        form = await opened(dashboard, pilot, run__name="alone", optim__epochs="7")
        expected = form.config()
        await pilot.press("ctrl+t")
        await until(pilot, lambda: detached)
        assert detached == [("alone", expected)]
        assert not dashboard.trainer.active


async def test_the_form_says_what_the_run_takes(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        form = await opened(dashboard, pilot)
        await shows(pilot, "GiB", "an epoch", "in all")
        form.fill({"optim.batch_size": "512"})
        await shows(pilot, "! about", "of 8.0 GiB")
        await pilot.resize_terminal(200, 50)
        await shows(pilot, "it fits with", "by the speed of this machine", "--set optim.batch_size=512")
        await pilot.click("#fit")
        await until(pilot, lambda: form.values["optim.batch_size"] == "32")
        await until(pilot, lambda: not form.query_one("#fit").display)
        form.fill({"optim.epochs": "0"})
        await until(pilot, lambda: "by the speed" not in text_of(pilot))


async def test_a_path_that_is_typed_is_walked_once(dashboard: Dashboard, backend: Backend, tmp_path: Path) -> None:
    """Keys come faster than the typing rests; and what was walked is not walked again for a key in another field."""
    walked: list[str] = []

    def survey(path: Path, on_progress: Any) -> Collection:
        walked.append(str(path))
        return backend.survey(path, on_progress)

    dashboard.backend = replace(backend, survey=survey)
    async with dashboard.run_test(size=(80, 24)) as pilot:
        form = await opened(dashboard, pilot)
        (tmp_path / "a" / "b").mkdir(parents=True)
        walked.clear()
        field = form.query(Input).first()
        field.value = str(tmp_path)
        field.cursor_position = len(field.value)
        await pilot.press(*"/a/b")
        await until(pilot, lambda: walked)
        await until(pilot, lambda: walked[-1] == str(tmp_path / "a" / "b"))
        await shows(pilot, "ready to start")
        assert len(set(walked)) == len(walked) <= 3  # a folder on the way is walked only where the typing rests on it
        before = list(walked)
        await pilot.press("tab", *"COVID-19", "tab", *"No_findings", "tab", *"128")
        await shows(pilot, "ready to start")
        await pilot.press("f5", "escape")
        await until(pilot, lambda: dashboard.screen is form)
        await pilot.pause(0.5)
        assert walked == before


async def test_the_data_screen_looks_at_films_as_the_form_is_set(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        form = await opened(dashboard, pilot, data__positive="COVID-19")
        form.fill({"data.views": "PA,AP", "data.patient_pattern": "(a+)"})
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(dashboard.screen, DataScreen))
        assert isinstance(dashboard.screen, DataScreen)
        data = dashboard.screen._data
        assert data is not None
        assert (data.views, data.patient_pattern, data.positive) == (("PA", "AP"), "(a+)", ("COVID-19",))
