from __future__ import annotations

import os
from pathlib import Path

import pytest

from cxrtui.runner import save_config
from cxrtui.runs import bin, notes
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config, with_values
from cxrtui.tui.app import Dashboard
from cxrtui.tui.runs.screen import RunsScreen
from cxrtui.tui.runs.table import RunsTable
from tests.tui import logs
from tests.tui.screen_text import paste, shows, text_of, until

pytestmark = pytest.mark.slow


async def test_an_empty_workspace_says_what_to_press(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "No runs yet", "n  Set up and start", "Research use only, not for diagnosis.", "n New run")


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
        screen, table = dashboard.screen, dashboard.screen.query_one(RunsTable)
        assert isinstance(screen, RunsScreen)

        def names() -> list[str]:
            return [table.text_of(row, "Run") for row in range(table.row_count)]

        await until(pilot, lambda: table.row_count == 130 and table.text_of(129, "Status") == "■ stopped")
        assert names() == [f"run-{number:03}" for number in reversed(range(130))]
        await pilot.press("end")
        await until(pilot, lambda: screen.chosen == Run(checkpoints / "run-000"))
        Run(checkpoints / "run-007").append(ev.Failed(error="E", message="full", exit_code=3))  # the first from now on
        Run(checkpoints / "run-129").delete()
        await until(pilot, lambda: names()[0] == "run-007" and table.row_count == 129)
        assert table.text_of(0, "Status") == "✗ failed"
        assert (screen.chosen, table.cursor_row) == (Run(checkpoints / "run-000"), 128)
        await pilot.resize_terminal(200, 50)
        await shows(pilot, "run-000", "Age ▲")
        assert (screen.chosen, table.cursor_row) == (Run(checkpoints / "run-000"), 128)


async def test_delete_asks_and_names_the_run_and_can_be_undone(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "old-run", logs.finished("old-run"))
    async with dashboard.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "old-run")
        for harmless in ("n", "enter", "escape"):  # enter, because the harmless answer has the focus
            await pilot.press("d")
            await shows(pilot, "Delete old-run?", "kB: log, checkpoints")
            await pilot.press(harmless)
            await pilot.pause()
            assert run.folder.exists()
        await pilot.press("d")
        await shows(pilot, "Delete old-run?")
        await pilot.press("y")
        await shows(pilot, "No runs yet", "The bin holds 1 run")
        assert not run.folder.exists()
        await pilot.press("z")
        await shows(pilot, "✔ finished")
        assert run.read().status == "finished"
        await pilot.press("z")
        await shows(pilot, "The bin is empty.")


@pytest.mark.parametrize("action", ["delete", "note", "tags", "export"])
async def test_a_key_that_is_pressed_twice_at_once_asks_once(dashboard: Dashboard, action: str) -> None:
    logs.write(dashboard.workspace.checkpoints, "run", logs.finished("run"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "✔ finished")
        for _ in range(2):
            dashboard.screen.call_next(dashboard.screen.run_action, action)
        await until(pilot, lambda: len(dashboard.screen_stack) > 2)
        await pilot.pause(0.3)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(dashboard.screen, RunsScreen)


async def test_the_cursor_waits_on_the_first_row_until_all_runs_are_read(dashboard: Dashboard) -> None:
    for number in range(60):  # the file that was written first has the latest events
        at = logs.START + 100 * number
        run = logs.write(dashboard.workspace.checkpoints, f"run-{number}", logs.trained(2, at=at))
        os.utime(run.events_file, (at - 200 * number, at - 200 * number))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        screen = dashboard.screen
        assert isinstance(screen, RunsScreen)
        table = screen.query_one(RunsTable)
        await until(pilot, lambda: table.row_count == 60 and all(snapshot.read for snapshot, _ in table.rows))
        assert screen.chosen is not None
        assert (screen.chosen.name, table.cursor_row) == ("run-59", 0)


async def test_a_run_that_was_deleted_in_another_session_is_restored_after_asking(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "old-run", logs.finished("old-run"))
    bin.discard(run)
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "No runs yet")
        await pilot.press("u")
        await shows(pilot, "Restore old-run?", "of 1 run in the bin")
        await pilot.press("y")
        await shows(pilot, "✔ finished")


