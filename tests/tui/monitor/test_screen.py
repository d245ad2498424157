from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from cxrtui.runs import codec
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.runs.state import RunState
from cxrtui.tui.app import Dashboard
from cxrtui.tui.monitor.curves import Chart
from cxrtui.tui.monitor.screen import MonitorScreen
from tests.tui import logs
from tests.tui.screen_text import shows, text_of, until


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
        await shows(pilot, "to beat", "epoch 7: 0.336", "no better", "3 of 5 left")


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
        chart = screen.query_one("#loss Chart", Chart)
        chart.focus()
        whole = chart._x_max
        await pilot.press("plus")
        assert chart._x_max < whole
        zoomed, drawn = chart._x_max, screen._drawn
        for event in events[-40:]:
            run.append(event)
        await until(pilot, lambda: screen._drawn != drawn)
        assert chart._x_max == zoomed
        await pilot.press("0")
        await until(pilot, lambda: chart._x_max > whole)


@pytest.mark.slow
async def test_views_give_the_room_to_a_part(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        screen = await open_monitor(pilot, run)
        height = screen.query_one("#loss").size.height
        await pilot.press("v")
        await until(pilot, lambda: screen.query_one("#loss").size.height > height)
        await pilot.press("v")
        await until(pilot, lambda: not screen.query_one("#loss").display)
        await pilot.press("v")
        await until(pilot, lambda: screen.query_one("#loss").size.height == height)


async def test_a_run_that_cannot_start_says_why(dashboard: Dashboard, tmp_path: Path) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "halted", logs.stopped("halted"))
    lock = run.acquire()
    try:
        async with dashboard.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "halted")
            dashboard.resume(run)
            await shows(pilot, "Not resumed", "live already")
    finally:
        lock.release()
