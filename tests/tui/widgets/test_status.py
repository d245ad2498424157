"""The line of the status, at any width."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from cxrtui.runs import events as ev
from cxrtui.runs.state import fold, fold_all
from cxrtui.tui.widgets.status import StatusPanel
from tests.tui import logs
from tests.tui.screen_text import text_of


class Shown(App[int]):
    def compose(self) -> ComposeResult:
        yield StatusPanel(id="status")


async def test_steps_are_those_of_the_run_and_remarks_come_before_what_can_be_cut() -> None:
    state = fold_all(logs.midway())
    app = Shown()
    async with app.run_test(size=(100, 10)) as pilot:
        panel = app.query_one(StatusPanel)
        panel.show(state, "training", "pausing…, saving…", ["! 2 warnings (w)"])
        await pilot.pause()
        head = text_of(pilot).splitlines()[0]
        assert head.startswith("▶ training, pausing…, saving…  ! 2 warnings (w)   epoch 10/30 · step 224/720")
        await pilot.resize_terminal(56, 10)
        panel.show(state, "training", "pausing…", ["! 2 (w)"])
        await pilot.pause()
        head = text_of(pilot).splitlines()[0]
        assert "epoch 10/30" in head


@pytest.mark.parametrize(("done", "left"), [(1, "2 min 05 s left"), (3, "1 min 15 s left")])
async def test_work_of_a_known_length_says_how_long_it_takes_still(done: int, left: str) -> None:
    state = fold_all(logs.begin())
    app = Shown()
    async with app.run_test(size=(100, 10)) as pilot:
        panel = app.query_one(StatusPanel)
        for number in range(done + 1):
            at = logs.START + 25 * number
            state = fold(state, ev.Preparing(stage="decoding", done=100 * number, total=600, time=at))
            panel.show(state, "preparing")
        await pilot.pause()
        assert left in text_of(pilot)
        state = fold(state, ev.Preparing(stage="duplicates", done=0, total=600, time=logs.START + 500))
        panel.show(state, "preparing")
        await pilot.pause()
        assert "left" not in text_of(pilot)
