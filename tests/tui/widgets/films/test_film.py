from __future__ import annotations

import asyncio

import numpy as np
import pytest
from textual.app import App, ComposeResult
from textual.events import MouseScrollUp

from cxrtui.tui.widgets.films.film import Film
from cxrtui.tui.widgets.films.pixels import Viewport, Window, levels

pytestmark = pytest.mark.slow


class Shown(App[None]):
    def compose(self) -> ComposeResult:
        yield Film()


def row(film: Film, y: int) -> str:
    return film.render_line(y).text


async def test_keys_and_mouse_zoom_pan_and_window() -> None:
    app = Shown()
    async with app.run_test(size=(64, 32)) as pilot:
        film = app.query_one(Film)
        film.note = "no film"
        assert "no film" in row(film, 15)
        film.show(levels(np.tile(np.arange(256, dtype=np.uint8), (256, 1))))
        film.focus()
        await pilot.pause()
        assert row(film, 15) == "▀" * 64
        whole = film.pixels()
        assert whole is not None
        assert whole.shape == (64, 64, 3)
        film.action_zoom_in()
        assert film.viewport.zoom == 1.5
        assert film.adjusted() == "×1.5"
        await pilot.press("left", "left", "left", "left", "left")
        assert film.viewport.x == pytest.approx(1 / 3)  # the edge
        film.action_narrow_window()
        film.action_brighten()
        assert film.adjusted() == "×1.5 · window 204 level 116"
        film.action_reset_film()
        assert film.viewport == Viewport()
        assert film.window == Window()
        assert film.adjusted() == ""

        await pilot._post_mouse_events([MouseScrollUp], Film, (0, 0))
        await asyncio.sleep(0)
        assert film.viewport.zoom == 1.25
        assert film.viewport.x < 0.41
        x = film.viewport.x
        await pilot.mouse_down(Film, offset=(40, 10))
        await pilot.hover(Film, offset=(30, 10))
        assert film.viewport.x > x
        await pilot.mouse_up(Film, offset=(30, 10))
        x = film.viewport.x
        await pilot.hover(Film, offset=(10, 10))
        assert film.viewport.x == x


async def test_the_next_film_is_shown_whole_in_the_same_window_without_the_overlay() -> None:
    app = Shown()
    async with app.run_test(size=(40, 20)):
        film = app.query_one(Film)
        film.show(levels(np.full((50, 50), 90, np.uint8)))
        film.overlay = np.full((4, 4, 4), 255, np.uint8)
        film.overlay_opacity = 0.5
        assert film.opacity == 1  # Textual's own, which would dim the film
        shown = film.pixels()
        assert shown is not None
        assert shown.max() == 172
        film.action_zoom_in()
        film.action_narrow_window()
        window = film.window
        film.show(levels(np.full((50, 50), 90, np.uint8)))
        assert film.overlay is None
        assert film.viewport.zoom == 1
        assert film.window == window