async def test_keys_act_on_all_that_are_selected(dashboard: Dashboard) -> None:
    checkpoints = dashboard.workspace.checkpoints
    for name in ("a", "b", "c", "live"):
        logs.write(checkpoints, name, logs.midway(name) if name == "live" else logs.finished(name))
    lock = Run(checkpoints / "live").acquire()
    try:
        async with dashboard.run_test(size=(80, 24), notifications=True) as pilot:
            await shows(pilot, "▶ training", "✔ finished")
            await pilot.press("C")
            await shows(pilot, "Select two to 8 runs")
            await pilot.press("a")
            await shows(pilot, "4 selected", "■ live")
            await pilot.press("t")
            await shows(pilot, "Tags of 4 runs")
            await pilot.press(*"+two words,", "enter")
            await shows(pilot, "a tag is one word")
            await pilot.press("backspace", "enter")
            await until(pilot, lambda: notes.read(checkpoints / "c").tags == ("two", "words"))
            await pilot.press("d")
            await shows(pilot, "Delete 3 runs?", "Run live stays")
            await pilot.press("y")
            await until(pilot, lambda: sorted(path.name for path in checkpoints.iterdir()) == [".bin", "live"])
            await pilot.press("z")
            await shows(pilot, "Restored")
            await until(pilot, lambda: all((checkpoints / name).exists() for name in "abc"))
            await until(pilot, lambda: "selected" not in text_of(pilot))
    finally:
        lock.release()


async def test_a_filter_is_applied_as_it_is_typed_and_says_what_is_wrong(dashboard: Dashboard) -> None:
    checkpoints = dashboard.workspace.checkpoints
    for name, log in (("done", logs.finished()), ("broken", logs.failed()), ("killed", logs.midway())):
        logs.write(checkpoints, name, log)
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "✔ finished", "✗ failed", "! interrupted")
        table = dashboard.screen.query_one(RunsTable)

        def names() -> list[str]:
            return sorted(table.text_of(row, "Run") for row in range(table.row_count))

        await pilot.press("slash")
        await shows(pilot, "for example  data:dark")
        await paste(pilot, "-status:failed lrr>1")
        await shows(pilot, "^^^ there is no value 'lrr'; did you mean lr?", "2 of 3 runs")
        assert names() == ["done", "killed"]
        for _ in range(5):
            await pilot.press("backspace")
        await pilot.press(*"q", "enter")  # a letter is text, and no key of the screen
        await shows(pilot, "None of 3 runs matches", "esc")
        await pilot.press("slash", "backspace", *"lr")
        await until(pilot, lambda: names() == ["done", "killed"])  # it may become lr>1e-4
        await pilot.press("enter")
        await shows(pilot, "None of 3 runs matches")
        await pilot.press("slash", "backspace", "backspace", "down")
        await until(pilot, lambda: names() == ["done", "killed"])
        assert table.has_focus
        await pilot.press("escape")
        await until(pilot, lambda: len(names()) == 3)
        assert "^^^" not in text_of(pilot)


async def test_the_order_is_chosen_by_key_or_by_a_click_and_kept(dashboard: Dashboard) -> None:
    checkpoints = dashboard.workspace.checkpoints
    for number, epochs in enumerate((3, 1, 2)):
        run = logs.write(checkpoints, f"run-{number}", logs.trained(epochs))
        os.utime(run.events_file, (number, number))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Age ▲", "3/30", "1/30")
        table = dashboard.screen.query_one(RunsTable)

        def epochs() -> str:
            return " ".join(table.text_of(row, "Epoch")[0] for row in range(table.row_count))

        assert epochs() == "3 2 1"  # by the time of the last event, which is what Age shows
        await pilot.press("down", "o")
        await shows(pilot, "Run ▲")
        assert (epochs(), table.cursor_row) == ("3 1 2", 2)  # the cursor stays on its run
        await pilot.press("O")
        await shows(pilot, "Run ▼")
        await pilot.click(RunsTable, offset=(text_of(pilot).splitlines()[2].index("Epoch"), 1))
        await shows(pilot, "Epoch ▼")
        assert epochs() == "3 2 1"
        Run(checkpoints / "run-1").append(logs.trained(5)[-5])
        await until(pilot, lambda: epochs() == "5 3 2")
        await pilot.click(RunsTable, offset=(text_of(pilot).splitlines()[2].index("Epoch"), 1))
        await shows(pilot, "Epoch ▲")
        assert epochs() == "2 3 5"


