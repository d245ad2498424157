"""Keys that are typed faster than the screen can follow."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Key, Paste
from textual.pilot import Pilot
from textual.widgets import Input

from cxrtui.tui.app import Dashboard
from cxrtui.tui.launch.screen import LaunchScreen
from cxrtui.tui.runs.table import RunsTable
from tests.tui import logs
from tests.tui.conftest import FakeDrive
from tests.tui.screen_text import shows, until

pytestmark = pytest.mark.slow


def burst(pilot: Pilot[int], *keys: str) -> None:
    """Type all of `keys` before the screen does anything; a longer text is typed letter by letter."""
    for key in keys:
        for one in [key] if key in NAMED else key:
            pilot.app.post_message(Key(one, one if len(one) == 1 else None))


NAMED = {"tab", "shift+tab", "escape", "enter", "ctrl+j", "ctrl+u", "ctrl+s", "backspace", "home", "end", "left",
         "down", "up"}  # fmt: skip


def values(dashboard: Dashboard) -> dict[str, str]:
    assert isinstance(dashboard.screen, LaunchScreen)
    return dashboard.screen.values


async def typed(pilot: Pilot[int], dashboard: Dashboard, key: str, text: str) -> None:
    await until(pilot, lambda: isinstance(dashboard.screen, LaunchScreen) and values(dashboard).get(key) == text)


async def test_a_text_lands_in_the_field_that_tab_led_to(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        burst(
            pilot, "n", "films", "tab", "COVID-19", "tab", "No_findings", "tab", "64", "shift+tab", "s", "enter", "32"
        )
        await typed(pilot, dashboard, "data.size", "32")
        form = values(dashboard)
        assert (form["data.source"], form["data.positive"], form["data.negative"]) == ("films", "COVID-19", "s")


async def test_what_is_deleted_is_what_was_there(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        burst(pilot, "n", "films", "ctrl+u", "others", "home", "x", "end", "backspace", "tab", "tab", "tab")
        burst(pilot, "224", "ctrl+u", "45", "tab")
        await typed(pilot, dashboard, "data.size", "45")
        assert values(dashboard)["data.source"] == "xother"


async def test_a_key_after_escape_is_for_the_page_below(dashboard: Dashboard, drive: FakeDrive) -> None:
    for name in ("a", "b"):
        logs.write(dashboard.workspace.checkpoints, name, logs.finished(name))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "finished")
        burst(
            pilot,
            "enter",
            "escape",
            "n",
            "escape",
            "d",
            "n",
            "down",
            "n",
            "new",
            "escape",
            "i",
            "p",
            "escape",
            "n",
            "y",
        )
        await typed(pilot, dashboard, "data.source", "y")
        assert len(dashboard.screen_stack) == 3  # Textual's own below, the runs, the form
        assert {path.name for path in dashboard.workspace.checkpoints.iterdir()} >= {"a", "b"}


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\r", "\t"])
async def test_a_paste_fills_the_fields_that_follow(dashboard: Dashboard, separator: str) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        burst(pilot, "n", "tab")
        pilot.app.post_message(Paste(separator.join(["COVID-19", "No_findings", "64", "random", "stage3", "2", ""])))
        burst(pilot, "tab", "8")
        await typed(pilot, dashboard, "optim.batch_size", "8")
        form = values(dashboard)
        pasted = [form[key] for key in ("data.positive", "data.negative", "data.size", "model.init", "model.freeze")]
        assert pasted == ["COVID-19", "No_findings", "64", "random", "stage3"]
        assert form["optim.epochs"] == "2"


@pytest.mark.parametrize("separator", ["tab", "ctrl+j"])
async def test_a_form_that_is_pasted_as_keys_fills_lists_too(dashboard: Dashboard, separator: str) -> None:
    words = ["films", "COVID-19", "Normal", "64", "random", "stage3", "2", "8", "1e-3", "auroc", "3", "q"]
    async with dashboard.run_test(size=(80, 24)) as pilot:
        burst(pilot, "n", *(key for word in words for key in (word, separator)))
        await typed(pilot, dashboard, "run.name", "q")
        assert list(values(dashboard).values()) == [words[0], *words[1:5], *words[6:9], *words[10:], "stage3", "auroc"]


async def test_letters_choose_from_a_closed_list(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        burst(pilot, "n", "tab", "tab", "tab", "tab", "tab", "STA", "tab", "shift+tab", "q", "enter", "7")
        await typed(pilot, dashboard, "optim.epochs", "7")
        assert values(dashboard)["model.freeze"] == "stage1"  # no choice begins with q, and q quits nothing
        burst(pilot, "shift+tab", "enter", "down", "enter")
        await typed(pilot, dashboard, "model.freeze", "stage2")


async def test_a_paste_of_one_line_is_a_paste(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        burst(pilot, "n", "a")
        pilot.app.post_message(Paste("b c\n"))
        await typed(pilot, dashboard, "data.source", "ab c")


async def test_what_no_field_takes_is_told(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(120, 40), notifications=True) as pilot:
        burst(pilot, "n")
        fields = ["films", "a", "b", "64", "random", "no-such-stage", "2", "8", "1e-3", "loss", "3", "mine", "too much"]
        pilot.app.post_message(Paste("\n".join(fields)))
        await shows(pilot, "No field takes no-such-stage, too much.")
        assert values(dashboard)["run.name"] == "mine"
        assert dashboard.screen.query(Input).last().has_focus


async def test_a_form_typed_in_one_burst_starts(dashboard: Dashboard, drive: FakeDrive, tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    async with dashboard.run_test(size=(80, 24)) as pilot:
        burst(pilot, "n", str(tmp_path / "films"), "tab", "COVID-19", "tab", "No_findings", "tab", "64", "tab")
        burst(pilot, "random", "ctrl+s")
        await until(pilot, lambda: drive.calls)
        ((_, config, _),) = drive.calls
        assert (config.data.positive, config.data.negative, config.data.size) == (("COVID-19",), ("No_findings",), 64)
        dashboard.trainer.signal()
        await until(pilot, lambda: not dashboard.trainer.active)


async def test_a_word_is_typed_anew_and_a_path_goes_on(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        burst(pilot, "n", "tab", "tab", "tab", "tab", "random", "shift+tab", "tab", "models/", "shift+tab", "tab", "x")
        await typed(pilot, dashboard, "model.init", "models/x")


async def test_home_and_end_move_the_cursor(dashboard: Dashboard) -> None:
    for number in range(40):
        logs.write(dashboard.workspace.checkpoints, f"run{number:02}", logs.midway(f"run{number:02}"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "run39")
        table = dashboard.screen.query_one(RunsTable)
        for key, row in (("end", 39), ("home", 0), ("end", 39), ("pageup", -1)):
            await pilot.press(key)
            if key == "pageup":
                assert 0 < table.cursor_row < 39
            else:
                assert table.cursor_row == row
