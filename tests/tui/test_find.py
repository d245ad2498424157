"""`/` filters the shelf, the report on films, the folders, and the keys."""

from __future__ import annotations

import pytest

from cxrtui.data.inspect.find import narrowed
from cxrtui.data.inspect.section import Conclusion, Pair, Section
from cxrtui.tui.app import Dashboard
from cxrtui.tui.inspect.screen import DataScreen
from cxrtui.tui.questions import KeyHelp
from cxrtui.tui.runs.screen import RunsScreen
from cxrtui.tui.weights.screen import WeightsScreen
from cxrtui.tui.widgets.find import FindLine, matches
from cxrtui.tui.widgets.picker import Folders
from tests.tui.screen_text import shows, text_of, until


def test_words_match_in_any_case_and_order() -> None:
    assert matches("NET res", "ResNet-50")
    assert matches("", "anything")
    assert not matches("res vgg", "ResNet-50")


def test_a_section_keeps_what_matches() -> None:
    section = Section("x", "unreadable", {"empty": 2, "torn": 1}, ["a note"], [("a/b.png", "empty"), ("c.png", "torn")],
                      pairs=[Pair("a.png", "b.png", "copy")], conclusion=Conclusion(False, "look at them"))  # fmt: skip

    def found(words: str) -> Section | None:
        return narrowed(section, lambda text: matches(words, text))

    assert found("unread") == section
    empty = found("empty")
    assert empty is not None
    assert (empty.counts, empty.files, empty.notes, empty.pairs) == ({"empty": 2}, [("a/b.png", "empty")], [], [])
    copies = found("copy")
    assert copies is not None
    assert (len(copies.pairs), copies.counts) == (1, {})
    assert found("nothing of this") is None


@pytest.mark.slow
async def test_the_shelf_is_filtered(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "No runs yet")
        await pilot.press("w")
        await shows(pilot, "imagenet", "resnet50-a1")
        await pilot.press("slash", *"A1 res")
        await until(pilot, lambda: "imagenet  " not in text_of(pilot))
        await shows(pilot, "resnet50-a1", "1 of ")
        await pilot.press("enter")
        await until(pilot, lambda: dashboard.screen.query_one("#shelf").has_focus)
        await pilot.press("escape")  # first the words, then the screen
        await shows(pilot, "imagenet  ")
        assert isinstance(dashboard.screen, WeightsScreen)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(dashboard.screen, RunsScreen))


@pytest.mark.slow
async def test_the_report_and_the_folders_are_searched(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("alpha", "beta", "gamma"):
        (dashboard.workspace.root / name).mkdir()
    monkeypatch.chdir(dashboard.workspace.root)
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "No runs yet")
        await pilot.press("i")
        await shows(pilot, "gamma")
        await pilot.press("down", "slash", *"gam", "enter")
        tree = dashboard.screen.query_one(Folders)
        await until(pilot, lambda: tree.has_focus and tree.cursor_node and "gamma" in str(tree.cursor_node.label))
        await pilot.press("i")
        await shows(pilot, "read in", "Pneumonia", "the file is empty")
        await pilot.press("slash", *"pneu")
        await until(pilot, lambda: "the file is empty" not in text_of(pilot))
        await shows(pilot, "Pneumonia")
        await pilot.press("escape")
        await shows(pilot, "the file is empty")
        assert isinstance(dashboard.screen, DataScreen)
        assert not dashboard.screen.query_one(FindLine).display


@pytest.mark.slow
async def test_a_key_is_found_by_what_it_does(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "No runs yet")
        await pilot.press("question_mark")
        await shows(pilot, "Set up and start a new run", "/ finds")
        await pilot.press("slash", *"palette picture q")
        await shows(pilot, "no key has these words")
        await pilot.press("escape", "slash", *"picture")
        await shows(pilot, "Save a picture of the screen")
        await until(pilot, lambda: "Set up and start a new run" not in text_of(pilot))
        assert isinstance(dashboard.screen, KeyHelp)  # a q in the words closes nothing
        await pilot.press("escape")
        await shows(pilot, "Set up and start a new run")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(dashboard.screen, RunsScreen))
