"""The terminal's notification of the end of a run: what is written, and when."""

from __future__ import annotations

import re

import pytest
from textual.events import AppBlur, AppFocus
from textual.pilot import Pilot

from cxrtui.settings.config import Config
from cxrtui.tui import memory
from cxrtui.tui.alerts import BELL, alert, kinds
from cxrtui.tui.app import Dashboard
from tests.tui import logs
from tests.tui.conftest import FakeDrive
from tests.tui.screen_text import shows, until


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-256color"}, (9, 777)),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, (9,)),
        ({"TERM": "xterm-kitty"}, (9,)),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7200"}, (777,)),
        ({"TERM": "foot"}, (777,)),
        ({"TERM": "linux"}, ()),
        ({"TERM": "dumb"}, ()),
        ({}, ()),
    ],
)
def test_the_sequence_is_the_terminals(environment: dict[str, str], expected: tuple[int, ...]) -> None:
    assert kinds(environment) == expected


def test_nothing_in_a_name_controls_the_terminal() -> None:
    written = alert("cx;\x1b]0;x\x07", "a\x1b\\b\nc;d" + "e" * 500, {"TERM": "xterm-256color"})
    found = re.fullmatch(
        r"\x07\x1b]9;([^\x00-\x1f]+)\x1b\\\x1b]777;notify;([^\x00-\x1f;]+);([^\x00-\x1f;]+)\x1b\\", written
    )
    assert found is not None
    assert len(found[3]) <= 200
    assert alert("a", "b", {"TERM": "linux"}) == BELL


def test_tmux_hands_it_on() -> None:
    assert alert("a", "b", {"TERM": "foot", "TMUX": "/tmp/tmux"}) == (
        "\x07\x1bPtmux;\x1b\x1b]777;notify;a;b\x1b\x1b\\\x1b\\"
    )


@pytest.fixture
def written(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the dashboard writes to ring and to notify."""
    texts: list[str] = []
    monkeypatch.setattr(dashboard, "write_alert", texts.append)
    return texts


async def ends(dashboard: Dashboard, pilot: Pilot[int]) -> None:
    """Start a run of this dashboard and stop it."""
    await shows(pilot, "No runs yet")
    dashboard.launch(Config(), "mine")
    await shows(pilot, "epoch 1/30")
    await until(pilot, lambda: dashboard.trainer.active)
    dashboard.trainer.signal()
    await until(pilot, lambda: not dashboard.trainer.active)
    await pilot.pause(1.2)


@pytest.mark.slow
async def test_who_looks_elsewhere_is_told_of_the_end(dashboard: Dashboard, written: list[str]) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.post_message(AppBlur())
        await ends(dashboard, pilot)
        await until(pilot, lambda: written)
        assert len(written) == 1
        assert "Run mine is stopped" in written[0]


@pytest.mark.slow
async def test_who_looks_here_is_not(dashboard: Dashboard, written: list[str]) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.post_message(AppBlur())
        dashboard.post_message(AppFocus())
        await ends(dashboard, pilot)
        assert not written


@pytest.mark.slow
async def test_alerts_can_be_switched_off_in_the_palette(dashboard: Dashboard, written: list[str]) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.post_message(AppBlur())
        commands = {item.title: item.callback for item in dashboard.get_system_commands(dashboard.screen)}
        commands["Turn alerts off"]()
        await ends(dashboard, pilot)
        assert not written
        assert "Turn alerts on" in {item.title for item in dashboard.get_system_commands(dashboard.screen)}
        assert memory.get("everywhere.alerts", True) is False


@pytest.mark.slow
async def test_a_run_of_another_process_that_is_watched_is_told(dashboard: Dashboard, written: list[str]) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "theirs", logs.midway("theirs"))
    lock = run.acquire()
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.post_message(AppBlur())
        dashboard.watch_run(run)
        await shows(pilot, "▶ training")
        await pilot.pause(1.0)
        for event in logs.finished("theirs")[-2:]:
            run.append(event)
        lock.release()
        await until(pilot, lambda: written)
        assert "Run theirs is finished" in written[0]


@pytest.mark.slow
async def test_a_toast_names_the_end_while_another_screen_is_in_front(
    dashboard: Dashboard, drive: FakeDrive, written: list[str]
) -> None:
    async with dashboard.run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "No runs yet")
        dashboard.launch(Config(), "mine")
        await shows(pilot, "epoch 1/30")
        await pilot.press("escape", "w")
        await shows(pilot, "imagenet")
        dashboard.trainer.signal()
        await shows(pilot, "Run mine is stopped")
