"""What every event has."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

VERSION = 1

EARLIEST, LATEST = 0.0, 253_402_300_799.0
"""Limits of an event's time, in seconds since the epoch: Python's clock shows no year after 9999."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened in a run, at `time`."""

    time: float = field(default_factory=time.time)
