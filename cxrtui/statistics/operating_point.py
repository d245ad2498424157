"""Evaluates predictions at one threshold: counts, accuracy, sensitivity, specificity.

The terms are those of STARD 2015 (Bossuyt et al., BMJ 351:h5527): sensitivity = TP / (TP + FN), specificity =
TN / (TN + FP).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 0.5  # of the probability of the positive class


def confusion(
    labels: NDArray[np.integer[Any]], probabilities: NDArray[np.floating[Any]], threshold: float = THRESHOLD
) -> dict[str, int]:
    """Count the predictions at an operating point.

    Args:
        labels: ``[N]`` integers, 1 is positive.
        probabilities: ``[N]`` floats, of the positive class.
        threshold: a film is predicted positive at or above it.

    Returns:
        ``tp, fp, tn, fn, positive, negative, films``.
    """
    predicted = np.asarray(probabilities) >= threshold
    truth = np.asarray(labels) == 1
    tp, fp = int(np.sum(predicted & truth)), int(np.sum(predicted & ~truth))
    fn, tn = int(np.sum(~predicted & truth)), int(np.sum(~predicted & ~truth))
    return {"tp": tp, "fp": fp, "tn": tn, "fn": fn, "positive": tp + fn, "negative": tn + fp, "films": truth.size}


def rates(counts: Mapping[str, int]) -> dict[str, float]:
    """Return ``accuracy, sensitivity, specificity`` from the counts of `confusion`; NaN if there is no such film."""

    def share(some: int, whole: int) -> float:
        return some / whole if whole else float("nan")

    return {
        "accuracy": share(counts["tp"] + counts["tn"], counts["films"]),
        "sensitivity": share(counts["tp"], counts["positive"]),
        "specificity": share(counts["tn"], counts["negative"]),
    }
