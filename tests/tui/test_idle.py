"""While nothing happens, nothing is written to the terminal, whatever screen is open."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.tui import logs, studies
from tests.tui.terminal import Terminal

pytestmark = pytest.mark.slow

QUIET_SECONDS = 0.9  # a cursor that blinks, or a panel drawn at each look, would write in less


def becomes_quiet(terminal: Terminal) -> None:
    """Wait until nothing was written for a while."""
    end = time.monotonic() + 60
    seen, since = len(terminal.output), time.monotonic()
    while time.monotonic() - since < QUIET_SECONDS:
        assert time.monotonic() < end, f"it writes on and on: {terminal.output[-200:]!r}"
        terminal.read()
        if len(terminal.output) != seen:
            seen, since = len(terminal.output), time.monotonic()


def test_no_screen_writes_while_nothing_happens(tmp_path: Path) -> None:
    logs.write(tmp_path / "checkpoints", "done", logs.finished("done"), state=True)
    studies.write(tmp_path / "checkpoints")
    with Terminal("--workspace", str(tmp_path), columns=100, rows=30) as terminal:
        terminal.shows("done")
        for keys, text in (
            ("", "Runs"), ("\r", "Monitor"), ("n", "New run"), ("i", "Data"), ("w", "Weights"), ("c", "Classify"),
            ("T", "24 of 24 trials"),
            (":", "Search for commands"), ("\x0f", ""), ("?", "esc closes"),
        ):  # fmt: skip
            terminal.press(keys)
            terminal.shows(text)
            becomes_quiet(terminal)
            if keys:
                terminal.press("\x1b")
                becomes_quiet(terminal)
