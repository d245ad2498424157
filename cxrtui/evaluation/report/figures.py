"""Draws the curves of an evaluation from plain numbers, each with its text alternative.

No text from outside is drawn: the classes are called positive and negative, and the page says what these are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from cxrtui.evaluation.report.blocks import Figure
from cxrtui.evaluation.report.svg import COLOURS, drawn, legend
from cxrtui.evaluation.sentences import of_one_class

POSITIVE, NEGATIVE, MUTED, ACCENT, TEXT = (
    COLOURS[name] for name in ("positive", "negative", "muted", "accent", "text")
)
_BIN_SHARE = 0.44  # of a bin's width, for the bar of one class


def evaluation_figures(curves: Mapping[str, Any], counts: Mapping[str, int], key: str) -> list[Figure]:
    """Return the figures for which there are numbers; of films of one class, only those that say something.

    Args:
        curves: as `measures` gives them, or a file holds them.
        counts: of the evaluation; they give the point of the threshold.
        key: the beginning of the names of the figures' parts, unlike that of every other evaluation.
    """
    if of_one_class(counts):
        curves = {"scores": curves.get("scores")}
    found = (
        _roc(curves, counts, f"{key}-roc"), _precision_recall(curves, counts, f"{key}-pr"),
        _reliability(curves, f"{key}-reliability"), _scores(curves, f"{key}-scores"),
        _decision(curves, f"{key}-decision"),
    )  # fmt: skip
    return [figure for figure in found if figure is not None]


def points(found: Any) -> list[list[float]]:
    """Return points without those that have a gap."""
    return [[float(value) for value in point] for point in found or () if all(value is not None for value in point)]


def _figure(key: str, title: str, alternative: str, draw: Callable[[Axes], None]) -> Figure:
    return Figure(drawn(key, title, alternative, draw), title)


def _unit(axes: Axes, below: str, beside: str) -> None:
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel=below, ylabel=beside)
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set_yticks(np.linspace(0, 1, 6))


def _roc(curves: Mapping[str, Any], counts: Mapping[str, int], key: str) -> Figure | None:
    found = points(curves.get("roc"))
    if not found:
        return None
    at = _point(counts, ("fp", "negative"), ("tp", "positive"))

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=MUTED, linestyle=":", linewidth=1.2, label="chance")
        axes.plot(*zip(*found, strict=True), color=ACCENT, label="classifier")
        if at:
            axes.plot(*at, "o", color=POSITIVE, label="at the threshold")
        _unit(axes, "1 − specificity", "sensitivity")
        legend(axes)

    rates = [f"{100 * _at(found, rate):.0f} % at {100 * rate:.0f} %" for rate in (0.05, 0.1, 0.2)]
    mark = f" At the threshold: sensitivity {100 * at[1]:.1f} %, 1 − specificity {100 * at[0]:.1f} %." if at else ""
    return _figure(key, "ROC curve", f"Sensitivity over 1 − specificity: {', '.join(rates)}.{mark}", draw)


def _at(found: Sequence[Sequence[float]], rate: float) -> float:
    """Return the highest sensitivity at a false positive rate of at most `rate`."""
    return max((point[1] for point in found if point[0] <= rate + 1e-9), default=0.0)


def _point(counts: Mapping[str, int], *shares: tuple[str, str]) -> list[float]:
    """Return the shares that counts make; empty if one is not known, or of none."""
    pairs = [(counts.get(part), counts.get(of)) for part, of in shares]
    return [part / of for part, of in pairs if part is not None and of] if all(of for _, of in pairs) else []


def _precision_recall(curves: Mapping[str, Any], counts: Mapping[str, int], key: str) -> Figure | None:
    found = points(curves.get("precision_recall"))
    if not found:
        return None
    share = next(iter(_point(counts, ("positive", "films"))), None)

    def draw(axes: Axes) -> None:
        if share is not None:
            axes.axhline(share, color=MUTED, linestyle=":", linewidth=1.2, label="share of positives")
        axes.plot(*zip(*found, strict=True), color=ACCENT, label="classifier")
        _unit(axes, "recall (sensitivity)", "precision (PPV)")
        legend(axes)

    said = []
    for recall in (0.5, 0.8, 0.95):
        precision = max((point[1] for point in found if point[0] >= recall - 1e-9), default=0.0)
        said.append(f"{100 * precision:.0f} % at a recall of {100 * recall:.0f} %")
    chance = f" Guessing has {100 * share:.0f} %." if share is not None else ""
    return _figure(key, "Precision-recall curve", f"Precision: {', '.join(said)}.{chance}", draw)


def _rows(found: Any) -> list[Mapping[str, Any]]:
    return [row for row in found or () if row.get("films")]


def _reliability(curves: Mapping[str, Any], key: str) -> Figure | None:
    after, before = _rows(curves.get("reliability")), _rows(curves.get("reliability_before"))
    if not after:
        return None

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=MUTED, linestyle=":", linewidth=1.2, label="perfect")
        if before and before != after:
            axes.plot([row["probability"] for row in before], [row["share"] for row in before], "s--", color=NEGATIVE,
                      markersize=4, linewidth=1.0, label="before calibration")  # fmt: skip
        shares = np.array([row["share"] for row in after])
        ends = np.array([[row["share_low"] for row in after], [row["share_high"] for row in after]])
        axes.errorbar([row["probability"] for row in after], shares, np.abs(ends - shares), fmt="o-", color=ACCENT,
                      capsize=2, markersize=5, linewidth=1.2, label="as shown, 95 %")  # fmt: skip
        _unit(axes, "probability", "share of positive films")
        legend(axes)

    said = "; ".join(f"{100 * row['probability']:.0f} %: {100 * row['share']:.0f} % of {row['films']}" for row in after)
    return _figure(
        key, "Reliability", f"Mean probability of a bin, and the share of positive films in it: {said}.", draw
    )


def _scores(curves: Mapping[str, Any], key: str) -> Figure | None:
    scores = curves.get("scores") or {}
    negative, positive = (np.array(scores.get(name) or [], float) for name in ("negative", "positive"))
    if not negative.sum() + positive.sum() or len(negative) != len(positive):
        return None
    bins = len(negative)
    middle = (np.arange(bins) + 0.5) / bins

    def draw(axes: Axes) -> None:
        wide = _BIN_SHARE / bins
        axes.bar(middle - wide / 2, negative, wide, color=NEGATIVE, label="negative films")
        axes.bar(middle + wide / 2, positive, wide, color=POSITIVE, hatch="////", edgecolor=COLOURS["page"],
                 linewidth=0, label="positive films")  # fmt: skip
        axes.set(xlim=(0, 1), xlabel="probability", ylabel="films")
        axes.grid(visible=False, axis="x")
        legend(axes)

    half = bins // 2
    return _figure(
        key, "Films by probability",
        f"Below one half are {negative[:half].sum():.0f} of {negative.sum():.0f} negative and "
        f"{positive[:half].sum():.0f} of {positive.sum():.0f} positive films.", draw,
    )  # fmt: skip


def _decision(curves: Mapping[str, Any], key: str) -> Figure | None:
    found = points(curves.get("decision"))
    if not found:
        return None
    at, benefit, every = map(np.array, zip(*found, strict=True))
    high = max(0.02, float(benefit.max()), float(every.max()))

    def draw(axes: Axes) -> None:
        axes.axhline(0.0, color=MUTED, linestyle=":", linewidth=1.2, label="act on none")
        axes.plot(at, every, color=MUTED, linestyle="--", linewidth=1.2, label="act on all")
        axes.plot(at, benefit, color=ACCENT, label="classifier")
        axes.set(xlim=(0, 1), ylim=(-0.25 * high, 1.1 * high), xlabel="threshold", ylabel="net benefit per film")
        legend(axes)

    better = at[benefit > np.maximum(every, 0.0)]
    text = "At no threshold is acting on the classifier better than acting on all or none."
    if len(better):
        text = (f"Acting on the classifier is better than on all or none at thresholds from {better.min():.2f} to "
                f"{better.max():.2f}.")  # fmt: skip
    return _figure(key, "Decision curve", text, draw)
