"""The preview draws a film as half blocks, two grey pixels a cell, which any terminal with colours shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

_STYLES: dict[tuple[int, int], Style] = {}


def _style(upper: int, lower: int) -> Style:
    key = (upper, lower)
    if key not in _STYLES:
        _STYLES[key] = Style(color=Color.from_rgb(upper, upper, upper), bgcolor=Color.from_rgb(lower, lower, lower))
    return _STYLES[key]


def fit(film: NDArray[np.uint8], columns: int, rows: int) -> NDArray[np.uint8]:
    """Return the film scaled to at most `columns` × 2·`rows` pixels with its aspect ratio kept; [H, W] with H even."""
    from PIL import Image

    height, width = film.shape
    scale = min(columns / width, 2 * rows / height)
    size = (max(1, round(width * scale)), max(2, 2 * round(height * scale / 2)))
    return np.asarray(
        Image.fromarray(film).resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC)
    )


class Film(Widget):
    """The preview of a film. It shows `note` if there is no film."""

    film: reactive[Any] = reactive(None, layout=False, always_update=True)
    note: reactive[str] = reactive("")

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._fitted: NDArray[np.uint8] | None = None
        self._fitted_for: tuple[int, int, int] | None = None

    def render_line(self, y: int) -> Strip:
        """Draw one row of the film, centred."""
        width, height = self.size
        blank = self.rich_style
        if self.film is None:
            lines = Text(self.note).wrap(self.app.console, max(1, width))[:height]
            place = y - (height - len(lines)) // 2
            text = lines[place].plain.rstrip() if 0 <= place < len(lines) else ""
            space = width - cell_len(text)
            return Strip([Segment(" " * (space // 2) + text + " " * (space - space // 2), blank)], width)
        if self._fitted_for != (id(self.film), width, height):
            self._fitted, self._fitted_for = fit(self.film, width, height), (id(self.film), width, height)
        pixels = self._fitted
        assert pixels is not None
        rows, columns = pixels.shape[0] // 2, pixels.shape[1]
        row = y - (height - rows) // 2
        if not 0 <= row < rows:
            return Strip.blank(width, blank)
        left = (width - columns) // 2
        cells = [
            Segment("▀", _style(int(upper), int(lower)))
            for upper, lower in zip(pixels[2 * row], pixels[2 * row + 1], strict=True)
        ]
        right = width - left - columns
        return Strip([Segment(" " * left, blank), *cells, Segment(" " * right, blank)], width)
