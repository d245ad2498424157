"""What is chosen in one session is there in the next, whatever happens to the file."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrtui.tui import memory
from cxrtui.tui.app import Dashboard
from cxrtui.tui.classify.screen import ClassifyScreen
from cxrtui.tui.memory import Memory
from cxrtui.tui.routes import OpenClassify
from cxrtui.tui.widgets.charts.options import Options, kept
from tests.tui.screen_text import shows


def written(file: Path, **chosen: object) -> Memory:
    kept = Memory(file)
    for key, value in chosen.items():
        kept.set(key, value)  # type: ignore[type-var]
    kept.flush()
    return kept


def test_choices_are_there_in_the_next_session(tmp_path: Path) -> None:
    file = tmp_path / "state" / "cxrtui" / "dashboard.json"
    written(file, theme="light", smoothing=0.6, columns=("Run", "Best"), all=True, places=3)
    later = Memory(file)
    assert not later.note
    assert later.get("theme", "dark") == "light"
    assert later.get("smoothing", 0.0) == 0.6
    assert later.get("columns", ()) == ("Run", "Best")
    assert later.get("all", False) is True
    assert later.get("places", 0) == 3
    assert later.get("unknown", "as before") == "as before"
    assert file.parent.stat().st_mode & 0o077 == 0  # the last folder may name a patient


def test_a_value_of_another_type_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "dashboard.json"
    file.write_text(json.dumps({"a": "7", "b": True, "c": ["x", 3], "d": "\x1b[2J", "e": 10**400, "f": "x" * 5000}))
    kept = Memory(file)
    assert kept.get("a", 1) == 1
    assert kept.get("b", 1) == 1
    assert kept.get("b", 0.5) == 0.5
    assert kept.get("c", ("y",)) == ("y",)
    assert kept.get("d", "") == ""
    assert kept.get("e", 0.5) == 0.5
    assert kept.get("f", "") == ""
    assert kept.get("a", "dark", choices=("dark", "light")) == "dark"


@given(st.binary(max_size=200))
def test_no_content_of_the_file_is_an_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.mktemp("state") / "dashboard.json"
    file.write_bytes(content)
    kept = Memory(file)
    assert kept.get("theme", "dark") == "dark"


@pytest.mark.parametrize(
    "content", ["", "{", "[1]", "[" * 100_000, '{"a": ' + "9" * 5000 + "}", "x" * (memory.MOST + 1)]
)
def test_a_damaged_file_is_said_and_replaced(tmp_path: Path, content: str) -> None:
    file = tmp_path / "dashboard.json"
    file.write_text(content)
    kept = Memory(file)
    assert str(file) in kept.note
    kept.set("theme", "light")
    kept.flush()
    assert Memory(file).get("theme", "") == "light"


def test_nested_content_is_dropped(tmp_path: Path) -> None:
    file = tmp_path / "dashboard.json"
    file.write_text('{"old": "kept", "deep": ' + "[" * 900 + "]" * 900 + "}")
    written(file, theme="light")
    assert json.loads(file.read_text()) == {"old": "kept", "theme": "light"}


def test_a_pipe_or_a_folder_in_its_place_blocks_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        kept = Memory(tmp_path / name)
        assert "cannot be read" in kept.note
        kept.set("theme", "light")
        kept.flush()
        assert kept.get("theme", "") == "light"


def test_a_disk_that_refuses_costs_only_the_memory(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder would be")
    kept = written(tmp_path / "state" / "dashboard.json", theme="light")
    assert kept.get("theme", "") == "light"


def test_two_dashboards_lose_nothing_of_each_other(tmp_path: Path) -> None:
    file = tmp_path / "dashboard.json"
    both = [Memory(file), Memory(file)]

    def choose(kept: Memory, name: str) -> None:
        for place in range(20):
            kept.set(f"{name}.{place}", place)
        kept.flush(30)

    work = [threading.Thread(target=choose, args=(kept, name)) for kept, name in zip(both, "ab", strict=True)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    later = Memory(file)
    assert [later.get(f"{name}.{place}", -1) for name in "ab" for place in range(20)] == [*range(20)] * 2


def test_choices_without_a_file_last_as_long_as_the_process() -> None:
    memory.set("theme", "light")
    assert memory.get("theme", "dark") == "light"
    memory.open_at(None)
    assert memory.get("theme", "dark") == "dark"


def test_charts_are_drawn_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXRTUI_CHARTS", "braille")
    memory.open_at(tmp_path / "dashboard.json")
    replace(kept().smoother(1), mode="block", raw=False, epochs=False, log=True).keep()
    memory.flush()
    memory.open_at(tmp_path / "dashboard.json")
    assert kept() == replace(Options().smoother(1), mode="block", raw=False, epochs=False)
    monkeypatch.setenv("CXRTUI_CHARTS", "ascii")  # a terminal that can do less
    assert kept().mode == "ascii"


@pytest.mark.slow
async def test_classify_begins_in_the_last_folder(
    dashboard: Dashboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("start", "films"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"in-{name}.png").touch()
    monkeypatch.chdir(tmp_path / "start")
    memory.open_at(tmp_path / "dashboard.json")
    async with dashboard.run_test(size=(100, 30)) as pilot:
        dashboard.open(OpenClassify())
        await shows(pilot, "in-start.png")
        screen = dashboard.screen
        assert isinstance(screen, ClassifyScreen)
        screen.browser.open(tmp_path / "films")
        await shows(pilot, "in-films.png")
    memory.flush()
    memory.open_at(tmp_path / "dashboard.json")
    again = Dashboard(dashboard.workspace, dashboard.backend)
    async with again.run_test(size=(100, 30)) as pilot:
        again.open(OpenClassify())
        await shows(pilot, "in-films.png")
        await again.screen.dismiss()
        (tmp_path / "films" / "in-films.png").unlink()
        (tmp_path / "films").rmdir()
        again.open(OpenClassify())
        await shows(pilot, "in-start.png")
