from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from cxrtui.tui.app import Dashboard
from cxrtui.tui.classify.film import fit
from cxrtui.tui.classify.screen import ClassifyScreen
from cxrtui.tui.inspect.screen import DataScreen
from cxrtui.tui.keys import KEYS
from cxrtui.tui.launch.screen import LaunchScreen
from cxrtui.tui.monitor.curves import Chart, decimate
from cxrtui.tui.monitor.screen import MonitorScreen
from cxrtui.tui.moved import MovedScreen
from cxrtui.tui.runs.screen import RunsScreen
from cxrtui.tui.weights.port import PortScreen
from cxrtui.tui.weights.screen import WeightsScreen
from cxrtui.tui.widgets.bars import bar, pips, probability


def test_decimation_keeps_spikes_and_means() -> None:
    x = np.arange(20_000, dtype=np.float64)
    y = np.sin(x / 3000)
    y[7_777] = 9.0
    (envelope_x, envelope_y), (mean_x, mean_y) = decimate(x, y, 80)
    assert len(envelope_x) <= 160
    assert len(mean_x) == 80
    assert envelope_y.max() == 9.0
    assert np.all(np.diff(envelope_x) >= 0)
    assert abs(mean_y.mean() - y.mean()) < 1e-9


@given(
    st.lists(st.floats(-1e100, 1e100) | st.sampled_from([math.nan, math.inf]), min_size=1, max_size=300),
    st.integers(1, 40),
)
def test_decimation_keeps_the_least_and_the_greatest_of_each_bucket(values: list[float], buckets: int) -> None:
    y = np.array(values)
    (envelope_x, envelope_y), (mean_x, mean_y) = decimate(np.arange(len(y), dtype=np.float64), y, buckets)
    finite = np.flatnonzero(np.isfinite(y))
    assert np.array_equal(y[envelope_x.astype(int)], envelope_y)
    assert np.all(np.diff(envelope_x) >= 0)
    if len(finite) <= buckets:
        assert envelope_x.tolist() == mean_x.tolist() == finite.tolist()
        return
    assert len(mean_x) == len(mean_y) == buckets
    for bucket, mean in zip(np.split(finite, np.linspace(0, len(finite), buckets + 1).astype(int)[1:-1]), mean_y,
                            strict=True):  # fmt: skip
        inside = envelope_y[np.isin(envelope_x, bucket)]
        assert (inside.min(), inside.max()) == (y[bucket].min(), y[bucket].max())
        assert np.isclose(mean, y[bucket].mean(), rtol=1e-6, atol=1e-6 * np.abs(y[bucket]).max())


def test_decimation_leaves_short_curves_and_drops_nan() -> None:
    x, y = np.arange(5.0), np.array([1.0, np.nan, 3.0, np.inf, 5.0])
    (_, kept), _ = decimate(x, y, 80)
    assert kept.tolist() == [1.0, 3.0, 5.0]


@pytest.mark.parametrize("width", [1, 7, 40])
@pytest.mark.parametrize("fraction", [-1.0, 0.0, 0.13, 0.5, 0.999, 1.0, 2.0, float("nan")])
def test_bars_have_their_width(width: int, fraction: float) -> None:
    assert len(bar(fraction, width).plain) == width


def test_pips_and_probability() -> None:
    assert pips(2, 5, 24).plain.split() == ["●", "●", "○", "○", "○"]
    assert len(pips(30, 50, 20).plain) == 20
    assert probability(0.8, 0.5, 10, "").plain == "━━━━━╋━━──"
    assert probability(0.2, 0.5, 10, "").plain == "━━───┃────"


def test_fit_keeps_the_shape_and_fills_half_blocks() -> None:
    film = np.zeros((800, 600), dtype=np.uint8)
    small = fit(film, 40, 20)
    assert small.shape == (40, 30)
    assert fit(np.zeros((10, 300), dtype=np.uint8), 30, 20).shape[0] % 2 == 0


SCREENS = {
    "everywhere": Dashboard, "runs": RunsScreen, "launch": LaunchScreen, "data": DataScreen, "weights": WeightsScreen,
    "port": PortScreen, "moved": MovedScreen, "monitor": MonitorScreen, "classify": ClassifyScreen, "chart": Chart,
}  # fmt: skip


@pytest.mark.parametrize("section", KEYS)
def test_every_key_is_explained_and_does_what_its_screen_can(section: str) -> None:
    items = KEYS[section]
    assert len({item.key for item in items}) == len(items)
    for item in items:
        assert item.label
        assert Text.from_markup(item.help).plain == item.help != ""  # the help screen reads it as markup
        owner, _, action = item.action.rpartition(".")
        assert callable(getattr(Dashboard if owner == "app" else SCREENS[section], f"action_{action}", None)), item
