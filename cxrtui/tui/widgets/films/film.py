"""The film as half blocks, two pixels a cell, which any terminal with colours shows; it zooms, pans and is windowed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from cxrtui.tui.keys import bindings
from cxrtui.tui.widgets.films.pixels import Grey, Viewport, Window, clamped, draw, lay_out

ZOOM, WHEEL, STEP = 1.5, 1.25, 0.15
"""Factors of a key and of a turn of the wheel; the part of what is seen by which a key pans."""
WIDER, BRIGHTER = 1.25, 12.0
_STYLES_MOST = 1 << 15
_STYLES: dict[tuple[int, int], Style] = {}


def _style(upper: int, lower: int) -> Style:
    """Return the style of a cell of two colours, each as 0xRRGGBB."""
    key = (upper, lower)
    if key not in _STYLES:
        if len(_STYLES) >= _STYLES_MOST:  # overlays have many colours
            _STYLES.clear()
        rgb = [Color.from_rgb(colour >> 16, colour >> 8 & 255, colour & 255) for colour in key]
        _STYLES[key] = Style(color=rgb[0], bgcolor=rgb[1])
    return _STYLES[key]


class FilmActions:
    """The actions on a film, for the film itself and for a screen that has one."""

    def the_film(self) -> Film:
        """Return the film to act on."""
        raise NotImplementedError

    def action_zoom_in(self) -> None:
        """Zoom in."""
        self.the_film().zoom(ZOOM)

    def action_zoom_out(self) -> None:
        """Zoom out."""
        self.the_film().zoom(1 / ZOOM)

    def action_pan_left(self) -> None:
        """Show what is to the left."""
        self.the_film().pan(-1, 0)

    def action_pan_right(self) -> None:
        """Show what is to the right."""
        self.the_film().pan(1, 0)

    def action_pan_up(self) -> None:
        """Show what is above."""
        self.the_film().pan(0, -1)

    def action_pan_down(self) -> None:
        """Show what is below."""
        self.the_film().pan(0, 1)

    def action_narrow_window(self) -> None:
        """Show fewer grey values, so with more contrast."""
        self.the_film().change_window(wider=1 / WIDER)

    def action_widen_window(self) -> None:
        """Show more grey values."""
        self.the_film().change_window(wider=WIDER)

    def action_brighten(self) -> None:
        """Lower the level."""
        self.the_film().change_window(brighter=BRIGHTER)

    def action_darken(self) -> None:
        """Raise the level."""
        self.the_film().change_window(brighter=-BRIGHTER)

    def action_reset_film(self) -> None:
        """Show the whole film with all grey values."""
        self.the_film().reset()


class Film(FilmActions, Widget, can_focus=True):
    """Shows a film, or `note` where there is none.

    `film` is the levels of a film (`pixels.levels`). `overlay` is laid over it: uint8 ``[h, w, 4]``, red, green, blue,
    alpha, of any size, which covers the film from corner to corner; its alpha is multiplied by `overlay_opacity`.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("film")

    film: reactive[tuple[Grey, ...] | None] = reactive(None, layout=False, always_update=True)
    overlay: reactive[NDArray[np.uint8] | None] = reactive(None, always_update=True)
    overlay_opacity: reactive[float] = reactive(1.0)  # `opacity` is of the whole widget, in Textual
    note: reactive[str] = reactive("")
    viewport: reactive[Viewport] = reactive(Viewport())
    window: reactive[Window] = reactive(Window())

    class Adjusted(Message):
        """Zoom, place or window changed."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._drawn: tuple[object, NDArray[np.uint8], NDArray[np.int64]] | None = None
        self._pixels = 0  # counts what `film` and `overlay` have been
        self._held: tuple[int, int] | None = None

    # --- what is drawn

    def _watch_film(self) -> None:
        self._pixels += 1

    def _watch_overlay(self) -> None:
        self._pixels += 1

    @property
    def canvas(self) -> tuple[int, int]:
        """Width and height in square pixels, two of which are a cell."""
        return max(1, self.size.width), max(2, 2 * self.size.height)

    def pixels(self) -> NDArray[np.uint8] | None:
        """Return what is shown now, uint8 ``[H, W, 3]`` with H even; None where there is no film."""
        drawn = self._draw()
        return drawn[0] if drawn else None

    def _draw(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]] | None:
        """Return the shown pixels, and each as the number 0xRRGGBB."""
        if self.film is None:
            return None
        key = (self._pixels, self.overlay_opacity, self.viewport, self.window, self.canvas)
        if self._drawn is None or self._drawn[0] != key:
            shown = draw(self.film, self.canvas, self.viewport, self.window, self.overlay, self.overlay_opacity)
            self._drawn = (key, shown, shown.astype(np.int64) @ np.array([1 << 16, 1 << 8, 1]))
        return self._drawn[1], self._drawn[2]

    def render_line(self, y: int) -> Strip:
        """Draw one row of the film, centred."""
        width, height = self.size
        blank = self.rich_style
        drawn = self._draw()
        if drawn is None:
            lines = Text(self.note).wrap(self.app.console, max(1, width))[:height]
            place = y - (height - len(lines)) // 2
            text = lines[place].plain.rstrip() if 0 <= place < len(lines) else ""
            space = width - cell_len(text)
            return Strip([Segment(" " * (space // 2) + text + " " * (space - space // 2), blank)], width)
        colours = drawn[1]
        rows, columns = colours.shape[0] // 2, colours.shape[1]
        row = y - (height - rows) // 2
        if not 0 <= row < rows:
            return Strip.blank(width, blank)
        left = (width - columns) // 2
        upper, lower = colours[2 * row], colours[2 * row + 1]
        ends = np.flatnonzero((np.diff(upper) != 0) | (np.diff(lower) != 0)) + 1  # cells alike are one segment
        starts = [0, *ends.tolist(), columns]
        cells = [
            Segment("▀" * (after - place), _style(int(upper[place]), int(lower[place])))
            for place, after in pairwise(starts)
        ]
        right = width - left - columns
        return Strip([Segment(" " * left, blank), *cells, Segment(" " * right, blank)], width)

    def adjusted(self) -> str:
        """Return zoom and window in words, as far as they are not as at first."""
        words = []
        if self.viewport.zoom > 1:
            words.append(f"×{self.viewport.zoom:.1f}")
        if self.window != Window():
            words.append(f"window {self.window.width:.0f} level {self.window.centre:.0f}")
        return " · ".join(words)

    # --- zoom, pan, window

    def show(self, film: tuple[Grey, ...] | None, note: str = "") -> None:
        """Show another film whole; the window stays, so that films can be compared."""
        self.overlay = None
        self.viewport = Viewport()
        self.film, self.note = film, note
        self.post_message(self.Adjusted())

    def _to(self, viewport: Viewport | None = None, window: Window | None = None) -> None:
        if self.film is None:
            return
        if viewport is not None:
            self.viewport = clamped(viewport, self.film[0].shape, self.canvas)  # type: ignore[arg-type]
        if window is not None:
            self.window = window
        self.post_message(self.Adjusted())

    def the_film(self) -> Film:
        """Return this film."""
        return self

    def zoom(self, factor: float) -> None:
        """Zoom in by more than 1, out by less."""
        self._to(self.viewport.zoomed(factor))

    def pan(self, x: int, y: int) -> None:
        """Move by a part of what is seen."""
        if self.film is not None:
            height, width = self.film[0].shape
            box = lay_out((height, width), self.canvas, self.viewport)
            across, down = (box.right - box.left) / width, (box.bottom - box.top) / height
            self._to(self.viewport.moved(STEP * x * across, STEP * y * down))

    def change_window(self, *, wider: float = 1.0, brighter: float = 0.0) -> None:
        """Make the window `wider` times as wide and its centre lower by `brighter` grey values."""
        self._to(window=self.window.changed(wider=wider, brighter=brighter))

    def reset(self) -> None:
        """Show the whole film with all grey values."""
        self._to(Viewport(), Window())

    # --- mouse

    def _at(self, event: events.MouseEvent) -> tuple[float, float]:
        """Return where on the film the mouse is, in fractions of it."""
        assert self.film is not None
        height, width = self.film[0].shape
        box = lay_out((height, width), self.canvas, self.viewport)
        across = (event.x + 0.5 - (self.size.width - box.width) / 2) / box.width
        down = (2 * event.y + 1 - (2 * self.size.height - box.height) / 2) / box.height
        across, down = min(1.0, max(0.0, across)), min(1.0, max(0.0, down))
        return (
            (box.left + across * (box.right - box.left)) / width,
            (box.top + down * (box.bottom - box.top)) / height,
        )

    def _wheel(self, event: Any, factor: float) -> None:
        if self.film is not None:
            event.stop()
            self._to(self.viewport.zoomed(factor, *self._at(event)))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in where the mouse is."""
        self._wheel(event, WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out."""
        self._wheel(event, 1 / WHEEL)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the film."""
        if self.film is not None:
            self._held = (event.x, event.y)
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Move the film that is held."""
        if self._held is None or self.film is None:
            return
        height, width = self.film[0].shape
        box = lay_out((height, width), self.canvas, self.viewport)
        x = (self._held[0] - event.x) / box.width * (box.right - box.left) / width
        y = 2 * (self._held[1] - event.y) / box.height * (box.bottom - box.top) / height
        self._held = (event.x, event.y)
        self._to(self.viewport.moved(x, y))

    def on_mouse_up(self) -> None:
        """Let go."""
        self._held = None
        self.release_mouse()
