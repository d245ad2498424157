from __future__ import annotations

import numpy as np
import pytest
from rich.text import Text

from cxrtui.tui.classify.film import fit
from cxrtui.tui.keys import KEYS
from cxrtui.tui.monitor.curves import decimate
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


def test_every_key_is_explained() -> None:
    for section, items in KEYS.items():
        assert len({item.key for item in items}) == len(items), section
        assert all(item.help and item.label for item in items)
        assert isinstance(Text.from_markup(items[0].help), Text)
