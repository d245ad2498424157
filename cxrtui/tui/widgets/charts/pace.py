"""Decides how often a screen draws its curves, so that drawing costs neither a training nor a slow line much."""

from __future__ import annotations

import math
import time

SHARE = 0.1  # largest fraction of the time that is spent on curves; the training needs the cores
MOST = 2.0  # seconds
BYTES = 7_000.0  # a second, which a slow line carries beside the keys; large charts are drawn less often


class Pace:
    """The times of the last and the next drawing, and how many bytes had been written to the terminal by the last."""

    def __init__(self, every: float = 0.0) -> None:
        """Wait `every` seconds at least between two drawings."""
        self._every = every
        self._next, self._last = 0.0, -math.inf
        self._written = 0

    def is_due(self, written: int = 0) -> bool:
        """Return whether to draw now; `written` bytes have gone to the terminal, and the line had to carry them."""
        now = time.monotonic()
        return now >= self._next and now >= self._last + (written - self._written) / BYTES

    def begin(self, written: int = 0) -> float:
        """Note that a drawing begins, and return the time for `end`."""
        self._last, self._written = time.monotonic(), written
        self._next = self._last + self._every
        return self._last

    def end(self, begin: float, written: int = 0) -> None:
        """Delay the next drawing by the time that the one since `begin` took, and by the bytes that it wrote."""
        now = time.monotonic()
        self._next = max(self._next, now + max(min(MOST, (now - begin) / SHARE), written / BYTES))

    def hurry(self) -> None:
        """Draw as soon as there is something new."""
        self._next, self._last = 0.0, -math.inf
