"""Measures a classifier on films with known classes: every metric by film and by patient, subgroups, and curves.

What is returned are plain numbers, so that the terminal, the dashboard and a report can take them, and a file keeps
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrtui.data.pool import OnProgress, no_progress
from cxrtui.evaluation.operation import Operation
from cxrtui.runs.events import Evaluated
from cxrtui.settings.operating_rule import operating_rule
from cxrtui.statistics import calibration, metrics, subgroups
from cxrtui.statistics.bootstrap import DRAWS, SEED, Plan, carry_out
from cxrtui.statistics.curves import decision_curve, precision_recall_points
from cxrtui.statistics.estimate import CONFIDENCE, Estimate
from cxrtui.statistics.operating_point import confusion
from cxrtui.statistics.ranking import roc_points, score_histogram

PHASE = "computing intervals"
_OF_PROBABILITIES = ("brier", "ece")
_DIGITS = 5  # of the points of curves
_DECISIONS = np.linspace(0.02, 0.98, 49)


@dataclass(frozen=True, eq=False)
class Films:
    """Films with their classes and what the network said of them.

    Attributes:
        labels: ``[N]`` integers, 1 is positive.
        probabilities: ``[N]``, the network's own, of the positive class; finite.
        patients: ``[N]``.
        columns: groups of the films by column, each ``[N]``, empty where nothing is known.
    """

    labels: NDArray[Any]
    probabilities: NDArray[np.float64]
    patients: Sequence[str]
    columns: Mapping[str, Sequence[str]]


@dataclass(frozen=True, eq=False)
class Measures:
    """What was measured on films.

    Attributes:
        operation: calibration and operating point, which were not set on these films unless these are the validation's.
        by_film: `statistics.metrics.METRICS` with their intervals.
        by_patient: the same of patients, each with the mean probability of its films of a class.
        prevalence: the share of positives for which PPV and NPV hold.
        stated: whether that share was stated; else it is the films' own.
        before: Brier score and ECE of the network's own probabilities.
        tables: one for each column that tells at least two groups apart.
        curves: points of `roc`, `precision_recall`, `reliability` (also `reliability_before`), `scores`, `confusion`
            and `decision`.
    """

    operation: Operation
    by_film: Mapping[str, Estimate]
    by_patient: Mapping[str, Estimate]
    prevalence: float
    stated: bool
    before: Mapping[str, Estimate]
    tables: Sequence[subgroups.Table]
    curves: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; a number that is not finite stays, and `strict_json` writes it as null."""
        operation = self.operation
        rule = operating_rule(operation.rule)
        target = {rule.kind: rule.level} if rule.kind in ("sensitivity", "specificity") else None
        return {
            "estimates": metrics.named(self.by_film),
            "by_patient": metrics.named(self.by_patient),
            "intervals": {"confidence": CONFIDENCE, "draws": DRAWS, "seed": SEED, "resampled": "patients"},
            "prevalence": self.prevalence,
            "prevalence_stated": self.stated,
            "calibration": {
                **operation.calibration.as_dict(),
                "before": metrics.named(self.before),
                "after": metrics.named({name: self.by_film[name] for name in self.before}),
            },
            "operating_point": {
                "rule": operation.rule, "threshold": operation.threshold,
                "uncalibrated_threshold": operation.uncalibrated, "target": target,
                "on_validation": dict(operation.realised) or None, "why": operation.why or None,
                "realised": metrics.named({name: self.by_film[name] for name in ("sensitivity", "specificity")}),
            },
            "subgroups": [table.as_dict() for table in self.tables],
            "curves": dict(self.curves),
        }  # fmt: skip

    def evaluated(self, split: str, step: int, found: Mapping[str, float], counts: Mapping[str, int]) -> Evaluated:
        """Return the event of an evaluation of `split` with the weights of `step`; `found` are its plain metrics."""
        calibration = self.operation.calibration
        fitted = {name: value for name, value in calibration.as_dict().items() if name in ("temperature", "bias")}
        before = {f"{name}_before": value.value for name, value in self.before.items()}
        return Evaluated(
            part=split, step=step, metrics=dict(found), counts=dict(counts), threshold=self.operation.threshold,
            estimates=_numbers(self.by_film), by_patient=_numbers(self.by_patient), prevalence=self.prevalence,
            operating_point=self.operation.rule,
            calibration=fitted | before if self.operation.is_calibrated else {},
        )  # fmt: skip


def _numbers(found: Mapping[str, Estimate]) -> dict[str, dict[str, float]]:
    return {
        name: {key: float(value) if key == "exact" else value for key, value in estimate.as_dict().items()}
        for name, estimate in found.items()
    }


def measure(
    films: Films, operation: Operation, *, prevalence: float | None = None, on_progress: OnProgress = no_progress
) -> Measures:
    """Return all measures of `films` at the operating point of `operation`.

    Args:
        films: at least one film.
        operation: of the classifier.
        prevalence: the share of positives for which PPV and NPV shall hold; by default that of the films.
        on_progress: is called between blocks of work, and may raise to end it.
    """
    labels = np.asarray(films.labels)
    shown, threshold = operation.calibration(films.probabilities), operation.threshold
    columns = {name: groups for name, groups in films.columns.items() if len({*groups} - {""}) > 1}
    own = len(set(films.patients)) == len(films.patients)  # each film has a patient of its own
    plans: dict[str, Plan[Any]] = {
        "by film": metrics.planned(labels, shown, threshold, films.patients, prevalence=prevalence)
    }
    if not own:
        of_patients, names, (means,) = metrics.by_patient(labels, films.patients, shown)
        plans["by patient"] = metrics.planned(of_patients, means, threshold, names, prevalence=prevalence)
    if operation.is_calibrated:
        plans["before"] = metrics.planned(labels, films.probabilities, operation.uncalibrated, films.patients,
                                          names=_OF_PROBABILITIES)  # fmt: skip
    by_column = {
        name: plan for name, groups in columns.items()
        if (plan := subgroups.planned(name, groups, labels, shown, threshold, films.patients, whole=False)) is not None
    }  # fmt: skip
    found = carry_out([*plans.values(), *by_column.values()], on_draws=partial(on_progress, PHASE))
    by_name = dict(zip(plans, found, strict=False))
    by_film: dict[str, Estimate] = by_name["by film"]
    tables = [table if table.unknown else replace(table, pooled=by_film["auroc"]) for table in found[len(plans) :]]
    by_patient = by_film if own else by_name["by patient"]
    before = by_name.get("before", {name: by_film[name] for name in _OF_PROBABILITIES})
    return Measures(
        operation, by_film, by_patient, float(np.mean(labels == 1)) if prevalence is None else prevalence,
        prevalence is not None, before, tables,
        _curves(labels, films.probabilities, shown, threshold),
    )  # fmt: skip


def _curves(
    labels: NDArray[Any], probabilities: NDArray[np.float64], shown: NDArray[np.float64], threshold: float
) -> dict[str, Any]:
    counts = confusion(labels, shown, threshold)
    return {
        "roc": np.round(roc_points(labels, shown), _DIGITS).tolist(),
        "precision_recall": np.round(precision_recall_points(labels, shown), _DIGITS).tolist(),
        "reliability": [asdict(row) for row in calibration.reliability(labels, shown)],
        "reliability_before": [asdict(row) for row in calibration.reliability(labels, probabilities)],
        "scores": score_histogram(labels, shown),
        "confusion": {name: counts[name] for name in ("tp", "fp", "fn", "tn")},
        "decision": np.round(decision_curve(labels, shown, _DECISIONS), _DIGITS).tolist(),
    }
