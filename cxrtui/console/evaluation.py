"""Writes an evaluation as text of 80 columns: what counts with its interval first, tables after it.

It takes plain values, of `evaluate` or of a run's ``evaluation/<split>.json``, so that both look the same.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size

from cxrtui.evaluation.wording import ORDER, PERCENT, estimate, signed, title
from cxrtui.printable import in_list

WIDTH = 80


def evaluation_lines(body: Mapping[str, Any]) -> list[str]:
    """Return all of an evaluation but its heading and its curves, as lines of at most `WIDTH` characters."""
    lines = [*_metrics(body), "", *_notes(body), "", *_operating_point(body), *_calibration(body)]
    for table in body.get("subgroups") or ():
        lines += ["", *_table(table)]
    if body.get("abstain"):
        lines += ["", *_abstain(body["abstain"])]
    if body.get("against"):
        lines += ["", *_against(body["against"])]
    return lines


def _metrics(body: Mapping[str, Any]) -> Iterator[str]:
    films, patients = body["estimates"], body.get("by_patient") or {}
    each = films["accuracy"]
    one_each = films == patients
    yield f"{'':<19}{'by film':<31} {'' if one_each else 'by patient'}".rstrip()
    for metric in ORDER:
        if metric in films:
            second = "" if one_each else estimate(metric, patients.get(metric))
            first = f"{estimate(metric, films[metric])}{_counted(metric, body['counts'])}"
            yield f"{title(metric):<19}{first:<31} {second}".rstrip()
    if one_each:
        yield f"{'':<19}each of the {each['n']} films is the only one of its patient"


def _counted(metric: str, counts: Mapping[str, int]) -> str:
    """Return the counts that a proportion is of, behind a blank."""
    right = {"sensitivity": counts["tp"], "specificity": counts["tn"], "accuracy": counts["tp"] + counts["tn"]}
    of = {"sensitivity": counts["positive"], "specificity": counts["negative"], "accuracy": counts["films"]}
    return f" {right[metric]}/{of[metric]}" if metric in right else ""


def _wrapped(text: str, first: str = "", indent: int = 0) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=" " * (indent or len(first)))


def _notes(body: Mapping[str, Any]) -> Iterator[str]:
    how = body["intervals"]
    stars = any(item.get("exact") for item in body["estimates"].values())
    yield from _wrapped(
        f"Intervals are 95 % ones by the bootstrap over patients, {how['draws']:,} draws"
        + ("; * is an exact binomial one." if stars else ".")
    )
    whose = "as stated" if body.get("prevalence_stated") else "that of these films"
    yield from _wrapped(f"PPV and NPV hold at a prevalence of {100 * body['prevalence']:.1f} %, {whose}.")
    if body.get("augmented"):
        yield from _wrapped(f"Probabilities are means over each film and {body['augmented']} random changes of it; the "
                            "calibration is that of the films alone.")  # fmt: skip


def _operating_point(body: Mapping[str, Any]) -> Iterator[str]:
    point = body["operating_point"]
    text = f"positive from a probability of {point['threshold']:.4g} (rule {point['rule']})"
    if found := point.get("on_validation"):
        text += (f"; on {found['films']:.0f} validation films sensitivity {100 * found['sensitivity']:.1f} %, "
                 f"specificity {100 * found['specificity']:.1f} %")  # fmt: skip
    yield from _wrapped(text, "operating point  ")
    for metric, level in (point.get("target") or {}).items():
        here = estimate(metric, point["realised"][metric])
        yield from _wrapped(f"{metric} {here} where {100 * level:g} % was the target", "realised         ")
    if point.get("why"):
        yield from _wrapped(f"the rule could not be applied: {point['why']}", " " * 17)


def _calibration(body: Mapping[str, Any]) -> Iterator[str]:
    found = body["calibration"]
    if found["method"] == "none":
        why = f": {found['why']}" if found.get("why") else ""
        yield from _wrapped(f"none{why}", "calibration      ")
        return
    if "temperature" in found:
        bias = f" and bias {found['bias']:+.3g}" if "bias" in found else ""
        how = f"temperature {found['temperature']:.3g}{bias}".replace("-", "−")
    else:
        how = "isotonic"
    yield from _wrapped(f"{how}, fitted on {found['films']} validation films", "calibration      ")
    for metric in ("ece", "brier"):
        before, after = (estimate(metric, found[when][metric]) for when in ("before", "after"))
        yield from _wrapped(f"{title(metric)} {before} before, {after} after", " " * 17)


def _table(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the rows of a table by one column, then its largest gaps and the AUROC within the groups."""
    column = table["column"]
    yield f"{_cut('by ' + in_list(column), 18)}{'films':>6}{'pos.':>6}  {'AUROC':<16}{'sensitivity':<16}specificity"
    for group in table["groups"]:
        cells = [_short(metric, group) for metric in ("auroc", "sensitivity", "specificity")]
        yield (f"{_cut(in_list(group['name']), 18)}{group['films']:>6}{group['positive']:>6}  "
               f"{cells[0]:<16}{cells[1]:<16}{cells[2]}").rstrip()  # fmt: skip
    if table.get("unknown"):
        yield f"{_cut('(not known)', 18)}{table['unknown']:>6}"
    if any(group["few"] for group in table["groups"]):
        yield "  ~ rests on fewer than 10 patients of a class"
    for metric in ("auroc", "sensitivity", "specificity"):
        if metric not in (table.get("gaps") or {}):
            continue
        gap = table["gaps"][metric]
        difference = gap["difference"]
        unit = " percentage points" if metric in PERCENT else ""
        ends = ""
        if difference["low"] is not None and not math.isnan(difference["low"]):
            ends = f" [{signed(metric, difference['low'])} to {signed(metric, difference['high'])}]"
        yield from _wrapped(
            f"largest gap in {title(metric)}: {signed(metric, difference['value'])}{unit}{ends}, "
            f"{_brief(gap['best'])} over {_brief(gap['worst'])}"
            + (f" (of {gap['pairs']} pairs)" if gap["pairs"] > 1 else ""),
            "  ", 4,
        )  # fmt: skip
    areas = table["auroc"]
    if areas["within"]["value"] is not None and not math.isnan(areas["within"]["value"]):
        yield from _wrapped(
            f"AUROC {estimate('auroc', areas['pooled'])} pooled, {estimate('auroc', areas['within'])} within one "
            f"{in_list(column)}", "  ", 4,
        )  # fmt: skip


