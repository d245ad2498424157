from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrtui.tui.widgets.films.pixels import ZOOM_MOST, Viewport, Window, clamped, draw, lay_out, levels

RAMP = np.tile(np.arange(256, dtype=np.uint8), (128, 1))  # [128, 256], black on the left


def drawn(film: np.ndarray, canvas: tuple[int, int] = (64, 64), **options: object) -> np.ndarray:
    return draw(levels(film), canvas, **{"viewport": Viewport(), "window": Window(), **options})  # type: ignore[arg-type]


def test_a_film_keeps_its_shape_and_fills_half_blocks() -> None:
    assert drawn(np.zeros((800, 600), np.uint8), (40, 40)).shape == (40, 30, 3)
    assert drawn(np.zeros((10, 300), np.uint8), (30, 40)).shape == (2, 30, 3)


@given(st.integers(1, 300), st.integers(1, 300), st.floats(1, ZOOM_MOST), st.floats(-1, 2), st.floats(-1, 2))
def test_every_viewport_shows_a_part_of_the_film(h: int, w: int, zoom: float, x: float, y: float) -> None:
    box = lay_out((h, w), (50, 38), Viewport(zoom, x, y))
    assert -1e-6 <= box.left < box.right <= w + 1e-6
    assert -1e-6 <= box.top < box.bottom <= h + 1e-6
    assert 1 <= box.width <= 50
    assert 2 <= box.height <= 38
    assert box.height % 2 == 0
    shown = drawn(np.zeros((h, w), np.uint8), (50, 38), viewport=Viewport(zoom, x, y))
    assert shown.shape == (box.height, box.width, 3)


def test_zoom_keeps_the_point_and_pan_ends_at_the_edge() -> None:
    film, canvas = (100, 100), (40, 40)
    box = lay_out(film, canvas, Viewport().zoomed(4, 0.25, 0.25))
    assert (box.left + 0.25 * (box.right - box.left)) == pytest.approx(25)  # it was at a quarter, and is
    assert Viewport().zoomed(1000).zoom == ZOOM_MOST
    assert Viewport(2.0).zoomed(0.1).zoom == 1
    ended = clamped(Viewport(2.0).moved(5, -5), film, canvas)
    assert (ended.x, ended.y) == (0.75, 0.25)
    left = drawn(RAMP, viewport=Viewport(4.0, 0.0, 0.5))
    right = drawn(RAMP, viewport=Viewport(4.0, 1.0, 0.5))
    assert left.max() < 80
    assert right.min() > 175


def test_window_and_level_are_dicoms() -> None:
    assert Window().table().tolist() == list(range(256))
    table = Window(100, 50).table()
    assert table[75] == 0
    assert table[125] == 255
    assert table[100] in (127, 128)
    assert Window().changed(wider=100) == Window()
    assert Window().changed(wider=1e-9).width == 4
    assert Window().changed(brighter=20).table()[100] > 100


def test_a_large_film_is_drawn_from_a_coarser_level_that_looks_the_same() -> None:
    large = np.kron(RAMP, np.ones((16, 16), np.uint8))  # 2048 × 4096
    held = levels(large)
    assert [level.shape for level in held] == [(2048, 4096), (1024, 2048), (512, 1024)]
    coarse = draw(held, (64, 64), Viewport(), Window()).astype(int)
    fine = draw(held[:1], (64, 64), Viewport(), Window()).astype(int)
    assert abs(coarse - fine).max() <= 2


def test_an_overlay_covers_the_film_and_moves_with_it() -> None:
    overlay = np.zeros((2, 2, 4), np.uint8)
    overlay[0, 0] = (255, 0, 0, 255)  # the upper left quarter
    film = np.full((100, 100), 80, np.uint8)
    whole = drawn(film, overlay=overlay)
    assert whole[2, 2].tolist() == [255, 0, 0]
    assert whole[-2, -2].tolist() == [80, 80, 80]
    half = drawn(film, overlay=overlay, opacity=0.5)
    assert half[2, 2].tolist() == [168, 40, 40]
    assert drawn(film, overlay=overlay, opacity=0).max() == 80
    away = drawn(film, overlay=overlay, viewport=Viewport(4.0, 1.0, 1.0))
    assert away.max() == 80
