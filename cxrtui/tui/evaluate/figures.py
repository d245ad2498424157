"""Makes the curves of an evaluation for the charts; each has a sign, so that none is known by its colour alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrtui.evaluation.sentences import of_one_class
from cxrtui.evaluation.wording import estimate, title
from cxrtui.tui.theme import FAINT, SERIES
from cxrtui.tui.widgets.charts.line import Line

Points = NDArray[np.float64]

_WRONG = (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError)
_MAIN, _OTHER = SERIES[1], SERIES[0]
_CURVE, _STRAIGHT = "⣀⡠⠔", "⠤⠤"  # in the legend, of a curve without markers
_BELOW = -0.25  # net benefit that is still drawn, as a share of the highest
ONE_CLASS = "The films are of one class."
NONE = "The file has no such curve."


@dataclass(frozen=True, eq=False)
class Figure:
    """The curves of one chart, what sums them up, and why there are none."""

    lines: Sequence[Line] = ()
    about: str = ""
    empty: str = NONE


def figures(
    curves: Mapping[str, Any], counts: Mapping[str, int], estimates: Any, calibration: Any
) -> dict[str, Figure]:
    """Return the figures by name: roc, precision_recall, reliability and decision.

    Args:
        curves: as `evaluation.measures` gives them, or a file holds them.
        counts: the confusion matrix at the operating point; empty if it is not known.
        estimates: of the metrics by name, as a file holds them.
        calibration: with the errors before and after it, as a file holds it.
    """
    one = bool(counts) and of_one_class(counts)
    found = {}
    for name, make in _MAKERS.items():
        try:
            lines = make(curves, counts) if not one else []
        except _WRONG:
            lines = []
        found[name] = Figure(lines, empty=ONE_CLASS if one else NONE)
    return {name: Figure(item.lines, _about(name, estimates, calibration) if item.lines else "", item.empty)
            for name, item in found.items()}  # fmt: skip


def _about(name: str, estimates: Any, calibration: Any) -> str:
    """Return what sums a figure up, in at most about 35 characters."""
    metric = {"roc": "auroc", "precision_recall": "average_precision"}.get(name, "")
    try:
        if metric:
            text = estimate(metric, estimates.get(metric))
            return f"{'AP' if metric == 'average_precision' else title(metric)} {text}"
        if name == "reliability" and calibration["method"] != "none":
            before, after = (f"{calibration[when]['ece']['value']:.3f}" for when in ("before", "after"))
            return f"ECE {before} before, {after} after"
        return f"ECE {estimate('ece', estimates['ece'])}" if name == "reliability" else "net benefit per film"
    except _WRONG:
        return ""


def _points(found: Any, width: int) -> Points:
    """Return the points ``[P, width]`` without those that have a gap, in the order of their positions."""
    rows = [[float(value) for value in point] for point in found or () if None not in point]
    points = np.array(rows, np.float64).reshape(-1, width)
    points = points[np.isfinite(points).all(axis=1)]
    ordered: Points = points[np.argsort(points[:, 0], kind="stable")]
    return ordered


def _line(key: str, label: str, at: Points, style: tuple[str, str], **more: Any) -> Line:
    return Line(key, label, at[:, 0], at[:, 1], *style, **more)


def _here(x: float, y: float) -> Line:
    """Return the operating point."""
    at = np.array([[x, y]], np.float64)
    return _line("here", "operating point", at, ("bold", "◆"), points=True, joined=False, short="point")


def _roc(curves: Mapping[str, Any], counts: Mapping[str, int]) -> list[Line]:
    points = _points(curves.get("roc"), 2)
    if len(points) < 2:
        return []
    points = points[np.lexsort((points[:, 1], points[:, 0]))]
    lines = [
        _line("chance", "chance", np.array([[0.0, 0.0], [1.0, 1.0]]), (FAINT, _STRAIGHT), behind=True),
        _line("roc", "sensitivity", points, (_MAIN[0], _CURVE), short="sens."),
    ]
    if counts:
        lines.append(_here(counts["fp"] / counts["negative"], counts["tp"] / counts["positive"]))
    return lines


def _precision_recall(curves: Mapping[str, Any], counts: Mapping[str, int]) -> list[Line]:
    points = _points(curves.get("precision_recall"), 2)
    if not len(points):
        return []
    lines = [_line("pr", "precision", points, (_MAIN[0], _CURVE), short="prec.")]
    if counts:
        share = counts["positive"] / counts["films"]
        chance = np.array([[0.0, share], [1.0, share]])
        lines.insert(0, _line("share", "prevalence", chance, (FAINT, _STRAIGHT), behind=True, short="prev."))
        if predicted := counts["tp"] + counts["fp"]:
            lines.append(_here(counts["tp"] / counts["positive"], counts["tp"] / predicted))
    return lines


def _reliability(curves: Mapping[str, Any], counts: Mapping[str, int]) -> list[Line]:
    after, before = _bins(curves.get("reliability")), _bins(curves.get("reliability_before"))
    if not len(after):
        return []
    ends = np.repeat(after[:, [0, 0]], 3, axis=0)  # three points for each interval: its ends, and a gap
    ends[:, 1] = np.column_stack([after[:, 2], after[:, 3], np.full(len(after), np.nan)]).reshape(-1)
    lines = [
        _line("perfect", "perfect", np.array([[0.0, 0.0], [1.0, 1.0]]), (FAINT, _STRAIGHT), behind=True, short="ideal"),
        _line("ends", "", ends, (_MAIN[0], "││"), behind=True),
    ]
    if len(before) and not np.array_equal(before, after):
        lines.append(_line("before", "before", before, (_OTHER[0], "○"), points=True, joined=False))
    lines.append(_line("after", "calibrated", after, (_MAIN[0], "●"), points=True, short="cal."))
    return lines


def _bins(rows: Any) -> Points:
    """Return mean probability, share of positives and the ends of its interval of each bin that has films."""
    return _points([[row[name] for name in ("probability", "share", "share_low", "share_high")]
                    for row in rows or () if row["films"]], 4)  # fmt: skip


def _decision(curves: Mapping[str, Any], counts: Mapping[str, int]) -> list[Line]:
    points = _points(curves.get("decision"), 3)
    if not len(points):
        return []
    lowest = _BELOW * max(0.02, float(points[:, 1:].max()))
    every, benefit = points[:, [0, 2]].copy(), points[:, :2].copy()
    for curve in (every, benefit):
        curve[curve[:, 1] < lowest, 1] = np.nan
    return [
        _line("none", "none", np.array([[0.0, 0.0], [1.0, 0.0]]), (FAINT, _STRAIGHT), behind=True),
        _line("all", "act on all", every, (_OTHER[0], "○"), behind=True, short="all"),
        _line("benefit", "classifier", benefit, _MAIN, short="cl."),
    ]


_MAKERS = {"roc": _roc, "precision_recall": _precision_recall, "reliability": _reliability, "decision": _decision}
