"""What must be seen on the smallest terminal, and at once after a change of size."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets._footer import FooterKey

from cxrtui.errors import DataError
from cxrtui.settings.config import Config
from cxrtui.tui.app import Dashboard
from cxrtui.tui.monitor.log import LogPanel
from cxrtui.tui.monitor.screen import MonitorScreen
from cxrtui.tui.weights.shelf_table import ShelfTable
from cxrtui.tui.widgets.charts.chart import Chart
from tests.tui import logs
from tests.tui.conftest import FakeDrive
from tests.tui.screen_text import shows, text_of, until

pytestmark = pytest.mark.slow

BRAILLE = {chr(code) for code in range(0x2801, 0x2900)}


@pytest.mark.parametrize("size", [(60, 18), (80, 24)])
async def test_runs_are_whole_rows(dashboard: Dashboard, size: tuple[int, int]) -> None:
    name = "20260101-130000-a-name-longer-than-a-narrow-table"
    logs.write(dashboard.workspace.checkpoints, name, logs.finished(name))
    async with dashboard.run_test(size=size) as pilot:
        await shows(pilot, "✔ finished", "12/30", "93.5 % (87/93)", "? Help", "q Quit")
        row = next(line for line in text_of(pilot).splitlines() if "finished" in line)
        assert (" d " in row) == (size[0] == 80)  # the age, the last column, or none
        await pilot.resize_terminal(200, 50)
        await shows(pilot, name, "loss 0.3364", "(87/93)")


async def test_every_answer_of_the_quit_dialog_is_seen(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(60, 18)) as pilot:
        dashboard.launch(Config(), "mine")
        await shows(pilot, "epoch 1/30")
        await pilot.press("q")
        await shows(pilot, "Leave it running (l)", "Stop with checkpoint (s)", "Cancel (c)")
        await pilot.press("c")
        dashboard.trainer.signal()
        await until(pilot, lambda: not dashboard.trainer.active)


@pytest.mark.parametrize(("key", "said"), [("c", "c Classify"), ("i", "f1 Help"), ("w", "f Fetch"), ("n", "^q Quit")])
async def test_the_footer_cuts_no_key(dashboard: Dashboard, key: str, said: str) -> None:
    async with dashboard.run_test(size=(60, 18)) as pilot:
        await shows(pilot, "No runs yet")
        await pilot.press(key)
        await shows(pilot, said, "Help", "Quit")

        def footer() -> str:
            return text_of(pilot).splitlines()[-1]

        def keys() -> list[str]:
            shown = [item.render().plain for item in dashboard.screen.query(FooterKey)]
            return [key for key in shown if f"{key} " not in f"{footer()} "]

        await until(pilot, lambda: not keys())
        was = footer()
        await pilot.resize_terminal(200, 30)
        await until(pilot, lambda: not keys() and len(footer().split()) >= len(was.replace("…", "").split()))
        assert "…" not in footer()


@pytest.mark.parametrize("keys", [["slash"], ["c", "d"], ["c", "slash"], ["i"], ["w", "slash"], ["n"]])
async def test_the_keys_are_shown_while_a_field_takes_all_letters(dashboard: Dashboard, keys: list[str]) -> None:
    logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "done")
        await pilot.press(*keys)
        await shows(pilot, "f1 Help", "^q Quit")
        await pilot.press("f1")
        await shows(pilot, "─ Keys ─")


async def test_a_long_reason_is_read_whole(dashboard: Dashboard, tmp_path: Path) -> None:
    def refuse(*_: object) -> Any:
        raise DataError("No films found: " + "x " * 60 + "make a folder for each class.")

    dashboard.backend = replace(dashboard.backend, inspect=refuse)
    async with dashboard.run_test(size=(60, 18)) as pilot:
        await shows(pilot, "No runs yet")
        await pilot.press("i", "x", "enter")
        await shows(pilot, "✗ No films found", "each class.")


async def test_the_time_left_is_seen_on_a_small_screen(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "live", logs.midway("live"))
    lock = run.acquire()
    try:
        async with dashboard.run_test(size=(60, 18)) as pilot:
            dashboard.watch_run(run)
            await shows(pilot, "▶ training", "ETA ", "checkpoint at step")
    finally:
        lock.release()


async def test_a_curve_is_seen_on_a_small_screen(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"))
    async with dashboard.run_test(size=(60, 18)) as pilot:
        dashboard.watch_run(run)
        await shows(pilot, "✔ finished", "sensitivity", "? Help", "q Quit")
        await until(pilot, lambda: drawn(pilot, dashboard) >= 3)


def drawn(pilot: Pilot[int], dashboard: Dashboard) -> int:
    """Lines of the chart of losses that show a part of the curve."""
    chart = dashboard.screen.query_one("#loss", Chart).region
    lines = text_of(pilot).splitlines()[chart.y + 1 : chart.bottom - 1]
    return sum(bool(BRAILLE & set(line[chart.x : chart.right])) for line in lines)


async def test_a_resize_draws_the_curves_anew(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "live", logs.midway("live"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.watch_run(run)
        await shows(pilot, "train 0.2")
        screen = dashboard.screen
        assert isinstance(screen, MonitorScreen)
        screen._pace._next = float("inf")  # a drawing that has taken long; the next one would wait
        await pilot.resize_terminal(100, 30)
        chart = screen.query_one("#loss", Chart)
        await until(pilot, lambda: chart.size.width > 40)
        await until(pilot, lambda: chart._drawing is not None and chart._drawing.axes.width == chart.size.width)


async def test_labels_and_numbers_are_seen_on_a_small_screen(
    dashboard: Dashboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"))
    (run.state / "1").mkdir(parents=True)
    for name in ("covid1.png", "healthy2.png"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    async with dashboard.run_test(size=(60, 18)) as pilot:
        await shows(pilot, "finished")
        await pilot.press("c")
        await shows(pilot, "covid1.png")
        await pilot.press("end", "a", "c")
        await shows(pilot, "90.0 %", "▲ COVID-19", "20.0 %", "▽ No_findings", "q Quit", "┃ threshold 0.50")


async def test_every_page_says_that_a_run_is_stopping(dashboard: Dashboard, drive: FakeDrive) -> None:
    drive.hold.clear()
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.launch(Config(), "mine")
        await shows(pilot, "epoch 1/30")
        await pilot.press("s")
        await shows(pilot, "stopping…")
        await pilot.press("escape")
        await shows(pilot, "■ stopping…")
        await pilot.press("enter")
        await shows(pilot, "Monitor · mine", "stopping…")
        drive.hold.set()
        await until(pilot, lambda: not dashboard.trainer.active)
        await shows(pilot, "■ stopped")
        assert "stopping…" not in text_of(pilot)


async def test_the_newest_values_are_seen_on_a_small_screen(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"))
    async with dashboard.run_test(size=(60, 18)) as pilot:
        dashboard.watch_run(run)
        await shows(pilot, "✔ finished")
        await until(pilot, lambda: re.search(r"train \d\.\d+ (· )?val\. \d\.\d+ ", text_of(pilot)))
        assert "Monitor · done " in text_of(pilot)  # the run's name is not cut
        await until(pilot, lambda: len(re.findall(r"◆ ?val\. ", text_of(pilot))) == 2)
        await pilot.resize_terminal(200, 50)
        await until(pilot, lambda: text_of(pilot).count("◆ validation ") == text_of(pilot).count(" · validation ") == 2)


async def test_the_view_of_the_log_is_its_own_on_a_small_screen(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"))
    async with dashboard.run_test(size=(60, 18)) as pilot:
        dashboard.watch_run(run)
        await shows(pilot, "✔ finished")
        await pilot.press("v", "v", "v", "v")
        await until(pilot, lambda: dashboard.screen.query_one(LogPanel).region.width >= 56)


async def test_the_shelf_has_whole_columns(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(60, 18)) as pilot:
        await shows(pilot, "No runs yet")
        await pilot.press("w")
        await shows(pilot, "imagenet", "BSD-3-Clause", "Licence")
        table = dashboard.screen.query_one(ShelfTable)
        blank = 2  # behind the last column
        await until(pilot, lambda: 0 < table.virtual_size.width <= table.size.width + blank)
        await pilot.resize_terminal(80, 24)
        await shows(pilot, "Format")
