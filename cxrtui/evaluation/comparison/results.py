"""Gives the results of a run on one split, each with its interval."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cxrtui.errors import CheckCancelled, DataError, never_cancelled
from cxrtui.evaluation.comparison import predictions
from cxrtui.evaluation.comparison.predictions import Predictions
from cxrtui.runs.events import Evaluated
from cxrtui.runs.folder import Run
from cxrtui.runs.state import RunState
from cxrtui.statistics.binomial import clopper_pearson
from cxrtui.statistics.bootstrap import Statistic, bootstrap, ratio
from cxrtui.statistics.estimate import Estimate
from cxrtui.statistics.ranking import weighted_auroc

METRICS = ("accuracy", "auroc", "sensitivity", "specificity")
SEED = 0
"""Of every bootstrap here, so that the same runs give the same numbers."""
Method = Literal["logged", "bootstrap", "exact", "none"]
_ROUNDING = 5e-4  # largest difference of the AUROC from rounded probabilities at which it is the same
_NAN = float("nan")


@dataclass(frozen=True)
class Value:
    """A metric of a run on a split.

    `count` of `of` films are right, None for the AUROC. The interval of `estimate` is from the log (``logged``), from
    the bootstrap by patient (``bootstrap``), from counts as if these were independent (``exact``), or there is none.
    """

    estimate: Estimate
    count: int | None = None
    of: int | None = None
    method: Method = "none"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; NaN stays."""
        return {**self.estimate.as_dict(), "count": self.count, "of": self.of, "interval": self.method}


