"""Holds a number together with its uncertainty and the number of films and patients behind it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

CONFIDENCE = 0.95
"""How often an interval is to cover the true value. All intervals have this level, so that they can be compared."""


@dataclass(frozen=True)
class Estimate:
    """A statistic and its interval at the level `CONFIDENCE`.

    Attributes:
        value: the statistic on all films, in its own unit; NaN where it is undefined.
        low: lower end of the interval, NaN where there is none.
        high: upper end of the interval, NaN where there is none.
        n: how many films it was computed from.
        patients: how many patients these films are of; a film whose patient is not known counts as one patient.
    """

    value: float
    low: float
    high: float
    n: int
    patients: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as an event or a JSON report holds them; `strict_json` writes NaN as null."""
        return asdict(self)
