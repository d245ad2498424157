"""A grid of terminal cells on which curves are drawn in Braille dots, half-blocks or ASCII characters."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style

from cxrtui.tui.widgets.charts import modes
from cxrtui.tui.widgets.charts.decimation import Columns
from cxrtui.tui.widgets.charts.line import ASCII_MARKERS, Array

_BRAILLE = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.uint8)
_SCALE = 1e6  # rows; a value further away is as good as there


@dataclass(frozen=True)
class Mode:
    """A way of drawing: each cell has `rows` × `columns` dots, and ``glyphs[bits]`` is the character that shows them.

    `bits` ``[rows, columns]`` are the values that the dots add.
    """

    name: str
    bits: NDArray[np.uint8]
    glyphs: NDArray[np.uint32]
    ascii: bool = False

    @property
    def rows(self) -> int:
        """Dots of a cell from top to bottom."""
        return int(self.bits.shape[0])

    @property
    def columns(self) -> int:
        """Dots of a cell from left to right."""
        return int(self.bits.shape[1])

    def sign(self, text: str) -> str:
        """Return a marker as this mode can show it."""
        return ASCII_MARKERS.get(text, text) if self.ascii else text


def _glyphs(text: str) -> NDArray[np.uint32]:
    return np.array([ord(char) for char in text], dtype=np.uint32)


BRAILLE = Mode(modes.BRAILLE, _BRAILLE, np.arange(0x2800, 0x2900, dtype=np.uint32))
BLOCK = Mode(modes.BLOCK, np.array([[1], [2]], dtype=np.uint8), _glyphs(" ▀▄█"))
ASCII = Mode(modes.ASCII, np.array([[1], [2], [4]], dtype=np.uint8), _glyphs(" '-:.::|"), ascii=True)
MODES = {mode.name: mode for mode in (BRAILLE, BLOCK, ASCII)}


class Canvas:
    """Cells ``[height, width]`` with a character and a style each; the value axis goes from `low` to `high`."""

    def __init__(self, width: int, height: int, mode: Mode, low: float, high: float) -> None:
        self.width, self.height, self.mode = width, height, mode
        self.low, self.high = low, high
        self.chars = np.full((height, width), ord(" "), dtype=np.uint32)
        self.looks = np.zeros((height, width), dtype=np.int64)
        self.styles: list[str] = [""]

    @property
    def dots(self) -> int:
        """Columns of dots."""
        return self.width * self.mode.columns

    def rows_of(self, values: Array) -> Array:
        """Return the rows of dots of `values` as floats, from the top; NaN for NaN."""
        with np.errstate(invalid="ignore", over="ignore"):
            rows = (self.high - values) / (self.high - self.low) * (self.height * self.mode.rows - 1)
        clipped: Array = np.clip(rows, -_SCALE, _SCALE)
        return clipped

    def free(self, row: int, column: int, width: int) -> bool:
        """Return whether `width` cells of a row are on the canvas and empty."""
        if not (0 <= row < self.height and column >= 0 and column + width <= self.width):
            return False
        return bool((self.chars[row, column : column + width] == ord(" ")).all())

    def write(self, row: int, column: int, text: str, style: str) -> None:
        """Write `text`, of characters one cell wide each, over what is there; what is off the canvas is cut."""
        if not 0 <= row < self.height:
            return
        text = text[max(0, -column) : self.width - column]
        column = max(0, column)
        self.chars[row, column : column + len(text)] = [ord(char) for char in text]
        self.looks[row, column : column + len(text)] = self._look(style)

    def vertical(self, column: int, glyph: str, style: str) -> None:
        """Draw a line from top to bottom at a cell column."""
        if 0 <= column < self.width:
            self.chars[:, column] = ord(glyph)
            self.looks[:, column] = self._look(style)

    def curve(self, columns: Columns, style: str) -> None:
        """Draw a curve that was decimated to `dots` columns, over what is there."""
        filled = self._filled(*_pieces(columns, self.rows_of, self.dots)).view(np.uint8)
        bits = self.mode.bits
        codes = np.zeros((self.height, self.width), dtype=np.uint8)
        for row, column in np.ndindex(*bits.shape):
            codes |= filled[row :: bits.shape[0], column :: bits.shape[1]] * bits[row, column]
        drawn = codes > 0
        self.chars[drawn] = self.mode.glyphs[codes[drawn]]
        self.looks[drawn] = self._look(style)

    def beyond(self, columns: Columns, style: str) -> None:
        """Mark at the upper and the lower edge where the whole of a curve is beyond it."""
        inside = (columns.column >= 0) & (columns.column < self.dots)
        cells = columns.column[inside] // self.mode.columns
        for off, row, sign in (
            (columns.low[inside] > self.high, 0, "^" if self.mode.ascii else "↑"),
            (columns.high[inside] < self.low, self.height - 1, "v" if self.mode.ascii else "↓"),
        ):
            self.chars[row, cells[off]] = ord(sign)
            self.looks[row, cells[off]] = self._look(style)

    def markers(self, cells: NDArray[np.int64], values: Array, sign: str, style: str) -> None:
        """Draw a marker at each of the cell columns ``[M]`` and values ``[M]`` that are within the limits."""
        with np.errstate(invalid="ignore"):
            inside = (values >= self.low) & (values <= self.high) & (cells >= 0) & (cells < self.width)
        rows = np.floor(self.rows_of(values[inside]) + 0.5).astype(np.int64) // self.mode.rows
        self.chars[rows, cells[inside]] = ord(sign[0])
        self.looks[rows, cells[inside]] = self._look(style)

    def paste(self, other: Canvas, column: int, row: int = 0) -> None:
        """Put the cells of `other` from `row` and `column` on."""
        looks = np.array([self._look(style) for style in other.styles])
        place = slice(row, row + other.height), slice(column, column + other.width)
        self.chars[place] = other.chars
        self.looks[place] = looks[other.looks]

    def segments(self, row: int, styled: Callable[[str], Style]) -> list[Segment]:
        """Return one row as segments of one style each."""
        looks = self.looks[row]
        edges = [0, *(np.flatnonzero(np.diff(looks)) + 1).tolist(), self.width]
        text = self.chars[row].tobytes().decode("utf-32-le" if sys.byteorder == "little" else "utf-32-be")
        return [
            Segment(text[start:end], styled(self.styles[looks[start]])) for start, end in pairwise(edges) if end > start
        ]

    def _look(self, style: str) -> int:
        if style not in self.styles:
            self.styles.append(style)
        return self.styles.index(style)

    def _filled(self, columns: NDArray[np.int64], upper: Array, lower: Array) -> NDArray[np.bool_]:
        """Return the dots ``[rows, columns]`` that vertical pieces cover, from row `upper` to row `lower` each.

        The pieces of one column touch each other, so what they cover there is all from the first row to the last.
        """
        rows, width = self.height * self.mode.rows, self.dots
        first = np.floor(upper + 0.5).astype(np.int64)
        last = np.floor(lower + 0.5).astype(np.int64)
        seen = (last >= 0) & (first < rows)
        begin, end = np.full(width, rows), np.full(width, -1)
        np.minimum.at(begin, columns[seen], first[seen])
        np.maximum.at(end, columns[seen], last[seen])
        every = np.arange(rows)[:, None]
        covered: NDArray[np.bool_] = (every >= begin) & (every <= end)
        return covered


def _pieces(columns: Columns, rows_of: Callable[[Array], Array], width: int) -> tuple[NDArray[np.int64], Array, Array]:
    """Return the vertical pieces of a curve: column, upper row and lower row, ``[K]`` each.

    A piece is a column's own span, or the part within a column of the line from one column's last value to the next
    one's first value.
    """
    number = columns.column
    own = (number >= 0) & (number < width) & ~np.isnan(columns.low)
    joined = np.flatnonzero(np.isfinite(columns.last[:-1]) & np.isfinite(columns.first[1:]))
    left, right = number[joined], number[joined + 1]
    from_row, to_row = rows_of(columns.last[joined]), rows_of(columns.first[joined + 1])
    first, last = np.clip(left, 0, width - 1), np.clip(right, 0, width - 1)
    counts = last - first + 1
    which = np.repeat(np.arange(len(joined)), counts)
    across = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts) + first[which]
    length = (right - left)[which]
    begin = np.clip((across - 0.5 - left[which]) / length, 0, 1)
    end = np.clip((across + 0.5 - left[which]) / length, 0, 1)
    rise = (to_row - from_row)[which]
    one, other = from_row[which] + begin * rise, from_row[which] + end * rise
    return (
        np.concatenate([number[own], across]),
        np.concatenate([rows_of(columns.high[own]), np.minimum(one, other)]),
        np.concatenate([rows_of(columns.low[own]), np.maximum(one, other)]),
    )
