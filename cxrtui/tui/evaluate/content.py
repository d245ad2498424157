"""Makes of an evaluation what the screen shows, in a thread: texts and curves that never change.

Files are from any version and anybody, so each part is read by itself: one that cannot be read is missing, a sentence
says so, and the rest remains.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from cxrtui.evaluation import sentences
from cxrtui.evaluation.sentences import OF_BOTH_CLASSES, OF_GROUPS, of_one_class
from cxrtui.evaluation.wording import ORDER, estimate, title
from cxrtui.printable import in_list, printable
from cxrtui.runs.size import counted
from cxrtui.tui.evaluate.figures import Figure, figures

if TYPE_CHECKING:
    from cxrtui.evaluation.report.evaluations import Evaluation

T = TypeVar("T")

WRONG = (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError)
"""What reading a file raises that is no evaluation."""
COUNTED = {"sensitivity": (("tp",), "positive"), "specificity": (("tn",), "negative"),
           "accuracy": (("tp", "tn"), "films")}  # fmt: skip
"""The counts that a fraction is of."""


@dataclass(frozen=True)
class Number:
    """One metric as texts; `by_patient` is empty if each film is the only one of its patient."""

    name: str
    by_film: str
    counted: str = ""
    by_patient: str = ""


@dataclass(frozen=True)
class GroupRow:
    """The films of one group, and `OF_GROUPS` in full and in short; what rests on few patients is marked by ~."""

    name: str
    films: str
    positive: str = ""
    patients: str = ""
    metrics: tuple[str, ...] = ("",) * len(OF_GROUPS)
    short: tuple[str, ...] = ("",) * len(OF_GROUPS)


@dataclass(frozen=True)
class Groups:
    """The table of one column, and sentences below it."""

    column: str
    rows: tuple[GroupRow, ...]
    below: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class View:
    """All that is shown of one evaluation.

    Attributes:
        name: validation, test, or that of other films.
        labels: the negative and the positive label.
        external: whether the films are not the run's own.
        about: how many films there are, of which classes and patients.
        cautions: what speaks against the numbers, the worst first.
        numbers: every metric with its interval.
        counts: the confusion matrix, as of `runs.events.Evaluated`.
        scores: films of each class by probability.
        figures: the curves by name.
        said: sentences on the operating point, the calibration and the rest, each with its heading.
        groups: the tables by columns.
        brief: AUROC, sensitivity and specificity for the list of evaluations.
    """

    name: str
    labels: tuple[str, str] = ("negative", "positive")
    external: bool = False
    about: str = ""
    cautions: tuple[str, ...] = ()
    numbers: tuple[Number, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    scores: Mapping[str, Sequence[int]] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    said: tuple[tuple[str, str], ...] = ()
    groups: tuple[Groups, ...] = ()
    brief: tuple[str, ...] = ()


def view_of(item: Evaluation, leaks: str = "", unknown: str = "") -> View:
    """Return what is shown of an evaluation.

    Args:
        item: the evaluation.
        leaks: what the split of the training divides, as the log says.
        unknown: that patients of films of the run are not known, as the log says.
    """
    body, unread = item.body, list[str]()

    def part(name: str, make: Callable[[], T]) -> T | None:
        try:
            return make()
        except WRONG:
            unread.append(f"The {name} of {printable(item.name)} cannot be read.")
            return None

    counts = part("counts", lambda: _counts(body)) or {}
    numbers = part("metrics", lambda: _numbers(body)) or ()
    brief = part("metrics", lambda: tuple(estimate(name, body["estimates"].get(name)) for name in OF_GROUPS))
    about = part("counts", lambda: _about(item)) or ""
    curves = part("curves", lambda: dict(body.get("curves") or {})) or {}
    scores = part("histogram", lambda: _scores(curves)) or {}
    drawn = figures(curves, counts, body.get("estimates"), body.get("calibration"))
    groups = part("groups", lambda: tuple(_groups(table) for table in body.get("subgroups") or ())) or ()
    said = part("operating point", lambda: tuple(_said(body))) or ()
    cautions = part("warnings", lambda: tuple(_cautions(item, leaks, unknown, counts)))
    if cautions is None:
        cautions = (leaks,) if leaks else ()
    return View(
        item.name, item.labels, item.external, about, (*cautions, *dict.fromkeys(unread)), numbers, counts, scores,
        drawn, said, groups, brief or ("–",) * len(OF_GROUPS),
    )  # fmt: skip


def _counts(body: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(body["counts"][name]) for name in ("tp", "fp", "tn", "fn", "positive", "negative", "films")}


def _scores(curves: Mapping[str, Any]) -> dict[str, list[int]]:
    found = curves.get("scores") or {}
    return {name: [int(count) for count in found[name]] for name in ("positive", "negative") if found}


def _about(item: Evaluation) -> str:
    counts, (negative, positive) = item.body["counts"], item.labels
    patients = ((item.body.get("estimates") or {}).get("accuracy") or {}).get("patients")
    of = f", {counted(patients, 'patient')}" if patients else ""
    return (
        f"{counted(counts['films'], 'film')}{of} · {counts['positive']} {in_list(positive)} (positive), "
        f"{counts['negative']} {in_list(negative)}"
    )


def _numbers(body: Mapping[str, Any]) -> tuple[Number, ...]:
    films, patients, counts = body["estimates"], body.get("by_patient") or {}, body["counts"]
    both = bool(patients) and patients != films
    one = of_one_class(counts)
    found = []
    for metric in ORDER:
        if metric in films:
            parts, of = COUNTED.get(metric, ((), ""))
            of_all = f"{sum(counts[part] for part in parts)}/{counts[of]}" if of else ""
            of_all = "!" if one and metric in OF_BOTH_CLASSES else of_all
            second = estimate(metric, patients.get(metric)) if both else ""
            found.append(Number(title(metric), estimate(metric, films[metric]), of_all, second))
    return tuple(found)


def _cautions(item: Evaluation, leaks: str, unknown: str, counts: Mapping[str, int]) -> list[str]:
    """Return what speaks against the numbers: first what makes them no results on unseen films."""
    body = item.body
    found = [str(body.get("leaks") or leaks)]
    seen, kept = int(body.get("trained_on") or 0), bool(body.get("kept_seen"))
    if seen and kept:
        found.append(
            f"No result on unseen films: {seen} of these {'is' if seen == 1 else 'are'} known from the training."
        )
    if counts:
        found.append(sentences.one_class(counts, item.labels))
    if not item.external:  # the splits of the run, which are by patient as far as patients are known
        found.append(unknown)
    found.append(item.remark)
    if seen and not kept:
        found.append(f"{counted(seen, 'film')} left out: a copy or the patient is among the films of the training.")
    if left_out := body.get("left_out"):
        found.append("Left out: " + "; ".join(f"{count} {printable(why)}" for why, count in left_out.items()) + ".")
    if unreadable := body.get("unreadable"):
        found.append(f"{counted(len(unreadable), 'file')} could not be read.")
    if why := (body.get("operating_point") or {}).get("why"):
        found.append(f"The rule of the operating point could not be applied: {printable(why)}.")
    if "estimates" in body and (body.get("calibration") or {}).get("method", "none") == "none":
        found.append("The probabilities are not calibrated.")
    return [text for text in found if text]


def _said(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return sentences, each with its heading; sentences that follow one another share a heading."""
    found = []
    if point := body.get("operating_point"):
        found.append(("operating point", sentences.operating_point(point)))
        found += [("realised", text) for text in sentences.realised(point)]
        if not point.get("target"):
            here = ", ".join(f"{name} {estimate(name, value)}" for name, value in point["realised"].items())
            found.append(("realised", here))
        found.append(("", sentences.not_applied(point)))
    elif "threshold" in body:
        found.append(("operating point", f"positive from a probability of {body['threshold']:.4g}"))
    if calibration := body.get("calibration"):
        found.append(("calibration", sentences.calibration(calibration)))
        found += [("", text) for text in sentences.calibration_errors(calibration)]
    if "intervals" in body:
        found.append(("intervals", sentences.intervals(body)))
    if "prevalence" in body:
        found += [("prevalence", sentences.prevalence(body)), ("", sentences.drawn_at(body))]
    found.append(("", sentences.augmented(body)))
    if abstain := body.get("abstain"):
        found.append(("abstaining", sentences.abstaining(abstain)))
        found += [("", text) for text in sentences.abstained(abstain)]
    if against := body.get("against"):
        found.append(("against", sentences.against(against)))
    return [(head, text) for head, text in found if text]


def _groups(table: Mapping[str, Any]) -> Groups:
    rows = [
        GroupRow(printable(group["name"]), f"{group['films']:,}", f"{group['positive']:,}", f"{group['patients']:,}",
                 tuple(f"{'~ ' if metric in group['few'] else ''}{estimate(metric, group['estimates'][metric])}"
                       for metric in OF_GROUPS),
                 tuple(sentences.short(metric, group) for metric in OF_GROUPS))
        for group in table["groups"]
    ]  # fmt: skip
    if table.get("unknown"):
        rows.append(GroupRow("(not known)", f"{table['unknown']:,}"))
    below = (*sentences.gaps(table), sentences.within(table), sentences.few(table))
    return Groups(printable(table["column"]), tuple(rows), tuple(text for text in below if text))
