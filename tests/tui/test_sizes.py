"""Every screen at sizes from too small to very large, in a storm of them; and a terminal that is left as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from cxrtui.settings.config import Config
from cxrtui.tui import routes
from cxrtui.tui.app import Dashboard
from cxrtui.tui.widgets.find import FindLine
from tests.tui import logs, studies
from tests.tui.screen_text import paste, shows, text_of, until
from tests.tui.terminal import LEFT_THE_SCREEN, Terminal

pytestmark = pytest.mark.slow

STORM = [(61 + 13 * step % 240, 18 + 7 * step % 60) for step in range(2)]


async def test_every_screen_from_too_small_to_very_large(dashboard: Dashboard) -> None:
    name = "long-" + "名" * 5 + "e\u0301" * 30
    run = logs.write(dashboard.workspace.checkpoints, name, logs.finished(name), state=True)
    study = studies.write(dashboard.workspace.checkpoints)
    async with dashboard.run_test(size=(80, 24)) as pilot:
        for route, text in (
            (None, "finished"), (routes.OpenMonitor(run), "finished"), (routes.OpenLaunch(), "Image size"),
            (routes.OpenClassify(run), "space selects"), (routes.OpenData(), "folders"),
            (routes.OpenWeights(), "imagenet"), (routes.OpenTune(study), "★"),
            (routes.OpenSearch(Config()), "optim.learning_rate"),
        ):  # fmt: skip
            if route is not None:
                dashboard.open(route)
            await shows(pilot, text)
            styled_with_each_move = [node for node in dashboard.screen.walk_children() if node._has_focus_within]
            assert not styled_with_each_move  # see Page.watch_focused
            await pilot.resize_terminal(59, 17)
            await shows(pilot, "too small", "It needs 60×18 or more", "q quits")
            for width, height in STORM:
                await pilot.resize_terminal(width, height)
            await pilot.resize_terminal(300, 80)
            await shows(pilot, text, "Quit")
            await until(pilot, lambda: "too small" not in text_of(pilot))
            assert len(text_of(pilot).splitlines()) == 80
            if route is not None:
                await dashboard.screen.dismiss()
            await pilot.resize_terminal(80, 24)


async def test_a_paste_into_a_search_is_only_text(dashboard: Dashboard) -> None:
    hostile = "[/b][red]\x1b[2J名\u202e" + "x" * 20_000
    async with dashboard.run_test(size=(60, 18)) as pilot:
        await shows(pilot, "No runs yet")
        await pilot.press("w")
        await shows(pilot, "imagenet")
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(dashboard.focused, FindLine))
        await paste(pilot, hostile)
        await pilot.press("escape", "ctrl+p")
        await until(pilot, lambda: isinstance(dashboard.focused, Input))
        await paste(pilot, hostile)
        await pilot.press("escape")
        await shows(pilot, "imagenet")


def test_a_fault_of_a_screen_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    with Terminal("--workspace", str(tmp_path), fault=True) as terminal:
        before = terminal.attributes
        terminal.shows("No runs yet")
        terminal.press("i")
        assert terminal.wait() == 1
        assert terminal.attributes == before
        left = terminal.output.rpartition(LEFT_THE_SCREEN)[2].decode(errors="replace")
        assert "a fault of a screen" in left
        assert "\x1b[?25h" in terminal.output[-20_000:].decode(errors="replace")  # the cursor is seen again
