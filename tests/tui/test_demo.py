"""A first start: what is offered in an empty workspace, and the demo from there."""

from __future__ import annotations

import pytest

from cxrtui.data.phantoms import demonstration
from cxrtui.tui.app import Dashboard
from cxrtui.tui.demo import DemoScreen
from cxrtui.tui.inspect.screen import DataScreen
from cxrtui.tui.monitor.screen import MonitorScreen
from cxrtui.tui.runs.screen import RunsScreen
from tests.tui import logs
from tests.tui.conftest import FakeDrive
from tests.tui.screen_text import shows, text_of, until

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _few_films(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demonstration, "FILMS", 4)
    monkeypatch.setattr(demonstration, "SIZE", 64)


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (200, 50)])
async def test_an_empty_workspace_says_what_can_be_done(dashboard: Dashboard, size: tuple[int, int]) -> None:
    async with dashboard.run_test(size=size) as pilot:
        await shows(
            pilot, "No runs yet", "d  See it work", "n  Set up and start", "i  Look at films", "?  Show all keys"
        )
        await shows(pilot, "d Demo", "n New run")  # the footer
        await pilot.press("i")
        await until(pilot, lambda: isinstance(dashboard.screen, DataScreen))


async def test_the_demo_draws_films_and_trains_on_them(dashboard: Dashboard, drive: FakeDrive) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "No runs yet", "d Demo")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(dashboard.screen, MonitorScreen))
        await shows(pilot, "Monitor · demo-", "epoch 1/30")
        (name, settings, resume), *_ = drive.calls
        assert name.startswith("demo-")
        assert not resume
        films = dashboard.workspace.root / "phantoms"
        assert settings.data.source == (str(films),)
        assert len(list(films.glob("*/phantom_*.png"))) == 4
        dashboard.trainer.signal()
        await until(pilot, lambda: not dashboard.trainer.active)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(dashboard.screen, RunsScreen))
        await shows(pilot, "demo-")
        assert "d Demo" not in text_of(pilot)
        await pilot.press("d")  # deletes, now that there is a run
        await shows(pilot, "Delete")


async def test_no_demo_begins_where_only_the_filter_leaves_no_run(dashboard: Dashboard, drive: FakeDrive) -> None:
    logs.write(dashboard.workspace.checkpoints, "run", logs.finished("run"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "✔ finished")
        await pilot.press("slash", *"zzz", "enter")
        await shows(pilot, "None of 1 runs matches this filter")
        await pilot.press("d")
        await pilot.pause(0.2)
        assert isinstance(dashboard.screen, RunsScreen)
        assert "d Demo" not in text_of(pilot)


async def test_a_folder_of_runs_that_cannot_be_listed_is_said(dashboard: Dashboard) -> None:
    dashboard.workspace.checkpoints.parent.mkdir(parents=True, exist_ok=True)
    dashboard.workspace.checkpoints.write_text("no folder")
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "cannot be listed:", "n  Set up")
        assert "No runs yet" not in text_of(pilot)


async def test_the_demo_can_be_cancelled(
    dashboard: Dashboard, drive: FakeDrive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demonstration, "FILMS", 400)
    monkeypatch.setattr(demonstration, "SIZE", 192)
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "No runs yet", "d Demo")
        await pilot.press("d")
        await shows(pilot, " of 400")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(dashboard.screen, RunsScreen))
        await shows(pilot, "No runs yet")
        assert not drive.calls
    assert not (dashboard.workspace.root / "phantoms" / "manifest.csv").exists()


async def test_other_files_in_the_place_of_the_films_are_kept(dashboard: Dashboard, drive: FakeDrive) -> None:
    other = dashboard.workspace.root / "phantoms" / "mine.png"
    other.parent.mkdir()
    other.write_text("mine")
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "No runs yet", "d Demo")
        await pilot.press("d")
        await shows(pilot, "The films cannot be drawn")
        assert isinstance(dashboard.screen, DemoScreen)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(dashboard.screen, RunsScreen))
    assert other.read_text() == "mine"
    assert not drive.calls


async def test_a_filter_without_a_match_offers_no_demo(dashboard: Dashboard) -> None:
    logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "done")
        await pilot.press("slash", *"nothing", "enter")
        await shows(pilot, "None of 1 runs matches")
        assert "d Demo" not in text_of(pilot)
