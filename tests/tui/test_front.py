from __future__ import annotations

from itertools import product

import pytest
from rich.style import Style
from textual.color import Color
from textual.screen import ModalScreen
from textual.widgets._toast import Toast

from cxrtui.tui.app import Dashboard
from cxrtui.tui.front import Front, _blended
from cxrtui.tui.launch.screen import LaunchScreen
from cxrtui.tui.questions import Choice, Question
from cxrtui.tui.widgets.charts.actions import ChartActions
from tests.tui import logs
from tests.tui.screen_text import shows, text_of, until

pytestmark = pytest.mark.slow


async def test_the_screen_behind_stays_to_be_seen_and_is_looked_at_now_and_then(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxrtui.tui.front.KEPT_SECONDS", 1e6)
    run = logs.write(dashboard.workspace.checkpoints, "mine", logs.midway("mine"))
    async with dashboard.run_test(size=(100, 30)) as pilot:
        dashboard.watch_run(run)
        await shows(pilot, "Monitor · mine", "epoch")
        dashboard.push_screen(Question("Sure?", "It is a question.", Choice("y", "Yes", "yes")))
        await shows(pilot, "Sure?", "Monitor · mine")
        front = dashboard.screen
        assert isinstance(front, Front)
        taken = front._pictured_at
        run.command("pause")
        dashboard.screen_stack[-2].notify("news")
        front.refresh(front.region)
        await pilot.pause(0.1)
        assert front._pictured_at == taken
        monkeypatch.setattr("cxrtui.tui.front.KEPT_SECONDS", 0.0)
        front.refresh(front.region)
        await until(pilot, lambda: front._pictured_at > taken)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: len(front._behind) == 24)
        assert "Monitor · mine" in text_of(pilot)


def test_a_background_that_is_not_transparent_is_blended() -> None:
    style = Style(color="#ff0000", bgcolor="#000000", bold=True, meta={"@click": "quit"})
    assert _blended(style, Color(0, 0, 0, 0)) == Style(color="#ff0000", bgcolor="#000000", bold=True)
    assert _blended(style, Color(255, 255, 255, 0.2)) == Style(color="#ff3333", bgcolor="#333333", bold=True)
    assert _blended(None, Color(255, 255, 255, 0.2)) == Style()


def test_every_dialog_draws_the_screen_behind_it_once() -> None:
    def below(kind: type) -> set[type]:
        return {kind, *(found for one in kind.__subclasses__() for found in below(one))}

    ours = {kind for kind in below(ModalScreen) if kind.__module__.startswith("cxrtui")}
    assert len(ours) > 10
    assert {kind.__name__ for kind in ours if not issubclass(kind, Front)} == set()


@pytest.mark.parametrize("size", [(60, 18), (80, 24)])
async def test_a_toast_covers_no_button_and_no_key(dashboard: Dashboard, size: tuple[int, int]) -> None:
    async with dashboard.run_test(size=size, notifications=True) as pilot:
        for screen in (None, LaunchScreen(), Question("Sure?", "A question.\n" * 30, Choice("y", "Yes", "yes"))):
            if screen is not None:
                await dashboard.push_screen(screen)
            dashboard.notify("Something that takes a few words to say, and that two lines hold.", title="News")
            await until(pilot, lambda: dashboard.screen.query(Toast))
            await pilot.pause()
            toasts = [toast.region for toast in dashboard.screen.query(Toast)]
            kept = [part.region for part in dashboard.screen.query("Button, KeysFooter, FooterKey, TitleLine")]
            assert kept
            assert not [pair for pair in product(toasts, kept) if pair[0].overlaps(pair[1])]


async def test_in_ascii_the_borders_are_ascii_too(dashboard: Dashboard) -> None:
    lines = {chr(code) for code in range(0x2500, 0x2580)}
    run = logs.write(dashboard.workspace.checkpoints, "mine", logs.finished("mine"))
    async with dashboard.run_test(size=(100, 30)) as pilot:
        dashboard.watch_run(run)
        await shows(pilot, "Monitor · mine", "╭", "│")
        monitor = dashboard.screen
        assert isinstance(monitor, ChartActions)
        while monitor.chart_options.mode != "ascii":
            await pilot.press("d")
            await pilot.pause()
        await until(pilot, lambda: not lines & set(text_of(pilot)))
        assert "+-" in text_of(pilot)
        await pilot.press("question_mark")
        await shows(pilot, "Keys")
        assert not lines & set(text_of(pilot))
        await pilot.press("escape", "d")
        await shows(pilot, "╭", "│")
