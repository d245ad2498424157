from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from cxrtui.settings.config import DataConfig
from cxrtui.tui.app import Dashboard
from cxrtui.tui.backend import Backend
from cxrtui.tui.launch.screen import LaunchScreen
from cxrtui.tui.routes import OpenData
from cxrtui.workspace import Workspace
from tests.tui.screen_text import paste, shows, text_of, until

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_a_report_leads_to_a_training(dashboard: Dashboard, tmp_path: Path, size: tuple[int, int]) -> None:
    async with dashboard.run_test(size=size) as pilot:
        await pilot.press("i")
        await shows(pilot, "Data", "folders", "enter reports on what is typed", "Research use only", "↓ Folders")
        assert "t Train" not in text_of(pilot)  # a letter is typed into the path
        await pilot.press("down")
        await shows(pilot, "i Inspect", "t Train", "624 films")  # the next message replaces what it holds
        await pilot.press("t")
        await shows(pilot, "no report yet")
        await pilot.press("shift+tab")
        await paste(pilot, str(tmp_path))
        await pilot.press("enter")
        await shows(pilot, "1,124 films, read as class-folders", "findings", "44.5%", "No_findings", "✔ read in")
        await until(pilot, lambda: dashboard.screen.focused and dashboard.screen.focused.id == "report")
        await pilot.press("end")
        await shows(pilot, "films/[b]x.png: the file is empty")
        await pilot.press("enter")
        await shows(pilot, "New run", "124 films", "500 films")
        screen = dashboard.screen
        assert isinstance(screen, LaunchScreen)
        assert (screen.values["data.source"], screen.values["data.positive"]) == (str(tmp_path), "COVID-19")
        await pilot.press("escape")
        await shows(pilot, "No runs yet")


async def test_from_the_form_and_back_into_it(dashboard: Dashboard, tmp_path: Path) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await shows(pilot, "f2 Data")
        form = dashboard.screen
        assert isinstance(form, LaunchScreen)
        form.query(Input).first().value = str(tmp_path)
        next(item for item in form.query(Input) if item.name == "optim.epochs").value = "7"
        await pilot.press("f2")
        await shows(pilot, "1,124 films")
        await pilot.press("t")
        await until(pilot, lambda: dashboard.screen is form)
        assert form.values["data.negative"] == "No_findings"
        assert form.values["optim.epochs"] == "7"


async def test_folders_are_browsed(dashboard: Dashboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "films, new").mkdir()
    monkeypatch.chdir(tmp_path)
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await pilot.press("i")
        await shows(pilot, "films, new")
        await pilot.press("down", "down", "i")
        await shows(pilot, "1,124 films")
        assert dashboard.screen.query_one("#data-path", Input).value == f"{tmp_path}/films\\, new"
        assert "▸" not in text_of(pilot)
        await pilot.press("b")
        await shows(pilot, "▸ films, new")
        await pilot.press("b")
        await shows(pilot, "1,124 films")


async def test_what_cannot_be_read_is_said(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.open(OpenData("torn"))
        await shows(pilot, "✗ No films found at torn.")


async def test_the_training_is_of_what_was_reported(workspace: Workspace, backend: Backend, tmp_path: Path) -> None:
    """Not of what was typed into the path while it was read, or after."""
    going = threading.Event()

    def slow(text: str, data: Any, tell: Any) -> Any:
        assert going.wait(10)
        return backend.inspect(text, data, tell)

    dashboard = Dashboard(workspace, replace(backend, inspect=slow))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await pilot.press("i")
        await paste(pilot, str(tmp_path))
        await pilot.press("enter", "ctrl+u", *"other")
        going.set()
        await shows(pilot, "1,124 films")
        await pilot.press("t")
        await shows(pilot, "New run")
        screen = dashboard.screen
        assert isinstance(screen, LaunchScreen)
        assert screen.values["data.source"] == str(tmp_path)


async def test_leaving_gives_the_reading_up(workspace: Workspace, backend: Backend) -> None:
    going, ended = threading.Event(), threading.Event()

    def endless(text: str, data: Any, tell: Any) -> Any:
        try:
            for done in range(1_000_000):
                tell("reading headers", done, 1_000_000)
                going.wait(0.01)
        finally:
            ended.set()

    dashboard = Dashboard(workspace, replace(backend, inspect=endless))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.open(OpenData("films"))
        await shows(pilot, "reading headers: ", "of 1,000,000")
        await pilot.press("escape")
        await until(pilot, ended.is_set)


async def test_the_report_is_by_the_settings_of_the_training(
    workspace: Workspace, backend: Backend, tmp_path: Path
) -> None:
    """Those of the workspace's file, and over them what the form says."""
    workspace.config_file.write_text('[data]\nviews = "all"\npositive = "B"\nnegative = "*"\n')
    asked: list[DataConfig] = []

    def heard(text: str, data: DataConfig, tell: Any) -> Any:
        asked.append(data)
        return backend.inspect(text, data, tell)

    dashboard = Dashboard(workspace, replace(backend, inspect=heard))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await pilot.press("i")
        await paste(pilot, str(tmp_path))
        await pilot.press("enter")
        await shows(pilot, "1,124 films")
        await pilot.press("t")
        await shows(pilot, "New run")
        next(item for item in dashboard.screen.query(Input) if item.name == "data.negative").value = "A"
        await pilot.press("f2")
        await until(pilot, lambda: len(asked) == 2)
    assert [(data.views, data.positive, data.negative) for data in asked] == [
        (("all",), ("B",), ("*",)), (("all",), ("COVID-19",), ("A",)),
    ]  # fmt: skip
