"""With NO_COLOR every screen is grey, and what is selected or has the focus can still be seen."""

from __future__ import annotations

import pytest
from rich.segment import Segment
from textual.pilot import Pilot

from cxrtui.settings.config import DataConfig
from cxrtui.tui import routes
from cxrtui.tui.app import Dashboard, honour_no_color
from cxrtui.tui.inspect.duplicates.screen import DuplicatesScreen
from tests.tui import logs
from tests.tui.pictures import copies
from tests.tui.screen_text import shows, until

pytestmark = pytest.mark.slow


@pytest.fixture
def grey(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> Dashboard:
    monkeypatch.setenv("NO_COLOR", "1")
    return Dashboard(dashboard.workspace, dashboard.backend)


def segments(pilot: Pilot[int]) -> list[Segment]:
    return [segment for strip in pilot.app.screen._compositor.render_strips() for segment in strip]


def is_grey(segment: Segment) -> bool:
    style = segment.style
    colours = [] if style is None else [style.color, style.bgcolor]
    return all(
        colour is None or colour.triplet is None or len(set(colour.triplet)) == 1 for colour in colours
    )  # fmt: skip


def reversed_text(pilot: Pilot[int]) -> str:
    return "".join(item.text for item in segments(pilot) if item.style is not None and item.style.reverse)


def background_of(pilot: Pilot[int], text: str) -> object:
    return next((item.style.bgcolor for item in segments(pilot) if item.text == text and item.style), None)


async def test_every_screen_is_grey(grey: Dashboard) -> None:
    run = logs.write(grey.workspace.checkpoints, "done", logs.finished("done"), state=True)
    async with grey.run_test(size=(80, 24)) as pilot:
        for route, text in (
            (routes.OpenMonitor(run), "✔ finished"), (routes.OpenLaunch(), "Batch size"),
            (routes.OpenClassify(run), "space selects"), (routes.OpenData(), "folders"),
            (routes.OpenWeights(), "imagenet"),
        ):  # fmt: skip
            grey.open(route)
            await shows(pilot, text)
            await until(pilot, lambda: all(map(is_grey, segments(pilot))))
            await pilot.press("escape")
        grey.push_screen(DuplicatesScreen(copies(), DataConfig()))
        await pilot.press("r")
        await shows(pilot, "✗ conflict", "✗ left out", "▀▀▀▀")  # each is told apart by a mark
        await until(pilot, lambda: all(map(is_grey, segments(pilot))))


async def test_the_selected_row_is_reversed(grey: Dashboard) -> None:
    for name in ("first", "second"):
        logs.write(grey.workspace.checkpoints, name, logs.finished(name))
    async with grey.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "first", "second")
        await until(pilot, lambda: "second" in reversed_text(pilot) and "first" not in reversed_text(pilot))
        await pilot.press("down")
        await until(pilot, lambda: "first" in reversed_text(pilot) and "second" not in reversed_text(pilot))
        await pilot.press("w")
        await shows(pilot, "imagenet")
        await until(pilot, lambda: "imagenet" in reversed_text(pilot))
        await pilot.press("ctrl+p")
        await until(pilot, lambda: background_of(pilot, "Back") != background_of(pilot, "Check"))


def test_an_empty_no_color_counts_as_none(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    honour_no_color()
    assert not Dashboard(dashboard.workspace, dashboard.backend).no_color
