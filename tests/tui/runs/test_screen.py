from __future__ import annotations

import os

import pytest
from textual.coordinate import Coordinate
from textual.widgets import DataTable

from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config
from cxrtui.tui.app import Dashboard
from cxrtui.tui.runs.screen import RunsScreen
from tests.tui import logs
from tests.tui.screen_text import shows, text_of, until

pytestmark = pytest.mark.slow


async def test_an_empty_workspace_says_what_to_press(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "No runs yet", "Press n", "Research use only, not for diagnosis.", "n New run")


async def test_statuses_are_words(dashboard: Dashboard) -> None:
    checkpoints = dashboard.workspace.checkpoints
    logs.write(checkpoints, "done", logs.finished("done"))
    logs.write(checkpoints, "killed", logs.midway("killed"))
    logs.write(checkpoints, "broken", logs.failed("broken"))
    live = logs.write(checkpoints, "live", logs.midway("live"))
    lock = live.acquire()
    try:
        async with dashboard.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "interrupted", "failed", "▶ training", "✔ finished", "93.5 %", "10/30", "loss 0.33")
            assert "Age" in text_of(pilot)  # the last column fits
    finally:
        lock.release()


async def test_the_list_follows_the_logs(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "grows", logs.trained(2, run="grows"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "2/30")
        for event in logs.trained(3, run="grows")[len(logs.trained(2)) :]:
            run.append(event)
        await shows(pilot, "3/30")


async def test_a_long_list_is_whole_and_the_cursor_stays_on_its_run(dashboard: Dashboard) -> None:
    checkpoints = dashboard.workspace.checkpoints
    short = [*logs.begin(), ev.Stopped(reason="requested", step=0, epoch=0)]
    for number in range(130):
        run = logs.write(checkpoints, f"run-{number:03}", short)
        os.utime(run.events_file, (number, number))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "run-129", "■ stopped")
        screen, table = dashboard.screen, dashboard.screen.query_one("#runs", DataTable)
        assert isinstance(screen, RunsScreen)

        def names() -> list[str]:
            return [str(table.get_cell_at(Coordinate(row, 0))) for row in range(table.row_count)]

        await until(pilot, lambda: table.row_count == 130 and str(table.get_cell_at(Coordinate(129, 1))) == "■ stopped")
        assert names() == [f"run-{number:03}" for number in reversed(range(130))]
        await pilot.press("end")
        await until(pilot, lambda: screen.chosen == Run(checkpoints / "run-000"))
        Run(checkpoints / "run-007").append(ev.Failed(error="E", message="full", exit_code=3))  # the first from now on
        Run(checkpoints / "run-129").delete()
        await until(pilot, lambda: names()[0] == "run-007" and table.row_count == 129)
        assert str(table.get_cell_at(Coordinate(0, 1))) == "✗ failed"
        assert (screen.chosen, table.cursor_row) == (Run(checkpoints / "run-000"), 128)
        await pilot.resize_terminal(200, 50)
        await until(pilot, lambda: table.row_count == 129 and len(table.columns) == 6)
        await until(pilot, lambda: (screen.chosen, table.cursor_row) == (Run(checkpoints / "run-000"), 128))


async def test_delete_asks_and_names_the_run(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "old-run", logs.finished("old-run"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "old-run")
        await pilot.press("d")
        await shows(pilot, "Delete old-run?")
        await pilot.press("n")
        await pilot.pause()
        assert run.folder.exists()
        await pilot.press("d")
        await shows(pilot, "Delete old-run?")
        await pilot.press("enter")  # the harmless answer has the focus
        await pilot.pause()
        assert run.folder.exists()
        await pilot.press("d")
        await shows(pilot, "Delete old-run?")
        await pilot.press("y")
        await shows(pilot, "No runs yet")
        assert not run.folder.exists()


async def test_a_live_run_is_not_deleted(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "live", logs.midway("live"))
    lock = run.acquire()
    try:
        async with dashboard.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "▶ training")
            await pilot.press("d")
            await shows(pilot, "stop it before deleting it")
            assert run.folder.exists()
    finally:
        lock.release()


async def test_resume_is_offered_where_it_can_be(dashboard: Dashboard) -> None:
    logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "finished")
        assert "r Resume" not in text_of(pilot)
        await pilot.press("r")
        assert dashboard.trainer.run is None


async def test_resume_goes_on_in_the_monitor(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "halted", logs.stopped("halted"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "stopped", "r Resume")
        await pilot.press("r")
        await shows(pilot, "Monitor · halted", "from its checkpoint")
        await pilot.press("s")
        await until(pilot, lambda: not dashboard.trainer.active)
        assert run.read_commands()[-1][0] == "stop"
        assert dashboard.trainer.exit_code == 5


async def test_the_cursor_goes_to_the_run_that_was_set_up(dashboard: Dashboard) -> None:
    logs.write(dashboard.workspace.checkpoints, "old", logs.finished("old"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "✔ finished")
        dashboard.launch(Config(), "mine")
        await shows(pilot, "Monitor · mine", "epoch 1/30")
        await pilot.press("s", "escape", "enter")
        await shows(pilot, "Monitor · mine")
        await until(pilot, lambda: not dashboard.trainer.active)


async def test_help_and_palette_come_from_the_table(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 30)) as pilot:
        await pilot.press("question_mark")
        await shows(pilot, "Delete the run's folder, after asking", "esc closes")
        await pilot.press("escape")
        commands = [command.title for command in dashboard.get_system_commands(dashboard.screen)]
        assert "New run" in commands
        assert "Delete" not in commands  # there is nothing to delete
        assert commands.count("Quit") == 1
        assert "Keys" not in commands  # Textual's panel; Help shows them


async def test_too_small_is_said(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(50, 12)) as pilot:
        await shows(pilot, "too small")
        await pilot.resize_terminal(80, 24)
        await shows(pilot, "No runs yet")
