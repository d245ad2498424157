from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from cxrtui.runner import save_config
from cxrtui.runs import codec
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.runs.state import RunState
from cxrtui.settings.config import Config, with_values
from cxrtui.tui.app import Dashboard
from cxrtui.tui.keys import KEYS
from cxrtui.tui.launch.screen import LaunchScreen
from cxrtui.tui.monitor.screen import MonitorScreen
from cxrtui.tui.widgets.charts.chart import Chart
from tests.tui import logs
from tests.tui.screen_text import shows, text_of, until

pytestmark = pytest.mark.slow


def command_of(run: Run) -> str:
    latest = run.read_command()
    return latest[0] if latest else ""


async def open_monitor(pilot: Pilot[int], run: Run) -> MonitorScreen:
    app = pilot.app
    assert isinstance(app, Dashboard)
    app.watch_run(run)
    await until(pilot, lambda: isinstance(app.screen, MonitorScreen) and app.screen.state != RunState())
    assert isinstance(app.screen, MonitorScreen)
    return app.screen


async def test_the_keys_become_commands_and_wait_for_their_answer(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "live", logs.midway("live"))
    lock = run.acquire()
    try:
        async with dashboard.run_test(size=(80, 24)) as pilot:
            await open_monitor(pilot, run)
            await shows(pilot, "▶ training", "epoch 10/30", "p Pause/go on")
            await pilot.press("p")
            await shows(pilot, "pausing…")
            assert command_of(run) == "pause"
            run.append(ev.Paused(step=224))
            await shows(pilot, "‖ paused")
            assert "pausing…" not in text_of(pilot)
            await pilot.press("p")
            await shows(pilot, "going on…")
            assert command_of(run) == "resume"
            run.append(ev.Resumed(step=224))
            await shows(pilot, "▶ training")
            await pilot.press("k")
            await shows(pilot, "saving…")
            assert command_of(run) == "checkpoint"
            run.append(ev.CheckpointSaved(step=224, epoch=10, best=False, reason="requested"))
            await until(pilot, lambda: "saving…" not in text_of(pilot))
            await pilot.press("S")
            await shows(pilot, "stops after this epoch…")
            assert command_of(run) == "stop-after-epoch"
            await pilot.press("S")
            await until(pilot, lambda: "stops after" not in text_of(pilot))
            assert command_of(run) == "keep-going"
            await pilot.press("s")
            await shows(pilot, "stopping…")
            assert command_of(run) == "stop"
            lock.release()
            run.append(ev.Stopped(reason="requested", step=224, epoch=10))
            await shows(pilot, "■ stopped", "r Resume")
            assert "s Stop " not in text_of(pilot)
    finally:
        lock.release()


async def test_a_growing_log_is_followed_through_torn_lines(dashboard: Dashboard) -> None:
    events = logs.finished("grows")
    run = logs.write(dashboard.workspace.checkpoints, "grows", events[:40])
    lines = "".join(codec.encode(event) + "\n" for event in events[40:]).encode()
    async with dashboard.run_test(size=(80, 24)) as pilot:
        screen = await open_monitor(pilot, run)
        for start in range(0, len(lines), 20_011):
            with run.events_file.open("ab") as file:
                file.write(lines[start : start + 20_011])
            await pilot.pause(0.05)
        await shows(pilot, "✔ finished", "stopped early at epoch 12", "93.5 % (87/93)", "0.948", "(15/18)", "(72/75)")
        assert screen.state == run.read()


