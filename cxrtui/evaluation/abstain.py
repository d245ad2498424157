"""Leaves films without an answer whose probability is near the threshold, and says what that costs and brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrtui.statistics import metrics
from cxrtui.statistics.binomial import clopper_pearson
from cxrtui.statistics.bootstrap import SEED, bootstrap, ratio
from cxrtui.statistics.estimate import Estimate
from cxrtui.statistics.operating_point import confusion, rates

_STEPS = 21  # margins of the curve


@dataclass(frozen=True, eq=False)
class Abstention:
    """The answers that are left if films nearer to the threshold than `margin` get none.

    Attributes:
        margin: of the calibrated probability.
        coverage: the share of films with an answer.
        estimates: `statistics.metrics.METRICS` of these films.
        counts: their confusion matrix.
        curve: for margins from 0 up: margin, coverage, accuracy, sensitivity and specificity of the answers.
    """

    margin: float
    coverage: Estimate
    estimates: Mapping[str, Estimate]
    counts: Mapping[str, int]
    curve: Sequence[Sequence[float]]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"margin": self.margin, "coverage": self.coverage.as_dict(), "counts": dict(self.counts),
                "estimates": metrics.named(self.estimates), "curve": [list(point) for point in self.curve]}  # fmt: skip


def abstain(
    labels: NDArray[Any], shown: NDArray[np.float64], threshold: float, patients: Sequence[str], margin: float,
    *, prevalence: float | None = None,
) -> Abstention:  # fmt: skip
    """Return what is left of the answers.

    Args:
        labels: ``[N]`` integers, 1 is positive.
        shown: ``[N]``, calibrated probabilities.
        threshold: a film is predicted positive at or above it.
        patients: ``[N]``.
        margin: a film whose probability is nearer to the threshold than this gets no answer.
        prevalence: as in `statistics.metrics.estimates`.
    """
    distance = np.abs(shown - threshold)
    answered = distance >= margin
    kept = [name for name, keep in zip(patients, answered, strict=True) if keep]
    estimates = metrics.estimates(labels[answered], shown[answered], threshold, kept, prevalence=prevalence)
    coverage = bootstrap(ratio(answered, np.ones(len(answered))), patients, seed=SEED)
    if not coverage.low < coverage.high:
        low, high = clopper_pearson(coverage.patients if coverage.value else 0, coverage.patients)
        coverage = Estimate(coverage.value, low, high, coverage.n, coverage.patients, exact=True)
    curve = []
    for at in np.linspace(0.0, max(threshold, 1.0 - threshold), _STEPS):
        own = distance >= at
        found = rates(confusion(labels[own], shown[own], threshold))
        curve.append([round(float(value), 5) for value in (at, own.mean(), *found.values())])
    return Abstention(margin, coverage, estimates, confusion(labels[answered], shown[answered], threshold), curve)