@dataclass(frozen=True, eq=False)
class Result:
    """The results of a run on a split.

    `values` has what is known of `METRICS`. `missing` says why there are no films behind them, and `best_epoch` that
    they are those of the best epoch's validation, because the run was not evaluated yet. `films` are the predictions.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    missing: str = ""
    best_epoch: int = 0
    films: Predictions | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        values = {name: value.as_dict() for name, value in self.values.items()}
        return {**values, "missing": self.missing or None, "best_epoch_only": bool(self.best_epoch)}


def sketch_of(state: RunState, split: str) -> Result | None:
    """Return the results on `split` as the log has them, at once: intervals that must be computed are left out."""
    event = state.evaluations.get(split)
    if event is None:
        return _of_best_validation(state) if split == "validation" else None
    values = {name: _logged(event, name) or _bare(event.metrics, event.counts, name) for name in METRICS}
    return Result(values)


def result_of(
    run: Run, state: RunState, split: str, check_cancelled: CheckCancelled = never_cancelled
) -> Result | None:
    """Return the results of `run` on `split`; None if it has none. This reads a file and takes seconds for many films.

    A run that was not evaluated yet has those of the best epoch's validation on the validation split.

    Raises:
        Cancelled: `check_cancelled` raised it between two metrics.
    """
    event = state.evaluations.get(split)
    if event is None:
        return _of_best_validation(state) if split == "validation" else None
    try:
        films: Predictions | None = predictions.read(run, split, state.labels)
        missing = ""
    except DataError as error:
        films, missing = None, str(error)
    if films is not None and any(event.counts.get(name) != count for name, count in films.counts.items()):
        films, missing = None, f"evaluation/{split}.csv has other counts than the log, so it is of another evaluation"
    known = {name: value for name in METRICS if (value := _logged(event, name)) is not None}
    made = {}
    for name in METRICS:
        check_cancelled()
        if name not in known:
            made[name] = _value(event.metrics, event.counts, films, name)
    values = {name: known.get(name) or made[name] for name in METRICS}
    if films is not None and "auroc" in made and made["auroc"].method == "none" and _off(event, films):
        missing = f"The probabilities in evaluation/{split}.csv are too coarse for an interval of the AUROC"
    return Result(values, missing, films=films)


def counted(films: Predictions, metric: str) -> NDArray[np.bool_]:
    """Return which films the fraction `metric` is of, ``[N]``."""
    if metric == "accuracy":
        return np.ones(len(films.labels), np.bool_)
    return np.equal(films.labels, 1 if metric == "sensitivity" else 0)


def statistic(films: Predictions, metric: str) -> Statistic:
    """Return `metric` of `films` as a statistic for the bootstrap."""
    if metric == "auroc":
        return weighted_auroc(films.labels, films.scores)
    of = counted(films, metric)
    return ratio((films.predicted == films.labels) & of, of)


def _of_best_validation(state: RunState) -> Result | None:
    early = state.early
    if early is None:
        return None
    found = next((item for item in state.validations if item.epoch == early.best_epoch), None)
    if found is None:
        return None
    values = {name: _value(found.metrics, found.counts, None, name) for name in METRICS}
    return Result(values, best_epoch=found.epoch)


def _logged(event: Evaluated, metric: str) -> Value | None:
    """Return a metric with the interval that the log has; None if it has none."""
    body = event.estimates.get(metric)
    if body is None or not all(math.isfinite(body.get(key, _NAN)) for key in ("value", "low", "high")):
        return None
    n, patients = (int(body[key]) if math.isfinite(body.get(key, _NAN)) else 0 for key in ("n", "patients"))
    estimate = Estimate(body["value"], body["low"], body["high"], n, patients)
    method: Method = "exact" if body.get("exact") else "logged"
    return Value(estimate, *_counts(event.counts, metric), method=method)


def _counts(counts: Mapping[str, int], metric: str) -> tuple[int | None, int | None]:
    """Return how many films are right, and of how many `metric` is; None twice for the AUROC or without counts."""
    names = {
        "accuracy": (("tp", "tn"), "films"), "sensitivity": (("tp",), "positive"), "specificity": (("tn",), "negative"),
    }  # fmt: skip
    if metric not in names or not counts.keys() >= {"tp", "tn", "films", "positive", "negative"}:
        return None, None
    right, of = names[metric]
    return sum(counts[name] for name in right), counts[of]


def _bare(metrics: Mapping[str, float], counts: Mapping[str, int], metric: str) -> Value:
    """Return a metric without an interval."""
    estimate = Estimate(metrics.get(metric, _NAN), _NAN, _NAN, counts.get("films", 0), 0)
    return Value(estimate, *_counts(counts, metric))


def _value(metrics: Mapping[str, float], counts: Mapping[str, int], films: Predictions | None, metric: str) -> Value:
    """Return a metric with the interval by patient if the films are known, else from its counts."""
    value = metrics.get(metric, _NAN)
    count, of = _counts(counts, metric)
    if films is not None:
        found = bootstrap(statistic(films, metric), films.patients, seed=SEED)
        none = Value(Estimate(value, _NAN, _NAN, found.n, found.patients), count, of)
        if metric == "auroc" and not abs(found.value - value) <= _ROUNDING:
            return none
        if found.low < found.high:
            return replace(none, estimate=replace(found, value=value), method="bootstrap")
        if metric == "auroc" or count not in (0, of) or not of:  # an AUROC of 0 or 1, or the films of one patient
            return none
        # All films are right, or all are wrong, so no resample differs. That is no certainty: each patient counts once.
        patients = {name for name, mark in zip(films.patients, counted(films, metric), strict=True) if mark}
        low, high = clopper_pearson(len(patients) if count else 0, len(patients))
        return replace(none, estimate=replace(found, value=value, low=low, high=high), method="exact")
    if count is None or of is None or not 0 <= count <= of:
        return _bare(metrics, counts, metric)
    return Value(Estimate(value, *clopper_pearson(count, of), of, of), count, of, "exact")


def _off(event: Evaluated, films: Predictions) -> bool:
    value = float(weighted_auroc(films.labels, films.scores)(np.ones((1, len(films.labels))))[0])
    return not abs(value - event.metrics.get("auroc", _NAN)) <= _ROUNDING and math.isfinite(value)