def _cut(text: str, width: int) -> str:
    """Return `text` in exactly `width` cells of a terminal, cut with dots if it is longer."""
    return set_cell_size(text, width) if cell_len(text) < width else set_cell_size(text, width - 2) + "… "


def _brief(name: str) -> str:
    """Return the name of a group in at most 30 cells."""
    text = in_list(name)
    return text if cell_len(text) <= 30 else _cut(text, 30).rstrip()


def _short(metric: str, group: Mapping[str, Any]) -> str:
    """Return a metric of a group in 15 characters."""
    body = group["estimates"][metric]
    value, low, high = (body.get(key) for key in ("value", "low", "high"))
    if value is None or math.isnan(value):
        return "–"
    ends = ""
    if low is not None and not math.isnan(low):
        ends = f" {100 * low:.0f}–{100 * high:.0f}" if metric in PERCENT else f" {low:.2f}–{high:.2f}"
    text = f"{100 * value:.0f} %" if metric in PERCENT else f"{value:.2f}"
    return f"{'~' if metric in group['few'] else ''}{text}{ends}"


def _abstain(body: Mapping[str, Any]) -> Iterator[str]:
    coverage, counts = body["coverage"], body["counts"]
    share = estimate("accuracy", coverage)
    yield from _wrapped(
        f"{counts['films']} of {coverage['n']} films, {share}, have an answer if those within {body['margin']:g} of "
        "the threshold get none:", "abstaining       ",
    )  # fmt: skip
    for metric in ("accuracy", "sensitivity", "specificity", "auroc"):
        yield f"{'':<17}{title(metric)} {estimate(metric, body['estimates'][metric])}"


def _against(body: Mapping[str, Any]) -> Iterator[str]:
    name = in_list(body["model"])
    if body.get("why_not"):
        yield from _wrapped(f"no comparison with {name}: {body['why_not']}")
        return
    yield from _wrapped(f"minus {name}, film by film; {body['films_differing']} films are right for one alone")
    for metric, found in body["differences"].items():
        value, low, high = (found[key] for key in ("value", "low", "high"))
        if value is None or math.isnan(value):
            continue
        unit = " pp" if metric in PERCENT else ""
        text = f"{title(metric):<19}{signed(metric, value)}{unit}"
        if low is not None and not math.isnan(low):
            text += f" [{signed(metric, low)} to {signed(metric, high)}]"
        if found.get("detectable") is not None and not math.isnan(found["detectable"]):
            text += f"; a difference of {signed(metric, found['detectable'])}{unit} could have been shown"
        yield from _wrapped(text, "", 19)
    if delong := body.get("delong"):
        yield from _wrapped(f"DeLong's test of the AUROC: p = {delong['p']:.3g}" if delong["p"] is not None else
                            "DeLong's test: the two rank all films alike", " " * 19)  # fmt: skip


def heading(body: Mapping[str, Any], labels: Sequence[str], first: str = "") -> list[str]:
    """Return lines on which films were evaluated, behind `first`: how many of each class, of how many patients."""
    counts, patients = body["counts"], body["estimates"]["accuracy"]["patients"]
    return textwrap.wrap(
        f"{first}{counts['positive']} {in_list(labels[1])} as positive, {counts['negative']} {in_list(labels[0])} as "
        f"negative; {patients} patients",
        WIDTH,
    )
