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
        exact: whether the interval is the exact binomial one of a count; else it is by the bootstrap over patients.
    """

    value: float
    low: float
    high: float
    n: int
    patients: int
    exact: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as an event or a JSON report holds them; `strict_json` writes NaN as null.

        `exact` is there only if it is true.
        """
        values = asdict(self)
        if not self.exact:
            del values["exact"]
        return values
