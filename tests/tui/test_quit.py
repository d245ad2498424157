from __future__ import annotations

import subprocess
import sys
import time

import pytest
from textual.pilot import Pilot

from cxrtui.settings.config import Config
from cxrtui.tui.app import Dashboard
from cxrtui.tui.backend import Backend
from cxrtui.workspace import Workspace
from tests.tui import logs
from tests.tui.conftest import FakeDrive
from tests.tui.screen_text import shows, text_of, until

pytestmark = pytest.mark.slow


async def start(dashboard: Dashboard, pilot: Pilot[int]) -> None:
    dashboard.launch(Config(), "mine")
    await shows(pilot, "Monitor · mine", "epoch 1/30")


async def test_without_a_run_it_just_quits(dashboard: Dashboard) -> None:
    logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await pilot.press("q")
        await until(pilot, lambda: not dashboard.is_running)
    assert dashboard.return_value == 0


@pytest.mark.slow
async def test_a_live_run_asks_and_may_be_kept(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await start(dashboard, pilot)
        for key in ("q", "ctrl+q", "ctrl+c"):
            await pilot.press(key)
            await shows(pilot, "Run mine is training", "Leave it running", "Stop with checkpoint")
            await pilot.press("escape")
            await until(pilot, lambda: "is training" not in text_of(pilot))
        assert dashboard.trainer.active
        dashboard.trainer.signal()


async def test_a_run_is_left_running(dashboard: Dashboard, drive: FakeDrive) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await start(dashboard, pilot)
        await pilot.press("q")
        await shows(pilot, "Run mine is training")
        await pilot.press("l")
        await until(pilot, lambda: not dashboard.is_running)
    assert drive.left == ["mine"]
    assert dashboard.return_value == 0
    assert dashboard.trainer.left


async def test_a_run_that_ends_under_the_question_is_no_longer_said_to_train(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await start(dashboard, pilot)
        await pilot.press("q")
        await shows(pilot, "Run mine is training")
        dashboard.trainer.signal()
        await shows(pilot, "Run mine has ended", "quitting loses nothing")
        await pilot.press("s")
        await until(pilot, lambda: not dashboard.is_running)
    assert dashboard.return_value == 5


@pytest.mark.slow
async def test_stop_and_quit_waits_for_the_run(dashboard: Dashboard, drive: FakeDrive) -> None:
    drive.hold.clear()
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await start(dashboard, pilot)
        await pilot.press("q")
        await shows(pilot, "Run mine is training")
        await pilot.press("s")
        await shows(pilot, "stopping…", "n quits now")
        run = dashboard.trainer.run
        assert run is not None
        assert run.read_command() is not None
        assert dashboard.is_running
        drive.hold.set()
        await until(pilot, lambda: not dashboard.is_running)
    assert dashboard.return_value == 5
    assert run.read().status == "stopped"


async def test_stop_reaches_the_run_where_its_control_file_cannot_be_written(
    dashboard: Dashboard, drive: FakeDrive
) -> None:
    drive.hold.clear()
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await start(dashboard, pilot)
        assert dashboard.trainer.run is not None
        (dashboard.trainer.run.folder / "control").mkdir()
        await pilot.press("q")
        await shows(pilot, "Run mine is training")
        await pilot.press("s")
        await shows(pilot, "stopping…")
        drive.hold.set()
        await until(pilot, lambda: not dashboard.is_running)
    assert dashboard.return_value == 5


async def test_quit_now_leaves_at_once_and_signals(dashboard: Dashboard, drive: FakeDrive) -> None:
    drive.hold.clear()
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await start(dashboard, pilot)
        await pilot.press("q")
        await shows(pilot, "Run mine is training")
        await pilot.press("s")
        await shows(pilot, "stopping…")
        assert dashboard.trainer.exit_code == 1  # nothing to resume from yet
        assert dashboard.trainer.run is not None
        (dashboard.trainer.run.state / "1").mkdir(parents=True)
        await pilot.press("n")
        await until(pilot, lambda: not dashboard.is_running)
    assert dashboard.return_value == 5
    drive.hold.set()  # the daemon thread was told to stop


async def test_a_dashboard_that_fails_says_so_to_its_run(dashboard: Dashboard, drive: FakeDrive) -> None:
    def broken() -> None:
        raise KeyError("column")

    drive.hold.clear()

    async def used() -> None:
        async with dashboard.run_test(size=(80, 24)) as pilot:
            await start(dashboard, pilot)
            dashboard.call_later(broken)
            await until(pilot, lambda: not dashboard.is_running)

    with pytest.raises(KeyError):
        await used()
    assert drive.fault() == "The dashboard has failed (KeyError)"
    assert dashboard.trainer.exit_code == 1
    drive.hold.set()


async def test_a_run_of_another_process_is_left_alone(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "theirs", logs.midway("theirs"))
    lock = run.acquire()
    try:
        async with dashboard.run_test(size=(80, 24)) as pilot:
            dashboard.watch_run(run)
            await shows(pilot, "▶ training")
            await pilot.press("q")
            await until(pilot, lambda: not dashboard.is_running)
        assert run.read_command() is None
    finally:
        lock.release()


async def test_a_drive_that_breaks_is_told(workspace: Workspace) -> None:
    def drive(*args: object, **kwargs: object) -> int:
        raise ImportError("libcudnn.so is missing")

    dashboard = Dashboard(workspace, Backend(drive=drive))  # type: ignore[arg-type]
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.launch(Config(), "mine")
        await shows(pilot, "ImportError: libcudnn.so is missing")
    assert dashboard.trainer.exit_code == 1


def test_leaving_does_not_wait_for_a_thread_at_work() -> None:
    program = (
        "import sys, time; from cxrtui.tui import threads; threads.start('compiles', time.sleep, 60);"
        "sys.exit(threads.leave(5, 0.05))"
    )
    began = time.monotonic()
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 5
    assert time.monotonic() - began < 20


def test_the_dashboard_is_built_without_jax() -> None:
    program = "import sys, cxrtui.tui.app; sys.exit(any(name in sys.modules for name in ('jax', 'flax', 'sklearn')))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
