"""Says in sentences what an evaluation has besides its table of numbers, the same in the terminal and the dashboard.

All of it takes plain values, of `evaluate` or of a run's ``evaluation/<split>.json``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size

from cxrtui.evaluation.wording import PERCENT, estimate, signed, title
from cxrtui.printable import in_list

OF_BOTH_CLASSES = frozenset(("ppv", "npv", "average_precision", "f1"))
"""Metrics that have a value on films of one class, which follows from that and says nothing of the classifier."""
OF_GROUPS = ("auroc", "sensitivity", "specificity")
"""The metrics of a table by groups."""


def of_one_class(counts: Mapping[str, int]) -> bool:
    """Return whether films of one class are all there are."""
    return not counts["positive"] or not counts["negative"]


def one_class(counts: Mapping[str, int], labels: Sequence[str] = ("", "")) -> str:
    """Return what films of one class cannot tell; empty if there are films of both, or none at all."""
    if not of_one_class(counts) or not counts["films"]:
        return ""
    kind = "positive" if counts["positive"] else "negative"
    name = labels[1] if counts["positive"] else labels[0]
    return (
        f"All {counts['films']} films are {kind}{f' ({in_list(name)})' if name else ''}: PPV, NPV, average precision "
        "and F1 say nothing of the classifier, and there is no AUROC."
    )


def intervals(body: Mapping[str, Any]) -> str:
    """Return how the intervals were made."""
    stars = any(item.get("exact") for item in body["estimates"].values())
    return (
        f"Intervals are 95 % ones by the bootstrap over patients, {body['intervals']['draws']:,} draws"
        + ("; * is an exact binomial one." if stars else ".")
    )  # fmt: skip


def prevalence(body: Mapping[str, Any]) -> str:
    """Return for which share of positives PPV and NPV hold."""
    whose = "as stated" if body.get("prevalence_stated") else "that of these films"
    return f"PPV and NPV hold at a prevalence of {100 * body['prevalence']:.1f} %, {whose}."


def drawn_at(body: Mapping[str, Any]) -> str:
    """Return at which share of positives the curves are drawn; empty if that is the one for which PPV and NPV hold."""
    if not body.get("prevalence_stated"):
        return ""
    share = body["counts"]["positive"] / body["counts"]["films"]
    return f"Precision and net benefit are drawn at the prevalence of these films, {100 * share:.1f} %."


def augmented(body: Mapping[str, Any]) -> str:
    """Return over how many changes of a film its probability is a mean; empty if over none."""
    if not body.get("augmented"):
        return ""
    return (f"Probabilities are means over each film and {body['augmented']} random changes of it; the calibration is "
            "that of the films alone.")  # fmt: skip


def operating_point(point: Mapping[str, Any]) -> str:
    """Return the threshold, its rule, and what that realised on the validation films."""
    text = f"positive from a probability of {point['threshold']:.4g} (rule {point['rule']})"
    if found := point.get("on_validation"):
        text += (f"; on {found['films']:.0f} validation films sensitivity {100 * found['sensitivity']:.1f} %, "
                 f"specificity {100 * found['specificity']:.1f} %")  # fmt: skip
    return text


def realised(point: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was realised on these films, beside each target of the rule."""
    for metric, level in (point.get("target") or {}).items():
        here = estimate(metric, point["realised"][metric])
        yield f"{metric} {here} where {100 * level:g} % was the target"


def not_applied(point: Mapping[str, Any]) -> str:
    """Return why the rule could not be applied; empty if it was."""
    return f"the rule could not be applied: {point['why']}" if point.get("why") else ""


def calibration(found: Mapping[str, Any]) -> str:
    """Return by what the probabilities are calibrated."""
    if found["method"] == "none":
        return f"none: {found['why']}" if found.get("why") else "none"
    how = "isotonic"
    if "temperature" in found:
        bias = f" and bias {found['bias']:+.3g}" if "bias" in found else ""
        how = f"temperature {found['temperature']:.3g}{bias}".replace("-", "−")
    return f"{how}, fitted on {found['films']} validation films"


