"""The numbers that a binary classifier is read by, all from one table of labels and probabilities.

Terms as in STARD 2015: sensitivity = TP / (TP + FN), specificity = TN / (TN + FP); AUROC is the probability that a
positive film scores above a negative one (ties count one half).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 0.5


def confusion(
    labels: NDArray[np.int32], probabilities: NDArray[np.floating[Any]], threshold: float = THRESHOLD
) -> dict[str, int]:
    """Counts at an operating point.

    Args:
        labels: ``[N]`` int32, 1 is positive.
        probabilities: ``[N]`` float, of the positive class.
        threshold: a film is called positive at or above it.

    Returns:
        ``tp, fp, tn, fn, positive, negative, films``.
    """
    called = np.asarray(probabilities) >= threshold
    truth = np.asarray(labels) == 1
    tp, fp = int(np.sum(called & truth)), int(np.sum(called & ~truth))
    fn, tn = int(np.sum(~called & truth)), int(np.sum(~called & ~truth))
    return {"tp": tp, "fp": fp, "tn": tn, "fn": fn, "positive": tp + fn, "negative": tn + fp, "films": truth.size}


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def metrics(
    labels: NDArray[np.int32],
    probabilities: NDArray[np.floating[Any]],
    loss: float = float("nan"),
    threshold: float = THRESHOLD,
) -> dict[str, float]:
    """Loss, accuracy, AUROC, sensitivity and specificity; NaN where a class is absent or a score is no number.

    Args:
        labels: ``[N]`` int32, 1 is positive.
        probabilities: ``[N]`` float, of the positive class.
        loss: passed through.
        threshold: the operating point of all but the AUROC.
    """
    from sklearn.metrics import roc_auc_score

    counts = confusion(labels, probabilities, threshold)
    rankable = counts["positive"] > 0 and counts["negative"] > 0 and bool(np.all(np.isfinite(probabilities)))
    return {
        "loss": float(loss),
        "accuracy": _ratio(counts["tp"] + counts["tn"], counts["films"]),
        "auroc": float(roc_auc_score(labels, probabilities)) if rankable else float("nan"),
        "sensitivity": _ratio(counts["tp"], counts["positive"]),
        "specificity": _ratio(counts["tn"], counts["negative"]),
    }
