"""The colours can be told apart by people with any colour vision, and can be read on both backgrounds."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from cxrtui.tui import memory, theme
from cxrtui.tui.app import Dashboard
from tests.tui.screen_text import shows

Array = NDArray[np.float64]

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
VISION = {
    "full": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                            [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                              [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                            [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
SERIES = [colour for colour, _ in theme.SERIES]


def linear(colour: str) -> Array:
    """Linear RGB of a colour, shape [3]."""
    values = np.array(Color.parse(colour).rgb) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(colour: str, vision: str) -> Array:
    """CIELAB (D65) of a colour as seen with that vision, shape [3]."""
    xyz = TO_XYZ @ np.clip(VISION[vision] @ linear(colour), 0, 1) / np.array([0.9505, 1.0, 1.089])
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def contrast(one: str, other: str) -> float:
    """WCAG 2's ratio of contrast."""
    low, high = sorted(float(TO_XYZ[1] @ linear(colour)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("light", [False, True])
def test_series_are_told_apart(vision: str, light: bool) -> None:
    colours = [theme.ON_LIGHT[colour] if light else colour for colour in SERIES]
    apart = [float(np.linalg.norm(lab(a, vision) - lab(b, vision))) for a, b in combinations(colours, 2)]
    assert min(apart) > 8  # three times what a careful look tells apart
    train, validation = (lab(colour, vision) for colour in colours[:2])
    assert np.linalg.norm(train - validation) > 40


def test_each_series_has_its_own_marker() -> None:
    assert len({marker for _, marker in theme.SERIES}) == len(SERIES) == 8
    assert all(Segment(marker).cell_length == 1 for _, marker in theme.SERIES)


@pytest.mark.parametrize("name", ["GOOD", "WARN", "BAD", "BUSY", "FAINT"])
def test_words_can_be_read_on_both_backgrounds(name: str) -> None:
    colour = getattr(theme, name)
    for background in (theme.DARK.background, theme.DARK.surface):
        assert contrast(colour, background or "") > 4.5
    for background in (theme.LIGHT.background, theme.LIGHT.surface):
        assert contrast(theme.ON_LIGHT[colour], background or "") > 4.5


def test_series_can_be_seen_on_both_backgrounds() -> None:
    assert all(contrast(colour, theme.DARK.background or "") > 3 for colour in SERIES)
    assert all(contrast(theme.ON_LIGHT[colour], theme.LIGHT.background or "") > 3 for colour in SERIES)


def test_a_light_theme_has_the_darker_forms() -> None:
    segments = [Segment("train", Style.parse(f"bold {theme.TRAIN} on {theme.TRACK}")), Segment("x", None)]
    train, plain = theme.ForLightTheme().apply(segments, Color.parse("white"))
    assert train.style == Style.parse(f"bold {theme.ON_LIGHT[theme.TRAIN]} on {theme.ON_LIGHT[theme.TRACK]}")
    assert plain == segments[1]


async def test_the_theme_is_there_in_the_next_session(dashboard: Dashboard, tmp_path: Path) -> None:
    memory.open_at(tmp_path / "state.json")
    async with dashboard.run_test() as pilot:
        assert dashboard.theme == "cxrtui-dark"
        await shows(pilot, "No runs yet")
        dashboard.theme = "cxrtui-light"
        await pilot.pause()
    memory.flush()
    memory.open_at(tmp_path / "state.json")
    async with Dashboard(dashboard.workspace, dashboard.backend).run_test() as pilot:
        assert pilot.app.theme == "cxrtui-light"