async def test_early_stopping_panel(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "live", logs.midway("live"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await open_monitor(pilot, run)
        await shows(pilot, "to beat", "epoch 7: 0.336", "no better", "3 of 5 left", "epoch 12 at the earliest")


async def test_an_interrupted_run_says_so(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "killed", logs.midway("killed"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await open_monitor(pilot, run)
        await shows(pilot, "! interrupted", "No process writes this run any more", "r Resume")
        await pilot.press("s")
        assert command_of(run) == ""


async def test_a_failure_shows_its_traceback(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "broken", logs.failed("broken"))
    async with dashboard.run_test(size=(120, 40)) as pilot:
        await open_monitor(pilot, run)
        await shows(pilot, "✗ failed", "The loss became nan at step 75", "broken/traceback.txt")


async def test_a_run_for_which_memory_was_full_offers_a_smaller_batch(dashboard: Dashboard) -> None:
    *events, last = logs.failed("full")
    failed = ev.Failed(error="JaxRuntimeError", message="The memory is full; start a smaller run.", exit_code=1,
                       step=75, time=last.time, instead={"optim.batch_size": "12", "optim.unknown": "1"})  # fmt: skip
    run = logs.write(dashboard.workspace.checkpoints, "full", [*events, failed])
    config = with_values(Config(), {"optim.batch_size": 24, "optim.learning_rate": 0.0123, "data.source": ("films",)})
    save_config(run, config)
    other = logs.write(dashboard.workspace.checkpoints, "broken", logs.failed("broken"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await open_monitor(pilot, run)
        await shows(pilot, "The memory is full", "R sets up a run with optim.batch_size=12.", "R Run smaller")
        await pilot.press("R")
        await shows(pilot, "New run", "0.0123", "films")
        form = dashboard.screen
        assert isinstance(form, LaunchScreen)
        assert (form.values["optim.batch_size"], form.values["run.name"]) == ("12", "")
        await pilot.press("escape")
        await shows(pilot, "Monitor · full")
        await open_monitor(pilot, other)
        await shows(pilot, "Monitor · broken", "The loss became nan")
        assert "Run smaller" not in text_of(pilot)
        await pilot.press("R")
        assert dashboard.screen is not form


async def test_preparing_has_a_bar(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "new", logs.preparing("new"))
    lock = run.acquire()
    try:
        async with dashboard.run_test(size=(80, 24)) as pilot:
            await open_monitor(pilot, run)
            await shows(pilot, "preparing", "decoding", "400 of 1,125", "36 %", "no step yet")
    finally:
        lock.release()


async def test_both_sizes_show_all_parts(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"))
    for size in ((80, 24), (200, 50)):
        async with Dashboard(dashboard.workspace, dashboard.backend).run_test(size=size) as pilot:
            await open_monitor(pilot, run)
            await shows(pilot, "loss", "accuracy", "results", "log", "◆", "q Quit", "Research use only")
            shown = text_of(pilot)
            assert any(0x2801 <= ord(char) <= 0x28FF for char in shown)
            assert ("films and settings" in shown) == (size == (200, 50))
            assert all(len(line) == size[0] for line in shown.splitlines())


@pytest.mark.slow
async def test_zoom_stays_while_the_curve_grows(dashboard: Dashboard) -> None:
    events = logs.trained(6, run="live")
    run = logs.write(dashboard.workspace.checkpoints, "live", events[:-40])
    async with dashboard.run_test(size=(80, 24)) as pilot:
        screen = await open_monitor(pilot, run)
        await shows(pilot, "◆")
        chart = screen.query_one("#loss", Chart)
        await until(pilot, lambda: chart.in_view is not None)
        whole = chart.in_view
        await pilot.press("plus")
        await until(pilot, lambda: chart.window is not None)
        zoomed, steps = chart.window, len(screen.state.steps)
        assert zoomed is not None
        assert whole is not None
        assert zoomed[1] - zoomed[0] < whole[1] - whole[0]
        for event in events[-40:]:
            run.append(event)
        await until(pilot, lambda: len(screen.state.steps) > steps and not screen._undrawn)
        assert chart.in_view == chart.window == zoomed == screen.query_one("#metric", Chart).in_view
        await pilot.press("0")
        await until(pilot, lambda: chart.in_view is not None and chart.in_view[1] > whole[1])


@pytest.mark.slow
async def test_views_give_the_room_to_a_part(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        screen = await open_monitor(pilot, run)
        height = screen.query_one("#loss").size.height
        await pilot.press("v")
        await until(pilot, lambda: screen.query_one("#loss").size.height > height)
        await pilot.press("v")
        await shows(pilot, "learning rate", "gradient norm")
        await pilot.press("v")
        await until(pilot, lambda: not screen.query_one("#loss").display)
        await pilot.press("v")
        await until(pilot, lambda: screen.query_one("#logs").size.height > 15)
        await pilot.press("v")
        await until(pilot, lambda: screen.query_one("#loss").size.height == height)


@pytest.mark.parametrize(("log", "why"), [(logs.midway, "live already"), (logs.stopped, "its process has not yet")])
async def test_a_run_that_cannot_start_says_why(
    dashboard: Dashboard, log: Callable[[str], list[ev.Event]], why: str
) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "halted", log("halted"))
    lock = run.acquire()
    try:
        async with dashboard.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "halted")
            dashboard.resume(run)
            await shows(pilot, "Not resumed", why)
    finally:
        lock.release()


async def test_a_pause_that_has_not_come_is_still_seen_after_the_next_command(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "live", logs.midway("live"))
    lock = run.acquire()
    try:
        async with dashboard.run_test(size=(80, 24)) as pilot:
            await open_monitor(pilot, run)
            await shows(pilot, "▶ training")
            await pilot.press("p", "k")
            await shows(pilot, "pausing…, saving…")
            run.append(ev.CheckpointSaved(step=224, epoch=10, best=False, reason="requested"))
            await until(pilot, lambda: "saving…" not in text_of(pilot))
            assert "pausing…" in text_of(pilot)
            await pilot.press("p")
            await shows(pilot, "going on…")
            run.append(logs.midway("live")[-1])  # it never paused, and does its next step
            await until(pilot, lambda: "going on…" not in text_of(pilot))
    finally:
        lock.release()


async def test_a_run_that_is_being_resumed_shows_it_and_offers_no_second_time(dashboard: Dashboard) -> None:
    events = [*logs.midway("half"), ev.Stopped(reason="requested", step=224, epoch=10)]
    run = logs.write(dashboard.workspace.checkpoints, "half", events)
    lock = run.acquire()
    try:
        async with dashboard.run_test(size=(80, 24)) as pilot:
            dashboard.watch_run(run, pending="resume")
            await shows(pilot, "stopped, going on…")
            await pilot.pause(0.6)
            assert "stopped, going on…" in text_of(pilot)
            assert "r Resume" not in text_of(pilot)
            run.append(logs.midway("half")[-1])
            await until(pilot, lambda: "going on…" not in text_of(pilot))
    finally:
        lock.release()


async def test_a_stop_after_the_epoch_that_another_process_asked_for_is_seen(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "live", logs.midway("live"))
    lock = run.acquire()
    try:
        run.command("stop-after-epoch")
        async with dashboard.run_test(size=(80, 24)) as pilot:
            await open_monitor(pilot, run)
            await shows(pilot, "stops after this epoch…")
            run.command("keep-going")
            await until(pilot, lambda: "stops after" not in text_of(pilot))
    finally:
        lock.release()


async def test_a_frozen_view_stays_while_the_run_goes_on(dashboard: Dashboard) -> None:
    events = logs.trained(4, run="live")
    run = logs.write(dashboard.workspace.checkpoints, "live", events)
    lock = run.acquire()
    try:
        async with dashboard.run_test(size=(120, 40)) as pilot:
            screen = await open_monitor(pilot, run)
            await shows(pilot, "epoch 4: validation loss")
            await pilot.press("f")
            await shows(pilot, "view frozen at")
            before = text_of(pilot).splitlines()[4:]
            for event in logs.trained(5, run="live")[len(events) :]:
                run.append(event)
            await until(pilot, lambda: len(screen.state.validations) == 5)
            await shows(pilot, "epoch 5/30")  # the status goes on
            assert text_of(pilot).splitlines()[4:] == before
            await pilot.press("f")
            await shows(pilot, "epoch 5: validation loss")
            assert "view frozen" not in text_of(pilot)
    finally:
        lock.release()


async def test_keys_of_the_charts_change_all_of_them(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"))
    async with dashboard.run_test(size=(120, 40)) as pilot:
        screen = await open_monitor(pilot, run)
        await shows(pilot, "accuracy  ⣀", "best 7")
        await pilot.press("m")
        await shows(pilot, "AUROC  ◆ validation", "validation 0.958")
        await pilot.press("e")
        await shows(pilot, "step ", "200")
        await pilot.press("l", "d")
        await until(pilot, lambda: not any(0x2801 <= ord(char) <= 0x28FF for char in text_of(pilot).replace("⣀⡠⠔", "")))
        options = {chart.options for chart in screen.charts()}
        assert {(item.log, item.mode, item.epochs) for item in options} == {(True, "block", False)}
        await pilot.press("left", "left")
        cursors = {chart.cursor for chart in screen.charts() if chart.display}
        assert len(cursors) == 1
        assert None not in cursors
        await shows(pilot, "step 28")


async def test_other_runs_are_laid_over(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"))
    logs.write(dashboard.workspace.checkpoints, "other", logs.trained(9, run="other"))
    async with dashboard.run_test(size=(120, 40)) as pilot:
        screen = await open_monitor(pilot, run)
        await pilot.press("o")
        await shows(pilot, "up to 7 other runs", "other")
        await pilot.press("space", "enter")
        await shows(pilot, "▲ other", "other 0.382")
        assert len({line.key for chart in screen.charts() for line in chart._lines}) == 3
        await pilot.press("o")
        await shows(pilot, "up to 7 other runs")
        await pilot.press("x")
        await until(pilot, lambda: "▲ other" not in text_of(pilot))


async def test_a_warning_that_is_said_again_after_a_resume_counts_once(dashboard: Dashboard) -> None:
    events = logs.midway("resumed")
    (warned,) = (event for event in events if isinstance(event, ev.Warned))
    run = logs.write(dashboard.workspace.checkpoints, "resumed", [*events, replace(warned, time=warned.time + 60)])
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await open_monitor(pilot, run)
        await shows(pilot, "! 1 (w)")
        await pilot.press("w")
        await shows(pilot, "1 warning", "125 films carry no patient")


async def test_warnings_are_counted_and_listed_whole(dashboard: Dashboard) -> None:
    events = [*logs.midway("warned"), *(ev.Warned(message=f"Warning {number}: " + "word " * 40) for number in range(3))]
    run = logs.write(dashboard.workspace.checkpoints, "warned", events)
    async with dashboard.run_test(size=(60, 18)) as pilot:
        await open_monitor(pilot, run)
        await shows(pilot, "! 4 (w)")
        await pilot.press("w")
        await shows(pilot, "4 warnings", "125 films carry no patient")
        await pilot.press("end")
        await shows(pilot, "Warning 2")


async def test_settings_of_the_charts_are_kept(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        screen = await open_monitor(pilot, run)
        await pilot.press("d", "e", "m", "right_square_bracket")
        chosen = screen.chart_options
        assert (chosen.mode, chosen.epochs, chosen.smoothing) == ("block", False, 0.95)
    async with Dashboard(dashboard.workspace, dashboard.backend).run_test(size=(80, 24)) as pilot:
        screen = await open_monitor(pilot, run)
        assert screen.chart_options == chosen
        await shows(pilot, "AUROC ")


def test_no_key_hides_another() -> None:
    keys = [item.key for section in MonitorScreen.sections for item in KEYS[section]]
    assert len(keys) == len(set(keys))
