"""Makes of the table of a protocol what the screen shows, in a thread: texts that never change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cxrtui.evaluation.wording import estimate
from cxrtui.printable import in_list, printable
from cxrtui.runs.size import counted
from cxrtui.settings.protocol import BY_SOURCE, KFOLD, Plan

METRICS = ("auroc", "accuracy", "sensitivity", "specificity", "balanced_accuracy")
BY_FILM = "The folds are of films and not of patients: no figure here is a result on unseen patients."
_WRONG = (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError)


@dataclass(frozen=True)
class Line:
    """What a row of the table has of a training, or of all of them.

    Attributes:
        films: positive and negative ones.
        metrics: `METRICS` with their intervals.
        without: the AUROC of what needs no pixel.
    """

    films: str = ""
    patients: str = ""
    metrics: tuple[str, ...] = ("",) * len(METRICS)
    without: str = ""


@dataclass(frozen=True, eq=False)
class Result:
    """The table of a protocol: each training by the name of its fold, all of them together, and what to beware of."""

    trainings: Mapping[str, Line] = field(default_factory=dict)
    together: tuple[tuple[str, Line], ...] = ()
    cautions: tuple[str, ...] = ()
    tested: str = ""
    brief: str = "–"
    without: str = "–"


def about(plan: Plan) -> str:
    """Return what is trained and tested."""
    folds = f" of {plan.folds} folds" if plan.folds else ""
    seeds = f", {plan.seeds} seeds" if plan.seeds > 1 else ""
    data = ", ".join(map(printable, plan.base.data.source))
    other = f", tested on {', '.join(map(printable, plan.external))}" if plan.external else ""
    return f"{plan.protocol}{folds}{seeds} on {data}{other}"


def cautions_of(plan: Plan) -> tuple[str, ...]:
    """Return what is to be known before there is a table."""
    return (BY_FILM,) if plan.protocol == KFOLD else ()


def result_of(body: Mapping[str, Any]) -> Result | None:
    """Return the table in result.json; None if it is not one."""
    try:
        return _result(body)
    except _WRONG:
        return None


def _result(body: Mapping[str, Any]) -> Result:
    pooled, without, tested = body["pooled"], body["baseline"].get("all") or {}, body["tested"]
    negative, positive = map(in_list, body["classes"])
    films, patients = f"{tested['positive']}+{tested['negative']}", str(tested["patients"])
    within = "within sources" if body["protocol"] == BY_SOURCE else "within folds"
    together = [(within, Line(films, patients, _metrics(pooled), _auroc(without.get("auroc"))))]
    if "auroc_pooled" in pooled:
        only = (_auroc(pooled["auroc_pooled"]), *("" for _ in METRICS[1:]))
        together.append(("pooled", Line(films, patients, only, _auroc(without.get("auroc_pooled")))))
    together.append(("without pixels", Line(films, patients, _metrics(without))))
    trainings = {
        str(row["fold"]): Line(f"{row['positive']}+{row['negative']}", str(row["patients"]), _metrics(row["metrics"]),
                               _auroc(row.get("baseline")))
        for row in body["trainings"]
    }  # fmt: skip
    return Result(
        trainings, tuple(together), tuple(str(caution) for caution in body["cautions"]),
        f"tested {tested['positive']} {positive}, {tested['negative']} {negative}, of "
        f"{counted(tested['patients'], 'patient')}",
        estimate("auroc", pooled["auroc"]), _auroc(without.get("auroc")),
    )  # fmt: skip


def _metrics(found: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(estimate(name, found.get(name)) for name in METRICS)


def _auroc(found: Mapping[str, Any] | None) -> str:
    return estimate("auroc", found)
