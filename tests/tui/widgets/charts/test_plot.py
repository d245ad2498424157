"""What the cells of a chart show."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxrtui.tui.widgets.charts.canvas import ASCII, MODES
from cxrtui.tui.widgets.charts.line import Array, Line, Mark, run_line
from cxrtui.tui.widgets.charts.modes import NAMES, default_mode
from cxrtui.tui.widgets.charts.options import Options
from cxrtui.tui.widgets.charts.plot import Plot
from cxrtui.tui.widgets.charts.request import Drawing, Request

PLAIN = Options(mode="braille", smoothing=0.0)


def line(y: Sequence[float] | Array, **kind: object) -> Line:
    values = np.array(y, dtype=np.float64)
    return Line("a", "a", np.arange(len(values), dtype=np.float64), values, marker="⣀⡠⠔", **kind)  # type: ignore[arg-type]


def drawn(*lines: Line, width: int = 60, height: int = 16, options: Options = PLAIN, **more: object) -> Drawing:
    found = Plot().draw(Request(width, height, lines, options=options, **more))  # type: ignore[arg-type]
    assert found is not None
    return found


def rows(drawing: Drawing) -> list[str]:
    return ["".join(map(chr, row)) for row in drawing.canvas.chars]


def text(drawing: Drawing) -> str:
    return "\n".join("".join(map(chr, row)) for row in drawing.axes.chars)


@pytest.mark.parametrize("mode", NAMES)
def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right(mode: str) -> None:
    shown = rows(drawn(line(np.linspace(0, 1, 50)), options=Options(mode=mode, smoothing=0.0)))
    places = [next(place for place, char in enumerate(row) if char != " ") for row in shown if row.strip()]
    assert places == sorted(places, reverse=True)
    assert shown[-1][0] != " " or shown[-2][0] != " "
    assert shown[0][-1] != " " or shown[1][-1] != " "
    assert all(any(row[column] != " " for row in shown) for column in range(len(shown[0])))  # without a hole


def test_nan_is_a_gap() -> None:
    y = np.ones(100)
    y[40:60] = math.nan
    across = "".join(max(column) for column in zip(*rows(drawn(line(y))), strict=True))
    gap = len(across.strip()) - len(across.replace(" ", ""))
    assert 8 <= gap <= len(across) // 4
    assert across[0] != " " != across[-1]


def test_infinite_values_are_marked_at_the_edge() -> None:
    y = np.linspace(0, 1, 60)
    y[30] = math.inf
    assert "↑" in rows(drawn(line(y), width=80))[0]


@pytest.mark.parametrize(("mode", "sign"), [("braille", "↑"), ("block", "↑"), ("ascii", "^")])
def test_what_is_beyond_the_limits_is_marked_at_the_edge(mode: str, sign: str) -> None:
    y = np.concatenate([[50.0] * 30, np.linspace(0.6, 0.2, 970)])
    shown = rows(drawn(line(y), settled=30.0, options=Options(mode=mode, smoothing=0.0)))
    assert shown[0].strip().startswith(sign)
    assert drawn(line(y), settled=30.0).values[1] < 1.0


def test_a_spike_between_two_columns_is_drawn() -> None:
    y = np.zeros(100_000)
    y[61_803] = 0.9
    y[10_000] = 0.5
    shown = rows(drawn(line(y), values=(-0.1, 1.0)))
    assert {char for row in shown[:3] for char in row} != {" "}


def test_a_log_axis_has_decades_and_drops_what_it_cannot_show() -> None:
    y = 10.0 ** -np.linspace(0, 4, 200)
    y[100] = 0.0
    drawing = drawn(line(y), options=Options(mode="braille", smoothing=0.0, log=True), height=24)
    assert drawing.values[0] < -3.9
    assert all(label in text(drawing) for label in ("1┤", "0.1┤", "0.01┤", "0.001┤", "1e-4┤"))


def test_epochs_have_several_ticks_in_a_narrow_chart() -> None:
    x = np.linspace(0, 30, 720)
    found = drawn(Line("a", "a", x, 1e-5 * x), width=44, height=8)
    bottom = text(found).splitlines()[-1].split()
    assert bottom[0] == "epoch"
    assert len(bottom) >= 5
    assert [int(label) for label in bottom[1:]] == sorted(int(label) for label in bottom[1:])


def test_steps_are_whole_and_short() -> None:
    found = drawn(Line("a", "a", np.arange(1e5), np.arange(1e5) / 3), options=Options(epochs=False), width=50)
    assert text(found).splitlines()[-1].split()[0] == "step"
    assert "40k" in text(found)


def test_runs_are_told_apart_by_marker_in_every_mode() -> None:
    x = np.linspace(0, 10, 500)
    runs = [run_line(place, f"run {place}", x, 0.1 * place + x / 10) for place in range(8)]
    for mode in MODES:
        cells = text(drawn(*runs, width=100, height=30, options=Options(mode=mode, smoothing=0.0)))
        for run in runs:
            assert MODES[mode].sign(run.marker) in cells
    assert text(drawn(*runs, options=Options(mode="ascii"))).isascii()


def test_moments_are_labelled_where_there_is_room() -> None:
    found = text(drawn(line(np.linspace(1, 0, 50)), marks=[Mark(20.0, "best 7"), Mark(35.0, "resumed")]))
    assert "┊best 7" in found
    assert "resumed" in found


def test_the_cursor_reads_the_nearest_value() -> None:
    plot, found = Plot(), line([1.0, 2.0, 4.0, math.nan])
    assert plot.readings(found, PLAIN, 1.4, 0.1) == (1.0, 2.0)
    assert plot.readings(found, PLAIN, 1.6, 0.1) == (2.0, 4.0)
    assert math.isnan(plot.readings(found, PLAIN, 9.0, 0.1)[1])
    assert math.isnan(plot.readings(line([]), PLAIN, 9.0, 0.1)[1])


def test_smoothing_applies_to_lines_that_ask_for_it() -> None:
    noisy = np.random.default_rng(0).normal(size=400)
    plot, options = Plot(), Options(mode="braille", smoothing=0.95)
    assert np.ptp(plot.values_of(line(noisy, smoothed=True), options)) < np.ptp(noisy) / 2
    assert plot.values_of(line(noisy), options) is not None
    assert np.array_equal(plot.values_of(line(noisy), options), noisy)


def test_nothing_is_drawn_of_nothing() -> None:
    assert Plot().draw(Request(60, 16, [])) is None
    assert Plot().draw(Request(60, 16, [line([])])) is None
    assert Plot().draw(Request(5, 2, [line([1.0])])) is None
    assert Plot().draw(Request(60, 16, [line([math.nan, math.nan])])) is not None


@settings(max_examples=60)
@given(
    st.lists(st.floats() | st.floats(-10, 10), min_size=1, max_size=120), st.integers(16, 130), st.integers(3, 40),
    st.sampled_from(list(MODES)), st.booleans(), st.sampled_from([0.0, 0.9]),
    st.none() | st.tuples(st.floats(-10, 60), st.floats(0.001, 100)),
)  # fmt: skip
def test_any_values_fill_the_cells_and_nothing_else(
    values: list[float], width: int, height: int, mode: str, log: bool, smoothing: float,
    window: tuple[float, float] | None,
) -> None:  # fmt: skip
    options = Options(mode=mode, log=log, smoothing=smoothing)
    seen = None if window is None else (window[0], window[0] + window[1])
    plot = Plot()
    found = plot.draw(Request(width, height, [line(values, smoothed=True)], options=options, window=seen, cursor=3.0,
                              floor=0.0, ceiling=1.0, robust=width % 2 == 0))  # fmt: skip
    if found is None:
        return
    assert found.axes.chars.shape == (height, width)
    assert all(32 <= code < 0x3000 for code in found.axes.chars.flat)
    assert found.axes.looks.max() < len(found.axes.styles)
    if mode == ASCII.name:
        assert text(found).isascii()


@pytest.mark.parametrize(
    ("environment", "mode"),
    [
        ({"LANG": "en_GB.UTF-8"}, "braille"), ({"LANG": "C.utf8"}, "braille"), ({"LANG": "C"}, "ascii"),
        ({}, "braille"),
        ({"LANG": "de_DE.ISO-8859-1"}, "ascii"), ({"LANG": "en_GB.UTF-8", "LC_ALL": "POSIX"}, "ascii"),
        ({"LANG": "C.UTF-8", "TERM": "linux"}, "block"), ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, "ascii"),
        ({"LANG": "C", "CXRTUI_CHARTS": "Block"}, "block"),
        ({"LANG": "C.UTF-8", "CXRTUI_CHARTS": "pixels"}, "braille"),
    ],
)  # fmt: skip
def test_the_terminal_gets_what_it_can_show(environment: dict[str, str], mode: str) -> None:
    assert default_mode(environment) == mode


@pytest.mark.parametrize("at", [-(2.0**62), -1.0, 0.0, 2.0**62, 1e300])
def test_positions_that_cannot_be_told_apart_are_drawn(at: float) -> None:
    found = drawn(Line("a", "a", np.full(3, at), np.arange(3.0), points=True))
    assert found.window[0] < at < found.window[1]
    assert "●" in text(found)
