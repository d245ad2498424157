from __future__ import annotations

from pathlib import Path

import pytest

from cxrtui.tui.app import Dashboard
from cxrtui.tui.classify.browser import Browser
from cxrtui.tui.classify.found import walk
from cxrtui.tui.classify.screen import ClassifyScreen
from tests.tui import logs
from tests.tui.screen_text import paste, shows, text_of, until

pytestmark = pytest.mark.slow


@pytest.fixture
def films(tmp_path: Path) -> Path:
    for name in ("COVID-19/covid-1.png", "COVID-19/covid-2.png", "Normal/normal-1.png", "Normal/im.1", "Normal/IM0001",
                 ".hidden/x.png", "notes.txt", "masks/m.png", "other/deep/covid-9.dcm"):  # fmt: skip
        path = tmp_path / "films" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "films"


def test_walk_finds_films_and_what_may_be_one(films: Path) -> None:
    (*_, last) = walk(films, lambda: False)
    assert [str(path.relative_to(films)) for path in last] == [
        "COVID-19/covid-1.png", "COVID-19/covid-2.png", "Normal/IM0001", "Normal/normal-1.png",
        "other/deep/covid-9.dcm",
    ]  # fmt: skip
    assert list(walk(films, lambda: True)) == []
    assert list(walk(films / "gone", lambda: False)) == [()]


async def test_paths_and_a_filter_select_across_folders(dashboard: Dashboard, films: Path) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"), state=True)
    async with dashboard.run_test(size=(80, 24)) as pilot:
        screen = ClassifyScreen(run, films)
        await dashboard.push_screen(screen)
        await shows(pilot, "space selects films", "COVID-19")
        browser = screen.query_one(Browser)

        await pilot.press("slash", *"covid", "space", *"PNG")  # letters are no keys in a field, nor is a blank
        await shows(pilot, "2 found", "□ COVID-19/covid-1.png")
        assert browser.chosen == []
        await pilot.press("enter", "down", "space")
        assert [path.name for path in browser.chosen] == ["covid-2.png"]
        await pilot.press("a")
        await shows(pilot, "2 found · 2 selected", "■ COVID-19/covid-1.png")
        await pilot.press("escape")
        await shows(pilot, "▸ Normal")
        assert dashboard.screen is screen

        await pilot.press("d", "ctrl+u")
        await paste(pilot, str(films / "Normal"))
        await pilot.press("enter")
        await shows(pilot, "□ normal-1.png")
        assert len(browser.chosen) == 2
        await pilot.press("d", "ctrl+u")
        await paste(pilot, str(films / "Normal" / "IM0001"))
        await pilot.press("enter")
        await shows(pilot, "3 selected", "■ IM0001")
        await until(pilot, lambda: browser.path_under_cursor == films / "Normal" / "IM0001")
        await pilot.press("d", *"nowhere", "enter")
        await shows(pilot, "there is no file or folder")
        await pilot.press("escape", "u")
        await until(pilot, lambda: browser.root == films)
        await pilot.press("x")
        assert browser.chosen == []
        assert "selected" not in text_of(pilot).splitlines()[-3]
