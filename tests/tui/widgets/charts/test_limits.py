from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cxrtui.tui.widgets.charts.limits import padded, robust_limits

FLOATS = st.floats(-1e9, 1e9) | st.sampled_from([math.nan, math.inf, -math.inf])


def test_an_early_spike_does_not_set_the_limits() -> None:
    x = np.arange(200.0)
    y = 0.2 + 0.5 * np.exp(-x / 60)
    y[1] = 40.0
    limits = robust_limits([(x, y)])
    assert limits is not None
    assert limits[1] < 0.8
    assert limits[0] == y.min()


def test_values_of_the_first_epoch_do_not_set_them() -> None:
    x = np.arange(100.0)
    y = np.where(x <= 20, 8.0 - 0.3 * x, 0.5 - 0.001 * x)
    limits = robust_limits([(x, y)], settled=20.0)
    assert limits is not None
    assert limits[1] < 0.51
    assert robust_limits([(x, y)]) == (y.min(), y.max())


def test_all_values_are_shown_if_none_is_far() -> None:
    y = np.linspace(0.7, 0.2, 50)
    assert robust_limits([(np.arange(50.0), y)], settled=5.0) == (0.2, 0.7)


@given(st.lists(st.lists(FLOATS, max_size=40), max_size=4), st.floats(-5, 50))
def test_the_newest_value_of_each_curve_is_within(curves: list[list[float]], settled: float) -> None:
    arrays = [(np.arange(len(values), dtype=np.float64), np.array(values, dtype=np.float64)) for values in curves]
    limits = robust_limits(arrays, settled)
    finite = [y[np.isfinite(y)] for _, y in arrays]
    if not any(map(len, finite)):
        assert limits is None
        return
    assert limits is not None
    assert all(limits[0] <= values[-1] <= limits[1] for values in finite if len(values))
    for possible in ((None, None), (0.0, None), (0.0, 1.0)):
        low, high = padded(*limits, *possible)
        assert low < high
        assert low <= limits[0] <= limits[1] <= high


def test_room_is_left_but_not_beyond_what_is_possible() -> None:
    assert padded(0.1, 0.9, 0.0, 1.0)[0] == 0.0
    low, high = padded(0.95, 1.0, 0.0, 1.0)
    assert 0.94 < low < 0.95
    assert 1.0 < high < 1.01  # the line at the limit itself is seen whole
    low, high = padded(1.0, 1.0, 0.0, 1.0)
    assert low == 0.9
    assert 1.0 < high < 1.02
    low, high = padded(0.0, 0.0, 0.0, 1.0)
    assert -0.1 < low < 0.0
    assert high == 0.5
