"""Writes to the terminal only the cells that differ from what it shows.

Textual writes whole lines of whatever was laid out anew: a dialog in front of the monitor is 200 KB at 200×50. That is
slow over ssh, and what a terminal reads it must also parse. This remembers each cell that was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.cells import get_character_cell_size
from rich.color import ColorSystem
from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

Cell = tuple[str, str] | None
"""The sequence that sets the style, and the character; "" is the second half of a wide one, None is unknown."""

_NARROW = re.compile("[ -~\u00a0-\u00ac\u00ae-\u02ff\u2500-\u259f\u2800-\u28ff…–—×·]*").fullmatch
_WIDEST = 2  # cells of a character
_GAP = 6  # equal cells that are written again rather than jumped over


class Written(CompositorUpdate):
    """A text for the terminal."""

    def __init__(self, text: str) -> None:
        self._text = text

    def render_segments(self, console: Console) -> str:
        """Return the text."""
        del console
        return self._text


class Shown:
    """What the terminal shows, line by line."""

    def __init__(self) -> None:
        self._lines: list[list[Cell]] = []

    def forget(self) -> None:
        """Take nothing for granted: the terminal was cleared, or others wrote to it."""
        self._lines = []

    def reduced(self, update: CompositorUpdate, console: Console) -> CompositorUpdate:
        """Return what of `update` is not shown yet, and take it as shown from now on."""
        if isinstance(update, LayoutUpdate):
            size = update.region
            if len(self._lines) != size.height or any(len(line) != size.width for line in self._lines):
                self._lines = [[None] * size.width for _ in range(size.height)]
            pieces = _whole_lines(update)
        elif isinstance(update, ChopsUpdate) and self._lines:
            pieces = _parts_of_lines(update)
        else:
            self.forget()
            return update
        system = console._color_system or ColorSystem.TRUECOLOR
        text = "".join(self._write(x, y, strips, system) for x, y, strips in pieces if y < len(self._lines))
        return Written(text)

    def _write(self, x: int, y: int, strips: Sequence[Strip], system: ColorSystem) -> str:
        cells = _cells(strips, system)
        line = self._lines[y]
        end = x + sum(strip.cell_length for strip in strips)
        if cells is None or end > len(line):
            before_it = max(0, x - _WIDEST)  # a mark that comes first is drawn over the character before it
            line[before_it:end] = [None] * (min(end, len(line)) - before_it)
            segments = [segment for strip in strips for segment in strip]
            return Control.move_to(x, y).segment.text + "".join(
                Strip.render_style(style, text, system) if style else text for text, style, _ in segments
            )
        before = line[x:end]
        if cells == before:
            return ""
        line[x:end] = cells
        return "".join(_sequence(cells, start, stop, x, y) for start, stop in _changed(cells, before))


def _whole_lines(update: LayoutUpdate) -> Iterator[tuple[int, int, list[Strip]]]:
    for y, strips in enumerate(update.strips, update.region.y):
        yield update.region.x, y, [strip for strip in strips if strip is not None]


def _parts_of_lines(update: ChopsUpdate) -> Iterator[tuple[int, int, list[Strip]]]:
    """Yield what `ChopsUpdate.render_segments` writes."""
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x > x2 or end <= x1:
                continue
            whole = x2 > x >= x1 and end <= x2
            part = strip if whole else strip.crop(0, min(end, x2) - x)
            if part.cell_length:
                yield x, y, [part]


def _cells(strips: Sequence[Strip], system: ColorSystem) -> list[Cell] | None:
    """Return the cells of a line; None if it has something that takes no cell of its own, as a link or a control."""
    cells: list[Cell] = []
    for strip in strips:
        for text, style, control in strip:
            if control or (style is not None and style._link):
                return None
            codes = "" if style is None else style._ansi
            if codes is None:
                codes = Strip.render_ansi(style, system)  # type: ignore[arg-type]
            look = f"\x1b[0;{codes}m" if codes else "\x1b[0m"
            if _NARROW(text):
                cells += [(look, character) for character in text]
                continue
            for character in text:
                width = get_character_cell_size(character)
                if width not in (1, 2):
                    return None
                cells += [(look, character), (look, "")][:width]
    return cells


def _changed(cells: list[Cell], before: list[Cell]) -> Iterator[tuple[int, int]]:
    """Yield the ranges of cells that differ; ranges near each other are one."""
    start = last = -1
    for index, (new, old) in enumerate(zip(cells, before, strict=True)):
        if new == old:
            continue
        if start < 0:
            start = index
        elif index - last > _GAP:
            yield start, last + 1
            start = index
        last = index
    if start >= 0:
        yield start, last + 1


def _sequence(cells: list[Cell], start: int, stop: int, x: int, y: int) -> str:
    while start and cells[start] is not None and not cells[start][1]:  # type: ignore[index]
        start -= 1  # half of a wide character
    parts, last = [Control.move_to(x + start, y).segment.text], ""
    for look, character in cells[start:stop]:  # type: ignore[misc]
        if look != last:
            parts.append(look)
            last = look
        parts.append(character)
    return "".join(parts) + "\x1b[0m"
