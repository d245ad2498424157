"""Gives the difference between two runs that were tested on the same films."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrtui.errors import CheckCancelled, never_cancelled
from cxrtui.evaluation.comparison.predictions import Predictions
from cxrtui.evaluation.comparison.results import METRICS, SEED, statistic
from cxrtui.statistics.bootstrap import Weights, resample
from cxrtui.statistics.delong import Comparison, delong, detectable
from cxrtui.statistics.estimate import Estimate


@dataclass(frozen=True)
class Paired:
    """A run minus the reference, film by film on a split.

    `values` has the difference of each metric. It is empty if the films are not the same; `why` then says so, in a few
    words and perhaps more in parentheses. `differing` is the number of films of which only one of both runs is right.
    `errors` are the differences' standard errors by the bootstrap, and `delong` is DeLong's comparison of the AUROC,
    None if films are not independent because a patient has several.
    """

    values: Mapping[str, Estimate] = field(default_factory=dict)
    why: str = ""
    differing: int = 0
    errors: Mapping[str, float] = field(default_factory=dict)
    delong: Comparison | None = None

    @property
    def detectable(self) -> dict[str, float]:
        """The smallest true difference of each metric that these films show four times in five; see `delong`."""
        return {name: detectable(error) for name, error in self.errors.items()}

    @property
    def differences(self) -> dict[str, dict[str, Any]]:
        """The differences as plain values, each with its standard error and what could have been shown."""
        smallest = self.detectable
        return {
            name: {**value.as_dict(), "error": self.errors[name], "detectable": smallest[name]}
            for name, value in self.values.items()
        }

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {**self.differences, **self.about}

    @property
    def about(self) -> dict[str, Any]:
        """What is known beside the differences, as plain values."""
        found = self.delong
        test = None if found is None else {**found.difference.as_dict(), "error": found.error, "p": found.p}
        return {"why_not": self.why or None, "films_differing": self.differing, "delong": test}


def difference(
    run: Predictions | None, reference: Predictions | None, check_cancelled: CheckCancelled = never_cancelled
) -> Paired:
    """Return the metrics of `run` minus those of `reference`, with intervals by the bootstrap of patients.

    Each resample of the patients serves both runs, so what is hard in a film moves both alike, and the interval is
    narrower than two separate ones suggest. If both runs name the patients in different ways, those of the run that
    knows fewer of them count, because more of its films belong together.

    Raises:
        Cancelled: `check_cancelled` raised it between two blocks of draws.
    """
    if run is None or reference is None:
        return Paired(why="no rows (the table of the films is missing or cannot be used)")
    places = _aligned(run, reference)
    if isinstance(places, str):
        return Paired(why=places)
    other = _taken(reference, places)
    patients = min(run.patients, other.patients, key=lambda names: len(set(names)))
    pairs = {metric: (statistic(run, metric), statistic(other, metric)) for metric in METRICS}

    def minus(weights: Weights) -> dict[str, NDArray[np.float64]]:
        return {metric: first(weights) - second(weights) for metric, (first, second) in pairs.items()}

    found = resample(minus, patients, seed=SEED, on_draws=lambda done, draws: check_cancelled())
    values, errors = {}, {}
    for metric in METRICS:
        low, high = found.interval(metric)
        defined = found.draws[metric][~np.isnan(found.draws[metric])]
        errors[metric] = float(defined.std()) if defined.size and low < high else float("nan")
        if not low < high:  # no resample differs, which is no certainty
            low = high = float("nan")
        values[metric] = Estimate(found.values[metric], low, high, found.films, found.patients)
    differing = int(np.sum((run.predicted == run.labels) != (other.predicted == other.labels)))
    return Paired(values, "", differing, errors, _delong(run, other, patients))


def _delong(run: Predictions, other: Predictions, patients: Sequence[str]) -> Comparison | None:
    """Return DeLong's comparison of the AUROC where each patient has one film and each class two."""
    independent = len(set(patients)) == len(patients)
    enough = min(np.sum(run.labels == 1), np.sum(run.labels != 1)) > 1
    return delong(run.labels, run.scores, other.scores) if independent and enough else None


def _aligned(run: Predictions, reference: Predictions) -> list[int] | str:
    """Return the place in `reference` of each film of `run`, or why there is none."""
    place_of = {path: place for place, path in enumerate(reference.paths)}
    if len(place_of) < len(reference.paths) or len(set(run.paths)) < len(run.paths):
        return "paths repeat (a path is in the table twice)"
    if place_of.keys() != set(run.paths):
        same = len(place_of.keys() & set(run.paths))
        return f"other films ({same} of {len(run.paths)} are the same)"
    places = [place_of[path] for path in run.paths]
    if not np.array_equal(run.labels, reference.labels[places]):
        return "other classes (of the same films)"
    return places


def _taken(films: Predictions, places: list[int]) -> Predictions:
    return Predictions(
        tuple(films.paths[place] for place in places), tuple(films.patients[place] for place in places),
        films.labels[places], films.predicted[places], films.scores[places],
    )  # fmt: skip
