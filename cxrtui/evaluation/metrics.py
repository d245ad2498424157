"""Computes the metrics of a validation or a test from labels and probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrtui.statistics.operating_point import THRESHOLD, confusion, rates
from cxrtui.statistics.ranking import auroc


def metrics(
    labels: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    loss: float = float("nan"),
    threshold: float = THRESHOLD,
) -> dict[str, float]:
    """Return loss, accuracy, AUROC, sensitivity and specificity; NaN if a class is absent or a score is no number.

    Args:
        labels: ``[N]`` integers, 1 is positive.
        probabilities: ``[N]`` float, of the positive class.
        loss: the loss, which is returned unchanged.
        threshold: the operating point of all metrics but the AUROC.
    """
    found = rates(confusion(labels, probabilities, threshold))
    return {
        "loss": float(loss),
        "accuracy": found["accuracy"],
        "auroc": auroc(labels, probabilities),
        "sensitivity": found["sensitivity"],
        "specificity": found["specificity"],
    }
