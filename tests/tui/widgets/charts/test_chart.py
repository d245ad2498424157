"""The chart widget: what its border says, and what the mouse does."""

from __future__ import annotations

import numpy as np
from textual.app import App, ComposeResult
from textual.events import MouseMove, MouseScrollDown, MouseScrollUp
from textual.pilot import Pilot

from cxrtui.tui.widgets.charts.chart import Chart
from cxrtui.tui.widgets.charts.line import Line, Mark, run_line
from cxrtui.tui.widgets.charts.options import Options
from tests.tui.screen_text import text_of


class Shown(App[int]):
    CSS = ".box { border: round white; padding: 0 1; }"

    def compose(self) -> ComposeResult:
        yield Chart("loss", id="loss", empty="nothing yet")


def lines() -> list[Line]:
    x = np.linspace(0.0, 10.0, 201)
    epochs = np.arange(1.0, 11.0)
    return [
        Line("train", "train", x, 1 - x / 20, marker="⣀⡠⠔", smoothed=True),
        Line("validation", "validation", epochs, 1 - epochs / 20, "#f0b860", "◆", points=True, short="val."),
    ]


async def filled(pilot: Pilot[int], count: int = 0) -> Chart:
    chart = pilot.app.query_one(Chart)
    chart.options = Options(mode="braille", smoothing=0.0)
    x = np.linspace(0.0, 10.0, 50)
    runs = [run_line(place, f"a-run-of-some-length-{place}", x, x + place) for place in range(count)]
    chart.show(runs or lines(), [Mark(4.0, "best 4")])
    await pilot.pause()
    return chart


async def wheel(
    pilot: Pilot[int], chart: Chart, kind: type[MouseScrollUp | MouseScrollDown], *, ctrl: bool = False
) -> None:
    at = {"x": 30, "y": 5, "screen_x": 30, "screen_y": 5}
    chart.post_message(kind(chart, **at, delta_x=0, delta_y=0, button=0, shift=False, meta=False, ctrl=ctrl))
    await pilot.pause()


async def test_the_border_names_the_curves_and_their_newest_values() -> None:
    async with Shown().run_test(size=(80, 20)) as pilot:
        assert "nothing yet" in text_of(pilot)
        await filled(pilot)
        shown = text_of(pilot).splitlines()
        assert "loss  ⣀⡠⠔ train  ◆ validation" in shown[0]
        assert "train 0.500 · validation 0.500" in shown[-1]
        await pilot.resize_terminal(30, 20)
        await pilot.pause()
        assert "val." in text_of(pilot).splitlines()[0]


async def test_names_that_do_not_fit_stand_in_the_chart() -> None:
    async with Shown().run_test(size=(70, 24)) as pilot:
        await filled(pilot, 5)
        shown = text_of(pilot)
        for place, marker in enumerate("●◆▲■▼"):
            assert f"{marker} a-run-of-some-length-{place} {10 + place:.3f}" in shown


async def test_the_mouse_reads_zooms_and_moves() -> None:
    async with Shown().run_test(size=(80, 20)) as pilot:
        chart = await filled(pilot)
        await pilot.hover(chart, offset=(40, 8))
        await pilot.pause()
        assert chart.cursor is not None
        assert f"epoch {chart.cursor:.2f}".rstrip("0").rstrip(".")[:9] in text_of(pilot).splitlines()[-1]
        await wheel(pilot, chart, MouseScrollUp)
        zoomed = chart.window
        assert zoomed is not None
        assert 0 < zoomed[0] < zoomed[1] < 10
        await pilot.mouse_down(chart, offset=(40, 8))
        chart.post_message(
            MouseMove(chart, x=30, y=8, screen_x=30, screen_y=8, delta_x=-10, delta_y=0, button=1, shift=False,
                      meta=False, ctrl=False)
        )  # fmt: skip
        await pilot.mouse_up(chart, offset=(30, 8))
        await pilot.pause()
        assert chart.window is not None
        assert chart.window[0] > zoomed[0]
        assert abs(chart.window[1] - chart.window[0] - (zoomed[1] - zoomed[0])) < 1e-9
        for _ in range(12):
            await wheel(pilot, chart, MouseScrollDown)
        assert chart.window is None
        before = chart.drawn_values
        await wheel(pilot, chart, MouseScrollUp, ctrl=True)
        assert chart.drawn_values is not None
        assert before is not None
        assert chart.drawn_values[1] - chart.drawn_values[0] < before[1] - before[0]
        chart.reset()
        await pilot.pause()
        assert (chart.window, chart.values, chart.cursor) == (None, None, None)


async def test_the_cursor_stays_on_the_curves_and_moves_the_part_in_view() -> None:
    async with Shown().run_test(size=(80, 20)) as pilot:
        chart = await filled(pilot)
        chart.point(1)
        assert chart.cursor == 10.0
        chart.zoom(0.25)
        assert chart.window is not None
        for _ in range(400):
            chart.point(-1)
        assert chart.window[0] == 0.0
        assert chart.cursor == 0.0
        for _ in range(20):
            chart.pan(0.5)
        assert chart.window[1] == 10.0
