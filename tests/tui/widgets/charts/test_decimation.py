from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cxrtui.tui.widgets.charts.decimation import decimate

VALUES = st.lists(st.floats(-1e100, 1e100) | st.sampled_from([math.nan, math.inf]), min_size=1, max_size=300)


@given(VALUES, st.integers(1, 40))
def test_each_column_keeps_its_extremes_its_first_and_its_last_value(values: list[float], width: int) -> None:
    x, y = np.arange(len(values), dtype=np.float64), np.array(values)
    end = max(1.0, x[-1])
    columns = decimate(x, y, 0.0, end, width)
    assert len(columns) <= width + 2
    assert np.all(np.diff(columns.column) > 0)
    per_column = end / max(1, width - 1)
    bounds = np.searchsorted(x, (np.arange(width + 1) - 0.5) * per_column)
    inside = (columns.column >= 0) & (columns.column < width)
    assert set(columns.column[inside]) == set(np.flatnonzero(np.diff(bounds)))
    for place in np.flatnonzero(inside):
        held = y[bounds[columns.column[place]] : bounds[columns.column[place] + 1]]
        assert np.array_equal([columns.first[place], columns.last[place]], held[[0, -1]], equal_nan=True)
        finite = held[~np.isnan(held)]
        if len(finite):
            assert (columns.low[place], columns.high[place]) == (finite.min(), finite.max())
        else:
            assert math.isnan(columns.low[place])
            assert math.isnan(columns.high[place])


@given(st.integers(2, 400), st.floats(0, 1), st.floats(0.001, 1), st.integers(2, 50))
def test_the_nearest_values_on_either_side_stay(count: int, start: float, span: float, width: int) -> None:
    x = np.linspace(0, 1, count)
    columns = decimate(x, x, start, start + span, width)
    half = span / (width - 1) / 2
    before, after = x[x < start - half - 1e-9], x[x > start + span + half + 1e-9]
    if len(before):
        assert columns.column[0] < 0
        assert columns.first[0] >= before[-1]
    if len(after):
        assert columns.column[-1] >= width
        assert columns.first[-1] <= after[0]


def test_a_spike_among_many_values_stays() -> None:
    x = np.arange(100_000, dtype=np.float64)
    y = np.sin(x / 3000)
    y[77_777] = 9.0
    columns = decimate(x, y, 0.0, x[-1], 160)
    assert columns.high.max() == 9.0
    assert columns.column[np.argmax(columns.high)] == round(77_777 / x[-1] * 159)
