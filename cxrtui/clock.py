"""A clock that stands still while this process is stopped: by Ctrl-Z, by a batch system, or with the whole machine."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

_STOPPED = 5.0  # seconds between two readings of a clock, from which the process was stopped meanwhile


@dataclass
class Clock:
    """Counts the seconds in which this process was not stopped; it is read several times a second."""

    _read: float = field(default_factory=time.monotonic)
    _stopped: float = 0.0

    def now(self) -> float:
        """Return seconds since a time that does not change."""
        before, self._read = self._read, time.monotonic()
        if (gap := self._read - before) > _STOPPED:
            self._stopped += gap
        return self._read - self._stopped
