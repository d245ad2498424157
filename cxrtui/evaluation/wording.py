"""Writes metrics and their intervals as text, the same in the terminal, in a report and on a card."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

PERCENT = frozenset(("accuracy", "balanced_accuracy", "sensitivity", "specificity", "ppv", "npv"))
"""Metrics that are shown as percentages."""
ORDER = ("auroc", "sensitivity", "specificity", "accuracy", "balanced_accuracy", "ppv", "npv",
         "positive_likelihood_ratio", "negative_likelihood_ratio", "average_precision", "f1", "mcc", "brier",
         "ece")  # fmt: skip
"""The metrics in the order in which they are shown."""
_TITLES = {
    "auroc": "AUROC", "average_precision": "average precision", "balanced_accuracy": "balanced accuracy", "ppv": "PPV",
    "npv": "NPV", "positive_likelihood_ratio": "LR+", "negative_likelihood_ratio": "LR−", "f1": "F1", "mcc": "MCC",
    "brier": "Brier score", "ece": "ECE",
}  # fmt: skip


def title(metric: str) -> str:
    """Return a metric's name as it is shown."""
    return _TITLES.get(metric, metric)


def number(metric: str, value: Any) -> str:
    """Return a value of a metric as text: a percentage, or a number with three digits; a dash if there is none."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞"
    text = f"{value:.2f}" if metric.endswith("ratio") else f"{value:.3f}"
    return (f"{100 * value:.1f}" if metric in PERCENT else text).replace("-", "−")


def estimate(metric: str, body: Mapping[str, Any] | None) -> str:
    """Return a metric with its interval, as ``93.4 % [88.1–97.0]``; a star marks an exact binomial one."""
    if body is None:
        return "–"
    text = number(metric, body.get("value")) + (" %" if metric in PERCENT and body.get("value") is not None else "")
    low, high = body.get("low"), body.get("high")
    if low is None or math.isnan(low):
        return text
    end = number(metric, high) if high is not None else "∞"
    return f"{text} [{number(metric, low)}{' to ' if low < 0 else '–'}{end}]{'*' if body.get('exact') else ''}"


def signed(metric: str, value: float) -> str:
    """Return a difference of a metric as text, without its unit."""
    return (f"{100 * value:.1f}" if metric in PERCENT else f"{value:.3f}").replace("-", "−")
