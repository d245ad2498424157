"""Draws the curves of an evaluation in the terminal: ROC, precision-recall, reliability, decision, and the counts."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size

from cxrtui.console.canvas import Canvas, braille, framed
from cxrtui.printable import in_list

_WIDTH, _HEIGHT = 32, 10  # characters of one drawing; two are side by side in 80 columns
_BAR = 26  # characters of the longest bar of the histogram


def plot_lines(curves: Mapping[str, Any], labels: Sequence[str], fine: bool | None = None) -> list[str]:
    """Return the drawings of an evaluation's ``curves`` as lines of at most 80 characters.

    Args:
        curves: as `evaluation.measures` gives them, or a file holds them.
        labels: the negative and the positive label.
        fine: whether to draw with Braille; by default if the terminal can show it.
    """
    fine = braille() if fine is None else fine
    if not curves.get("roc"):  # of films of one class the other curves say nothing either
        curves = {name: curves.get(name) for name in ("scores", "confusion")}
    pairs = [[drawn for drawn in (_roc(curves, fine), _precision_recall(curves, fine)) if drawn],
             [drawn for drawn in (_reliability(curves, fine), _decision(curves, fine)) if drawn]]  # fmt: skip
    lines: list[str] = []
    for pair in filter(None, pairs):
        lines += ["  ".join(row).rstrip() for row in itertools.zip_longest(*pair, fillvalue="")] + [""]
    return lines + _scores(curves, labels, fine) + _confusion(curves, labels)


def _numbers(points: Any) -> list[list[float]]:
    """Return points without those that have a gap."""
    return [[float(value) for value in point] for point in points or () if all(value is not None for value in point)]


def _roc(curves: Mapping[str, Any], fine: bool) -> list[str]:
    points = _numbers(curves.get("roc"))
    if not points:
        return []
    canvas = Canvas(_WIDTH, _HEIGHT, fine=fine)
    canvas.line(points)
    for step in range(0, 101, 4):  # chance
        canvas.point(step / 100, step / 100)
    return framed(canvas, "sensitivity (dots: chance)", "1 - specificity")


def _precision_recall(curves: Mapping[str, Any], fine: bool) -> list[str]:
    points = _numbers(curves.get("precision_recall"))
    if not points:
        return []
    canvas = Canvas(_WIDTH, _HEIGHT, fine=fine)
    canvas.line(points)
    return framed(canvas, "precision", "recall")


def _reliability(curves: Mapping[str, Any], fine: bool) -> list[str]:
    rows = [row for row in curves.get("reliability") or () if row.get("films")]
    if not rows:
        return []
    canvas = Canvas(_WIDTH, _HEIGHT, fine=fine)
    canvas.line([(row["probability"], row["share"]) for row in rows])
    for row in rows:
        for step in range(0, 21, 2):
            canvas.point(row["probability"], row["share_low"] + step / 20 * (row["share_high"] - row["share_low"]))
    for step in range(0, 101, 4):
        canvas.point(step / 100, step / 100)
    return framed(canvas, "share of positives, 95 %", "calibrated probability")


def _decision(curves: Mapping[str, Any], fine: bool) -> list[str]:
    points = _numbers(curves.get("decision"))
    if not points:
        return []
    high = max(0.02, max(max(benefit, every) for _, benefit, every in points))
    canvas = Canvas(_WIDTH, _HEIGHT, -0.25 * high, high, fine=fine)
    canvas.line([(at, benefit) for at, benefit, _ in points])
    for at, _, every in points:
        canvas.point(at, every)
    for step in range(0, 101, 4):
        canvas.point(step / 100, 0.0)
    return framed(canvas, "net benefit (dots: all, none)", "threshold")


def _scores(curves: Mapping[str, Any], labels: Sequence[str], fine: bool) -> list[str]:
    scores = curves.get("scores") or {}
    counts = [scores.get(name) or [] for name in ("negative", "positive")]
    if not any(counts):
        return []
    bins = len(counts[0])
    most = max(1, *itertools.chain(*counts))
    mark = "█" if fine else "#"
    lines = [f"{'probability':<13}{in_list(labels[0])[:_BAR]:<{_BAR + 7}}{in_list(labels[1])[:_BAR]}"]
    for place in range(bins):
        bars = [f"{mark * math.ceil(_BAR * of[place] / most):<{_BAR}} {of[place] or '':<6}" for of in counts]
        lines.append(f"{place / bins:.2f}–{(place + 1) / bins:.2f}    {''.join(bars)}".rstrip())
    return [*lines, ""]


def _confusion(curves: Mapping[str, Any], labels: Sequence[str]) -> list[str]:
    counts = curves.get("confusion") or {}
    if not counts:
        return []
    negative, positive = (set_cell_size(in_list(label), min(24, cell_len(in_list(label)))) for label in labels)

    def row(name: str, first: str, second: str) -> str:
        return set_cell_size(name, 26) + "".join(" " * (27 - cell_len(text)) + text for text in (first, second))

    return [
        row("predicted", negative, positive),
        row(negative, f"{counts['tn']:,}", f"{counts['fp']:,}"),
        row(positive, f"{counts['fn']:,}", f"{counts['tp']:,}"),
    ]
