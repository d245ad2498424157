"""A number over several trainings: mean, standard deviation and range."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Spread:
    """A metric over several trainings."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean; NaN of nothing."""
        return float(np.mean(self.values)) if self.values else math.nan

    @property
    def deviation(self) -> float:
        """The sample standard deviation; NaN of fewer than two."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else math.nan

    @property
    def text(self) -> str:
        """Mean, deviation and range, for people."""
        if len(self.values) < 2:
            return f"{self.mean:.4f}"
        return f"{self.mean:.4f} ± {self.deviation:.4f} ({min(self.values):.4f} to {max(self.values):.4f})"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"mean": self.mean, "deviation": self.deviation, "values": list(self.values)}
