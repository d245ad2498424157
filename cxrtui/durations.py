"""Durations and ages as text, which is the same on the screens, in plain output and in tables."""

from __future__ import annotations

import math

_UNITS = (("d", 86400), ("h", 3600), ("min", 60))


def age(seconds: float) -> str:
    """Return an age as a whole number of one unit: ``30 s``, ``50 min``, ``8 h``, ``2 d``."""
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds) if seconds > 0 else 0} s"


def duration(seconds: float | None) -> str:
    """Return a duration as ``48 s``, ``3 min 20 s``, ``2 h 05 min`` or ``3 d``; a dash if it is unknown."""
    if seconds is None or not 0 <= seconds < math.inf:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d"
