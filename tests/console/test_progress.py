"""Progress of short commands on stderr."""

from __future__ import annotations

import re

import pytest

from cxrtui.console import progress
from cxrtui.runs import events


def test_nothing_in_the_first_second_then_a_line_a_stage(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr("cxrtui.console.progress.time.monotonic", lambda: clock[0])
    with progress.shown() as tell:
        for second, stage, done, total in ((0.5, "reading folder", 32, 0), (1.5, "reading folder", 64, 0),
                                           (2, "reading folder", 96, 0), (3, "reading tags", 32, 96),
                                           (17, "reading tags", 64, 96), (19, "reading tags", 96, 96)):  # fmt: skip
            clock[0] = second
            tell(stage, done, total)
    said = capsys.readouterr()
    assert said.out == ""
    lines = [re.sub(r"^\d\d:\d\d:\d\d  ", "", line) for line in said.err.splitlines()]
    assert lines == ["reading folder 64 …", "reading tags 32/96 …", "reading tags 96/96 …"]


def test_events_are_heard(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[tuple[str, int, int]] = []
    hear = progress.listener(lambda *said: told.append(said))
    hear(events.Preparing(stage="decoding films", done=1, total=2))
    hear(events.Warned(code="x", message="films are seen"))
    assert told == [("decoding films", 1, 2)]
    assert capsys.readouterr().err == "warning: films are seen\n"


@pytest.mark.parametrize("terminal", ["xterm", "dumb"])
def test_on_a_terminal_it_is_a_bar(
    terminal: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", terminal)
    monkeypatch.setattr("cxrtui.console.progress._QUIET_SECONDS", -1.0)
    with progress.shown() as tell:
        tell("reading folder", 32, 0)
        tell("reading headers", 7, 9)
    said = capsys.readouterr()
    assert said.out == ""
    assert "…" not in said.err