async def test_notes_are_written_and_listed_where_there_is_room(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "✔ finished")
        await pilot.press("e")
        await shows(pilot, "Note on done")
        await pilot.press(*"[b]works", "enter")
        await until(pilot, lambda: notes.read(run.folder).note == "[b]works")
        await pilot.press("t", *"good", "enter")
        await until(pilot, lambda: notes.read(run.folder) == notes.Notes("[b]works", ("good",)))
        await pilot.resize_terminal(160, 24)
        await shows(pilot, "Tags", "good", "[b]works", "█▆▄▃▂▁▁▁▂▃▄▅")


async def test_export_writes_what_is_chosen(dashboard: Dashboard, tmp_path: Path) -> None:
    logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"))
    async with dashboard.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "✔ finished")
        await pilot.press("x")
        await shows(pilot, "steps, validations, results (CSV)", "for TensorBoard", "a report: a page", "exports")
        await pilot.press("enter")
        await shows(pilot, "Exported")
        assert (tmp_path / "exports" / "done" / "steps.csv").exists()
        await pilot.press("x", "down", "ctrl+u", *"boards", "enter")
        await shows(pilot, "tensorboard --logdir")
        assert list((tmp_path / "boards" / "done").glob("events.out.tfevents.*"))
        await pilot.press("x", "down", "ctrl+u", *"pages", "enter")
        await until(pilot, lambda: (tmp_path / "pages" / "done" / "report.html").exists())
        assert (tmp_path / "pages" / "done" / "report.html").read_text() == "done"
        await pilot.press("x", "down", "enter")
        await until(pilot, lambda: (dashboard.workspace.models / "done").is_dir())
        await pilot.press("x", "enter")
        await shows(pilot, "Not exported", "on the shelf already; remove it there (w, then d)")


async def test_a_new_run_is_set_up_like_another(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"))
    save_config(run, with_values(Config(), {"optim.learning_rate": 0.0123, "data.source": ("films",)}))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "✔ finished")
        await pilot.press("f")
        await shows(pilot, "New run", "0.0123", "films")
        await pilot.press("escape")
        run.config_file.write_text("[optim]\nlearning_rate = 'x'\n")
        await shows(pilot, "✔ finished")
        await pilot.press("f")
        await shows(pilot, "Not copied", "optim.learning_rate must be a number")


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
    async with dashboard.run_test(size=(80, 50)) as pilot:
        await pilot.press("question_mark")
        await shows(pilot, "Move the run to the bin, after asking", "esc closes")
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


async def test_only_lines_that_changed_are_drawn_again(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints = dashboard.workspace.checkpoints
    for name in ("a", "b", "c"):
        logs.write(checkpoints, name, logs.finished(name))
    async with dashboard.run_test(size=(160, 24)) as pilot:
        await shows(pilot, "✔ finished", "█▆▄▃▂▁▁▁▂▃▄▅")
        drawn: list[int] = []
        monkeypatch.setattr(RunsTable, "refresh_line", lambda table, y: drawn.append(y))
        notes.write(checkpoints / "b", "the one", [])
        screen, table = dashboard.screen, dashboard.screen.query_one(RunsTable)
        assert isinstance(screen, RunsScreen)
        await until(pilot, lambda: drawn)
        monkeypatch.undo()
        table.refresh()
        await shows(pilot, "the one", "Note")  # a new column moves every line
        monkeypatch.setattr(RunsTable, "refresh_line", lambda table, y: drawn.append(y))
        drawn.clear()
        screen.look_now()
        await pilot.pause(0.3)
        assert drawn == []
        notes.write(checkpoints / "b", "the two", [])
        screen.look_now()
        await until(pilot, lambda: drawn)
        assert drawn == [1 + next(row for row in range(3) if table.text_of(row, "Run") == "b")]


async def test_the_footer_of_a_small_terminal_names_evaluations_and_protocols(dashboard: Dashboard) -> None:
    for name, events in (("done", logs.finished("done")), ("killed", logs.midway("killed"))):
        logs.write(dashboard.workspace.checkpoints, name, events)
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "interrupted", "finished", "E Evaluate", "P Protocols")
        await pilot.press("down")  # one of the two can be resumed, and its footer has a key more
        await shows(pilot, "E Evaluate", "P Protocols")
        await pilot.press("E")
        await shows(pilot, "Evaluate ·")
        await pilot.press("escape", "P")
        await shows(pilot, "No protocols yet")