def calibration_errors(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the errors of the probabilities before and after their calibration; none without one."""
    for metric in ("ece", "brier") if found["method"] != "none" else ():
        before, after = (estimate(metric, found[when][metric]) for when in ("before", "after"))
        yield f"{title(metric)} {before} before, {after} after"


def few(table: Mapping[str, Any]) -> str:
    """Return what marks a metric of a small group; empty if none is marked."""
    return "~ rests on fewer than 10 patients of a class" if any(group["few"] for group in table["groups"]) else ""


def gaps(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the largest gap of each metric between two groups that are not small."""
    for metric in OF_GROUPS:
        if metric not in (table.get("gaps") or {}):
            continue
        gap = table["gaps"][metric]
        difference = gap["difference"]
        if difference["value"] == 0:
            yield f"no gap in {title(metric)}"
            continue
        unit = " percentage points" if metric in PERCENT else ""
        ends = ""
        if difference["low"] is not None and not math.isnan(difference["low"]):
            ends = f" [{signed(metric, difference['low'])} to {signed(metric, difference['high'])}]"
        yield (
            f"largest gap in {title(metric)}: {signed(metric, difference['value'])}{unit}{ends}, "
            f"{_brief(gap['best'])} over {_brief(gap['worst'])}"
            + (f" (of {gap['pairs']} pairs)" if gap["pairs"] > 1 else "")
        )  # fmt: skip


def within(table: Mapping[str, Any]) -> str:
    """Return the AUROC of films of one group beside that of all; empty if there is none."""
    areas = table["auroc"]
    if areas["within"]["value"] is None or math.isnan(areas["within"]["value"]):
        return ""
    return (f"AUROC {estimate('auroc', areas['pooled'])} pooled, {estimate('auroc', areas['within'])} within one "
            f"{in_list(table['column'])}")  # fmt: skip


def short(metric: str, group: Mapping[str, Any]) -> str:
    """Return a metric of a group in 15 characters, marked if it rests on few patients."""
    body = group["estimates"][metric]
    value, low, high = (body.get(key) for key in ("value", "low", "high"))
    if value is None or math.isnan(value):
        return "–"
    ends = ""
    if low is not None and not math.isnan(low):
        ends = f" {100 * low:.0f}–{100 * high:.0f}" if metric in PERCENT else f" {low:.2f}–{high:.2f}"
    text = f"{100 * value:.0f} %" if metric in PERCENT else f"{value:.2f}"
    return f"{'~' if metric in group['few'] else ''}{text}{ends}"


def abstaining(body: Mapping[str, Any]) -> str:
    """Return how many films have an answer if those near the threshold get none."""
    coverage, counts = body["coverage"], body["counts"]
    return (
        f"{counts['films']} of {coverage['n']} films, {estimate('accuracy', coverage)}, have an answer if those within "
        f"{body['margin']:g} of the threshold get none:"
    )


def abstained(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield the metrics of the films that have an answer."""
    for metric in ("accuracy", "sensitivity", "specificity", "auroc"):
        yield f"{title(metric)} {estimate(metric, body['estimates'][metric])}"


def against(body: Mapping[str, Any]) -> str:
    """Return with which classifier this one is compared, or why it cannot be."""
    name = in_list(body["model"])
    if body.get("why_not"):
        return f"no comparison with {name}: {body['why_not']}"
    return f"minus {name}, film by film; {body['films_differing']} films are right for one alone"


def cut(text: str, width: int) -> str:
    """Return `text` in exactly `width` cells of a terminal, cut with dots if it is longer."""
    return set_cell_size(text, width) if cell_len(text) < width else set_cell_size(text, width - 2) + "… "


def _brief(name: str) -> str:
    """Return the name of a group in at most 30 cells."""
    text = in_list(name)
    return text if cell_len(text) <= 30 else cut(text, 30).rstrip()
