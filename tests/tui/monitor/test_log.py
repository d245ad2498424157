"""The log panel: it follows the end, keeps its place, and finds text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from cxrtui.runs.describe import LogLine
from cxrtui.runs.state import RunState, Series
from cxrtui.tui.monitor.log import KEPT, LogPanel, wrapped
from cxrtui.tui.monitor.log_search import LogBox

pytestmark = pytest.mark.slow


class Shown(App[int]):
    def compose(self) -> ComposeResult:
        yield LogBox(id="logs")


def state_of(texts: Iterator[str] | list[str]) -> RunState:
    return RunState(log=Series(LogLine(1e9 + place, "info", text) for place, text in enumerate(texts)))


def rows(panel: LogPanel) -> list[str]:
    return [panel.render_line(y).text.rstrip() for y in range(panel.scrollable_content_region.height)]


@given(st.text(max_size=60), st.integers(1, 20), st.integers(1, 20))
def test_wrapping_loses_nothing_but_a_blank_and_fits(text: str, width: int, following: int) -> None:
    places = list(wrapped(text, width, following))
    ends = [0, *(end for _, end in places)]
    for (start, end), before, room in zip(places, ends, [width, *[following] * len(places)], strict=False):
        assert text[before:start] in ("", " ")
        assert start < end
        assert cell_len(text[start:end]) <= room or end - start == 1
    assert text[ends[-1] :] in ("", " ")


@pytest.mark.parametrize("size", [(60, 18), (120, 30)])
async def test_it_follows_the_end_until_it_is_scrolled_up(size: tuple[int, int]) -> None:
    app = Shown()
    async with app.run_test(size=size) as pilot:
        panel = app.query_one(LogPanel)
        log = Series[LogLine]()
        for number in range(100):
            log = log.appended(LogLine(1e9, "info", f"line {number} " + "word " * (number % 30)))
            if number in (40, 70):
                panel.show(RunState(log=log))
                await pilot.pause()
                assert any(f"line {number}" in row for row in rows(panel))
        panel.focus()
        await pilot.press("pageup", "pageup")
        top = rows(panel)
        assert "end: newest line" in str(panel.border_subtitle)
        panel.show(RunState(log=log))
        await pilot.pause()
        assert rows(panel) == top
        await pilot.press("end")
        await pilot.pause()
        panel.show(RunState(log=log.appended(LogLine(1e9, "info", "the last"))))
        await pilot.pause()
        assert "the last" in rows(panel)[-1]


async def test_it_follows_the_end_through_other_sizes_and_while_it_is_hidden() -> None:
    app = Shown()
    async with app.run_test(size=(60, 18)) as pilot:
        panel = app.query_one(LogPanel)
        lines = [f"line {number}" for number in range(18)]
        panel.show(state_of(lines))
        for size in ((60, 30), (60, 10), (20, 10), (100, 8)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert "line 17" in rows(panel)[-1] or size == (60, 30)
        panel.display = False
        await pilot.pause()
        panel.display = True
        await pilot.pause()
        assert "line 17" in rows(panel)[-1]
        panel.show(state_of([*lines, "the last"]))
        await pilot.pause()
        assert "the last" in rows(panel)[-1]


async def test_a_search_goes_through_all_places_and_keeps_typed_letters_from_the_screen() -> None:
    app = Shown()
    async with app.run_test(size=(60, 18)) as pilot:
        box, panel = app.query_one(LogBox), app.query_one(LogPanel)
        box.show(state_of([f"epoch {number}: Loss {number / 100}" for number in range(200)]))
        await pilot.pause()
        box.ask()
        await pilot.press(*"loss 1.")
        assert "loss 1.: 100 of 100" in str(panel.border_subtitle)
        assert any("epoch 199" in row for row in rows(panel))
        await pilot.press("enter")
        box.step(1)
        await pilot.pause()
        assert "1 of 100" in str(panel.border_subtitle)
        assert any("epoch 100:" in row for row in rows(panel))
        box.step(-1)
        assert "100 of 100" in str(panel.border_subtitle)
        box.ask()
        await pilot.press("escape")
        assert not panel.searching
        assert not box.leave()
        box.ask()
        await pilot.press(*"loss", "enter")
        assert box.leave()
        await pilot.pause()
        assert not panel.searching
        assert not panel.border_subtitle


async def test_what_is_sought_is_found_across_rows_and_marked() -> None:
    app = Shown()
    async with app.run_test(size=(60, 18)) as pilot:
        panel = app.query_one(LogPanel)
        panel.show(state_of(["a" * 50 + "needle in a row" + "b" * 60]))
        await pilot.pause()
        panel.search("NEEDLE IN A")
        await pilot.pause()
        marked = "".join(
            item.text
            for y in range(4)
            for item in panel.render_line(y)
            if item.style is not None and item.style.reverse
        )
        assert marked.replace(" ", "") == "needleina"


async def test_a_very_long_log_shows_its_latest_lines() -> None:
    app = Shown()
    async with app.run_test(size=(80, 24)) as pilot:
        panel = app.query_one(LogPanel)
        state = state_of([f"line {number}" for number in range(20_000)])
        panel.show(state)
        await pilot.pause()
        assert "line 19999" in rows(panel)[-1]
        assert len(panel._lines) == KEPT
        log = state.log
        for number in range(KEPT + 10):
            log = log.appended(LogLine(1e9, "info", f"later {number}"))
        panel.show(RunState(log=log))
        await pilot.pause()
        assert f"later {KEPT + 9}" in rows(panel)[-1]
        panel.show(state_of(["begun anew"]))
        await pilot.pause()
        assert "begun anew" in rows(panel)[0]
