"""Draws points and lines with characters: Braille where the terminal has UTF-8, else stars."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence

from cxrtui.console.terminal import raw

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a Braille cell, by row and column
Point = Sequence[float]


def braille() -> bool:
    """Return whether stdout can show Braille."""
    return (getattr(raw(sys.stdout), "encoding", None) or "").lower().replace("-", "") == "utf8"


class Canvas:
    """A field of `width` by `height` characters on which points of ``[0, 1]`` by a range of y are drawn.

    Args:
        width: characters.
        height: characters.
        low: y of the lower edge.
        high: y of the upper edge; greater than `low`.
        fine: whether to draw with Braille, 2 by 4 points in a character.
    """

    def __init__(self, width: int, height: int, low: float = 0.0, high: float = 1.0, *, fine: bool = True) -> None:
        self.width, self.height, self.low, self.high, self.fine = width, height, low, high, fine
        self._across, self._down = (2, 4) if fine else (1, 1)
        self._cells = [[0] * width for _ in range(height)]

    def point(self, x: float, y: float) -> None:
        """Draw one point; one outside is left out."""
        share = (y - self.low) / (self.high - self.low)
        if not (0.0 <= x <= 1.0 and 0.0 <= share <= 1.0):
            return
        column = min(self.width * self._across - 1, int(x * self.width * self._across))
        row = min(self.height * self._down - 1, int((1.0 - share) * self.height * self._down))
        dot = _DOTS[row % 4][column % 2] if self.fine else 1
        self._cells[row // self._down][column // self._across] |= dot

    def line(self, points: Iterable[Point]) -> None:
        """Draw straight lines from point to point; a point that is not finite ends a line."""
        before: Point | None = None
        for x, y in points:
            if not (math.isfinite(x) and math.isfinite(y)):
                before = None
                continue
            if before is None:
                self.point(x, y)
            else:
                across = abs(x - before[0]) * self.width * self._across
                up = abs(y - before[1]) / (self.high - self.low) * self.height * self._down
                steps = max(1, math.ceil(2 * max(across, up)))
                for step in range(steps + 1):
                    at = step / steps
                    self.point(before[0] + at * (x - before[0]), before[1] + at * (y - before[1]))
            before = (x, y)

    def rows(self) -> list[str]:
        """Return the drawing, one text a row, each of `width` characters."""
        return ["".join(self._character(cell) for cell in row) for row in self._cells]

    def _character(self, cell: int) -> str:
        return " " if not cell else chr(0x2800 + cell) if self.fine else "*"


def framed(canvas: Canvas, title: str, below: str) -> list[str]:
    """Return the drawing with a title, the ends of both axes and a text below: `width` + 7 characters a row."""
    fine = canvas.fine
    side, corner, along = ("│", "└", "─") if fine else ("|", "+", "-")
    marks = {0: f"{canvas.high:.2g}", canvas.height - 1: f"{canvas.low:.2g}"}
    rows = [f"{'':7}{title:<{canvas.width}}"[: canvas.width + 7]]
    rows += [f"{marks.get(place, ''):>5} {side}{row}" for place, row in enumerate(canvas.rows())]
    rows.append(f"{'':6}{corner}{along * canvas.width}")
    ends = f"0{below:^{canvas.width - 2}}1"
    return [*rows, f"{'':7}{ends[: canvas.width]}"]
