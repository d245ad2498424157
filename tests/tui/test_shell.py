"""What every screen has: jump keys, palette, help and pictures."""

from __future__ import annotations

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input, Static

from cxrtui.tui import routes
from cxrtui.tui.app import Dashboard
from cxrtui.tui.classify.screen import ClassifyScreen
from cxrtui.tui.going import PLACES
from cxrtui.tui.inspect.screen import DataScreen
from cxrtui.tui.jump import LETTERS, JumpScreen
from cxrtui.tui.keys import KEYS
from cxrtui.tui.launch.screen import LaunchScreen
from cxrtui.tui.monitor.screen import MonitorScreen
from cxrtui.tui.page import Page, place_of
from cxrtui.tui.protocols.page import ProtocolPage
from cxrtui.tui.runs.screen import RunsScreen
from cxrtui.tui.tune.page import StudyPage
from cxrtui.tui.weights.screen import WeightsScreen
from tests.tui import logs
from tests.tui.screen_text import shows, text_of, until

pytestmark = pytest.mark.slow


async def find(pilot: Pilot[int], words: str, title: str) -> None:
    """Open the palette, type `words`, and take the first command, which is `title`."""
    await until(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))
    await pilot.press(*words)
    await until(pilot, lambda: title in text_of(pilot))
    await until(pilot, lambda: len([line for line in text_of(pilot).splitlines() if f" {title} " in line]) == 1)
    await pilot.press("enter")


@pytest.mark.parametrize("size", [(60, 18)])
async def test_a_letter_moves_the_focus_on_every_screen(dashboard: Dashboard, size: tuple[int, int]) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"), state=True)
    async with dashboard.run_test(size=size) as pilot:
        for route, text in (
            (None, "done"), (routes.OpenMonitor(run), "✔ finished"), (routes.OpenLaunch(), "Image size"),
            (routes.OpenClassify(run), "space selects"), (routes.OpenData(), "folders"),
            (routes.OpenWeights(), "imagenet"),
        ):  # fmt: skip
            if route is not None:
                dashboard.open(route)
            await shows(pilot, text)
            page = dashboard.screen
            await pilot.press("ctrl+o")
            await until(pilot, lambda: isinstance(dashboard.screen, JumpScreen))
            marks = list(dashboard.screen.query(Static))
            assert [str(mark.render()) for mark in marks] == list(LETTERS[: len(marks)])
            assert all(dashboard.screen.region.contains_region(mark.region) for mark in marks)
            assert len({mark.region.offset for mark in marks}) == len(marks)
            parts = dashboard.screen._parts  # type: ignore[attr-defined]
            last = LETTERS[len(marks) - 1]
            await pilot.press(last)
            await until(pilot, lambda page=page: dashboard.screen is page)
            assert page.focused is parts[last][0]
            if route is not None:
                await dashboard.screen.dismiss()


async def test_jump_keys_work_while_typing_and_another_key_closes_them(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.open(routes.OpenData())
        await shows(pilot, "folders")
        field = dashboard.screen.query_one("#data-path", Input)
        field.focus()
        for key in ("escape", "9", "ctrl+o", "enter"):
            await pilot.press("ctrl+o")
            await until(pilot, lambda: isinstance(dashboard.screen, JumpScreen))
            await pilot.press(key)
            await until(pilot, lambda: isinstance(dashboard.screen, DataScreen))
            assert field.has_focus
        assert field.value == ""
        await pilot.press("ctrl+o")
        await pilot.resize_terminal(100, 30)
        await until(pilot, lambda: isinstance(dashboard.screen, DataScreen))


async def test_the_palette_goes_to_each_screen_and_back(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "No runs yet")
        for name in PLACES:
            await pilot.press("ctrl+p")
            await find(pilot, f"go to {name.lower()}", f"Go to {name}")
            await until(pilot, lambda name=name: place_of(dashboard.screen) == name)
        depth = len(dashboard.screen_stack)
        await pilot.press("ctrl+p")
        await find(pilot, "go to launch", "Go to Launch")
        await until(pilot, lambda: isinstance(dashboard.screen, LaunchScreen))
        assert len(dashboard.screen_stack) < depth  # it was open already
        await pilot.press("ctrl+p")
        await find(pilot, "go to runs", "Go to Runs")
        await until(pilot, lambda: isinstance(dashboard.screen, RunsScreen))


async def test_a_colon_finds_a_run(dashboard: Dashboard) -> None:
    for name in ("first", "[b]second", "third"):
        logs.write(dashboard.workspace.checkpoints, name, logs.finished(name))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "third")
        await pilot.press(":")
        await find(pilot, "second", "Go to run [b]second")
        await until(pilot, lambda: isinstance(dashboard.screen, MonitorScreen))
        await shows(pilot, "Monitor · [b]second")
        await pilot.press(":")
        await find(pilot, "run third", "Go to run third")
        await shows(pilot, "Monitor · third")
        await pilot.press("escape")  # one monitor has taken the place of the other
        await until(pilot, lambda: isinstance(dashboard.screen, RunsScreen))


async def test_the_palette_offers_each_command_once(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "No runs yet")
        titles = [command.title for command in dashboard.get_system_commands(dashboard.screen)]
        assert len(titles) == len(set(titles))
        assert {"Help", "Quit", "Jump", "Screenshot", "Theme", "Go to Data"} <= set(titles)
        assert "Keys" not in titles
        texts = {command.title: command.help for command in dashboard.get_system_commands(dashboard.screen)}
        assert texts["New run"].startswith("n: ")


async def test_a_picture_of_the_screen_is_saved(dashboard: Dashboard) -> None:
    folder = dashboard.workspace.root / "screenshots"
    async with dashboard.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "No runs yet")
        await pilot.press("f9")
        await until(pilot, lambda: list(folder.glob("runs-*.svg")))
        await shows(pilot, "Screenshot saved")
        await pilot.press("f9")
        await until(pilot, lambda: len(list(folder.glob("runs-*.svg"))) == 2)
        picture = next(folder.glob("*.svg")).read_text()
        assert "No&#160;runs&#160;yet" in picture
        assert "http" not in picture.replace("http://www.w3.org/2000/svg", "").replace("https://www.textualize.io", "")


async def test_a_picture_that_cannot_be_saved_is_said(dashboard: Dashboard) -> None:
    (dashboard.workspace.root / "screenshots").write_text("a file where the folder would be")
    async with dashboard.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "No runs yet")
        await pilot.press("f9")
        await shows(pilot, "No screenshot")


@pytest.mark.parametrize("kind", [RunsScreen, LaunchScreen, DataScreen, WeightsScreen, StudyPage, ProtocolPage,
                                  ClassifyScreen, MonitorScreen])  # fmt: skip
def test_no_key_of_a_screen_hides_one_that_works_everywhere(kind: type[Page[object]]) -> None:
    everywhere = {item.key: item.action for item in KEYS["everywhere"]}
    for section in kind.sections:
        for item in KEYS[section]:
            assert everywhere.get(item.key, item.action) == item.action
