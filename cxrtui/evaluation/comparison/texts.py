"""Writes the numbers of a comparison as text, for the terminal and for the screen alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cxrtui.evaluation.comparison.compare import Comparison
from cxrtui.evaluation.comparison.paired import Paired
from cxrtui.evaluation.comparison.results import METRICS, Value
from cxrtui.runs.describe import percent
from cxrtui.statistics.estimate import Estimate

TITLES = {metric: "AUROC" if metric == "auroc" else metric for metric in METRICS}
EXACT = "*"
"""The mark of an interval from counts alone."""


def value_texts(metric: str, value: Value) -> tuple[str, str]:
    """Return a metric with its counts, and its interval; the interval is empty if there is none."""
    estimate = value.estimate
    number = _auroc(estimate.value) if metric == "auroc" else percent(estimate.value)
    counts = f" {value.count}/{value.of}" if value.of else ""
    if not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return number + counts, ""
    low, high = (_auroc(end) if metric == "auroc" else f"{100 * end:.1f}" for end in (estimate.low, estimate.high))
    return number + counts, f"[{low}–{high}]{EXACT if value.method == 'exact' else ''}"


def difference_texts(metric: str, estimate: Estimate) -> tuple[str, str]:
    """Return the difference of a metric to the reference, percentages in percentage points, and its interval."""
    if not math.isfinite(estimate.value):
        return "–", ""

    def text(value: float) -> str:
        number = f"{value:+.3f}" if metric == "auroc" else f"{100 * value:+.1f}"
        return number[1:] if not number.strip("+-0.") else number.replace("-", "−")

    unit = "" if metric == "auroc" else " pp"
    ends = [text(end).removeprefix("+") for end in (estimate.low, estimate.high) if math.isfinite(end)]
    return text(estimate.value) + unit, f"[{', '.join(ends)}]" if len(ends) == 2 else ""


def excludes_zero(estimate: Estimate) -> bool:
    """Return whether the interval of a difference does not contain 0."""
    return estimate.low > 0 or estimate.high < 0


def footnotes(comparison: Comparison, split: str) -> list[str]:
    """Return sentences on how the numbers of `split` were made and what they do not say."""
    results = [item for item in comparison.results.get(split, ()) if item is not None]
    paired = [item for item in comparison.paired.get(split, ()) if item is not None and item.values]
    methods = {value.method for item in results for value in item.values.values()}
    found = []
    if methods & {"bootstrap", "logged"}:
        found.append("Intervals of 95 % are by the bootstrap over patients.")
    if "exact" in methods:
        found.append(f"Intervals with {EXACT} are exact binomial ones (Clopper-Pearson), from counts alone.")
    if paired:
        found.append("Differences are film by film, and their intervals are by the bootstrap over patients.")
        found += _detectable(paired)
        if len(paired) == 1 and paired[0].delong is not None and paired[0].delong.p == paired[0].delong.p:
            found.append(f"DeLong's test of the AUROC, film by film: p = {paired[0].delong.p:.3g}.")
    if len(paired) > 1:
        found.append(f"Of {len(paired)} differences in a column, chance alone may make one look certain.")
    if split == "validation" and results:
        found.append("The best epoch was chosen on these films, so their results are better than on new ones.")
    return found


def _detectable(paired: Sequence[Paired]) -> list[str]:
    """Return a sentence on the differences that would have stayed hidden, the largest of several pairs."""
    largest = {metric: max((item.detectable[metric] for item in paired if item.detectable[metric] > 0), default=0.0)
               for metric in METRICS}  # fmt: skip
    shown = [f"{TITLES[metric]} {value:.3f}" if metric == "auroc" else f"{TITLES[metric]} {100 * value:.1f} pp"
             for metric, value in largest.items() if value > 0]  # fmt: skip
    return [f"These films show a difference of this size four times in five, and may hide a smaller one: "
            f"{', '.join(shown)}."] if shown else []  # fmt: skip


def _auroc(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"
