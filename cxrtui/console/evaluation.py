"""Writes an evaluation as text of 80 columns: what counts with its interval first, tables after it.

It takes plain values, of `evaluate` or of a run's ``evaluation/<split>.json``, so that both look the same.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cxrtui.evaluation import sentences
from cxrtui.evaluation.sentences import OF_BOTH_CLASSES, OF_GROUPS, cut, of_one_class, short
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
    films, patients, counts = body["estimates"], body.get("by_patient") or {}, body["counts"]
    each = films["accuracy"]
    one_each = films == patients
    if caution := sentences.one_class(counts, body.get("labels") or ("", "")):
        yield from _wrapped(caution)
    yield f"{'':<19}{'by film':<31} {'' if one_each else 'by patient'}".rstrip()
    for metric in ORDER:
        if metric in films:
            second = "" if one_each else estimate(metric, patients.get(metric))
            first = f"{estimate(metric, films[metric])}{_counted(metric, counts)}"
            yield f"{title(metric):<19}{first:<31} {second}".rstrip()
    if one_each:
        yield f"{'':<19}each of the {each['n']} films is the only one of its patient"


def _counted(metric: str, counts: Mapping[str, int]) -> str:
    """Return the counts that a proportion is of, or that a metric is of one class alone, behind a blank."""
    if metric in OF_BOTH_CLASSES and of_one_class(counts):
        return " one class"
    right = {"sensitivity": counts["tp"], "specificity": counts["tn"], "accuracy": counts["tp"] + counts["tn"]}
    of = {"sensitivity": counts["positive"], "specificity": counts["negative"], "accuracy": counts["films"]}
    return f" {right[metric]}/{of[metric]}" if metric in right else ""


def _wrapped(text: str, first: str = "", indent: int = 0) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=" " * (indent or len(first)))


def _notes(body: Mapping[str, Any]) -> Iterator[str]:
    for text in (sentences.intervals(body), sentences.prevalence(body), sentences.augmented(body)):
        yield from _wrapped(text)


def _operating_point(body: Mapping[str, Any]) -> Iterator[str]:
    point = body["operating_point"]
    yield from _wrapped(sentences.operating_point(point), "operating point  ")
    for text in sentences.realised(point):
        yield from _wrapped(text, "realised         ")
    yield from _wrapped(sentences.not_applied(point), " " * 17)


def _calibration(body: Mapping[str, Any]) -> Iterator[str]:
    found = body["calibration"]
    yield from _wrapped(sentences.calibration(found), "calibration      ")
    for text in sentences.calibration_errors(found):
        yield from _wrapped(text, " " * 17)


def _table(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the rows of a table by one column, then its largest gaps and the AUROC within the groups."""
    column = table["column"]
    yield f"{cut('by ' + in_list(column), 18)}{'films':>6}{'pos.':>6}  {'AUROC':<16}{'sensitivity':<16}specificity"
    for group in table["groups"]:
        cells = [short(metric, group) for metric in OF_GROUPS]
        yield (f"{cut(in_list(group['name']), 18)}{group['films']:>6}{group['positive']:>6}  "
               f"{cells[0]:<16}{cells[1]:<16}{cells[2]}").rstrip()  # fmt: skip
    if table.get("unknown"):
        yield f"{cut('(not known)', 18)}{table['unknown']:>6}"
    for text in (sentences.few(table), *sentences.gaps(table), sentences.within(table)):
        yield from _wrapped(text, "  ", 4)


def _abstain(body: Mapping[str, Any]) -> Iterator[str]:
    yield from _wrapped(sentences.abstaining(body), "abstaining       ")
    for text in sentences.abstained(body):
        yield f"{'':<17}{text}"


def _against(body: Mapping[str, Any]) -> Iterator[str]:
    yield from _wrapped(sentences.against(body))
    if body.get("why_not"):
        return
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
