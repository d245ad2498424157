from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrtui.tui.widgets.charts.options import FACTORS
from cxrtui.tui.widgets.charts.smoothing import smooth


def as_in_tensorboard(values: list[float], factor: float) -> list[float]:
    last, count, out = 0.0, 0, []
    for value in values:
        if not abs(value) < 1e100:
            out.append(value)
            continue
        last, count = last * factor + (1 - factor) * value, count + 1
        out.append(last / (1 - factor**count))
    return out


@given(
    st.lists(st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -1.7e308]), max_size=400),
    st.sampled_from(FACTORS) | st.floats(0.001, 0.9999),
)
def test_it_is_tensorboards_average(values: list[float], factor: float) -> None:
    found = smooth(np.array(values, dtype=np.float64), factor)
    assert np.allclose(found, as_in_tensorboard(values, factor), rtol=1e-9, atol=1e-6, equal_nan=True)


def test_a_constant_stays_from_its_first_value() -> None:
    assert np.allclose(smooth(np.full(50_000, 3.25), 0.99), 3.25, rtol=1e-12)


def test_a_factor_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="smoothing factor"):
        smooth(np.ones(3), 1.0)
