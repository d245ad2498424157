"""Collects garbage while no key is pressed.

Screens of Textual hold hundreds of thousands of objects, and a full collection visits all of them: it held up a key by
0.1 to 0.3 s, at every second key. Young objects are still collected as ever, which takes 2 ms.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

PAUSE_SECONDS = 4.0
"""Seconds without a key after which a full collection may run."""
EVERY_SECONDS = 30.0
AT_MOST_SECONDS = 180.0
"""Seconds after which it runs although keys are pressed, so that memory stays bounded."""
FEW = 10
"""Collections of the middle generation since the last full one below which there is nothing to gain."""
_YOUNG = 700, 10
"""Python's own thresholds: a key waits 2 ms at most."""
_NEVER = 1 << 30


class Collecting:
    """Decides when a full collection runs."""

    def __init__(self, typed_at: Callable[[], float], now: Callable[[], float] = time.monotonic) -> None:
        """Take over from the interpreter once `begin` is called.

        Args:
            typed_at: returns when the last key was pressed, by the clock `now`.
            now: a clock in seconds.
        """
        self._typed_at, self._now = typed_at, now
        self._collected_at = now()
        self._begun = False

    def begin(self) -> None:
        """Leave out what is imported by now, and let the interpreter run no full collection by itself."""
        gc.freeze()
        gc.set_threshold(*_YOUNG, _NEVER)
        self._collected_at, self._begun = self._now(), True

    def look(self) -> bool:
        """Collect if it is time, and return whether it was; call this every second or so."""
        now = self._now()
        since = now - self._collected_at
        pausing = since > EVERY_SECONDS and now - self._typed_at() > PAUSE_SECONDS
        if not (self._begun and (pausing or since > AT_MOST_SECONDS)) or gc.get_count()[2] < FEW:
            return False
        gc.collect()
        self._collected_at = self._now()
        return True
