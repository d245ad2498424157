"""Computes confidence intervals by the bootstrap, clustered by patient.

Films of one patient resemble each other, so the patients are drawn with replacement and each brings all its films
(the cluster bootstrap of Field and Welsh, "Bootstrapping clustered data", J. R. Statist. Soc. B 69, 2007; for
diagnostic accuracy: Rutter, Academic Radiology 7, 2000). The interval is the percentile interval (Efron and Tibshirani,
"An Introduction to the Bootstrap", 1993, chapter 13), with its tails expanded for few patients as Hesterberg does for
few observations ("What Teachers Should Know About the Bootstrap", The American Statistician 69, 2015). A statistic at
the end of its range, such as an AUROC of 1, still gets an interval of no width.

A draw is a row of weights: the weight of a film is how often its patient was drawn. A statistic is a function from
weights ``[B, N]`` to values ``[B]``, so that a few array operations compute all draws. `resample` gives many statistics
the same draws, so that their differences are paired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxrtui.statistics.estimate import CONFIDENCE, Estimate
from cxrtui.statistics.patients import numbered

Weights = NDArray[np.float64]
Statistic = Callable[[Weights], NDArray[np.float64]]
Statistics = Callable[[Weights], Mapping[str, NDArray[np.float64]]]
"""A function from weights ``[B, N]`` to values ``[B]`` by name."""
OnDraws = Callable[[int, int], None]
"""It is called with how many draws are done, and of how many; it may raise to end the work."""

T = TypeVar("T")

DRAWS = 2_000
SEED = 0
"""The seed of an evaluation's resamples, so that the same films and model give the same intervals."""
_CELLS = 1 << 18  # weights in memory at a time: 2 MiB, and a few arrays of that size for what a statistic computes


def divided(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``above / below`` element by element, NaN where `below` is 0."""
    return np.divide(above, below, out=np.full_like(below, np.nan), where=below != 0).astype(np.float64, copy=False)


def ratio(numerator: ArrayLike, denominator: ArrayLike) -> Statistic:
    """Return the statistic ``sum(w * numerator) / sum(w * denominator)``; it is NaN if the denominator is 0.

    It is a mean where `denominator` is 1 everywhere, and the sensitivity where `numerator` marks true positives and
    `denominator` the positive films.

    Args:
        numerator: ``[N]`` numbers or bools, one for each film.
        denominator: ``[N]`` numbers or bools.
    """
    above, below = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)

    def statistic(weights: Weights) -> NDArray[np.float64]:
        return divided(weights @ above, weights @ below)

    return statistic


def bootstrap(
    statistic: Statistic,
    patients: Sequence[str],
    *,
    seed: int,
    draws: int = DRAWS,
) -> Estimate:
    """Return the statistic on all films, with its interval over `draws` resamples of the patients.

    Resamples in which the statistic is undefined (for example, one without a positive film) are left out. The interval
    is NaN if none is left, and if there are fewer than two patients, because one patient shows no variation.

    Args:
        statistic: see the module.
        patients: ``[N]``, the patient of each film.
        seed: the same seed gives the same interval.
        draws: how many times the patients are drawn.

    Returns:
        The estimate; `n` is N, and `patients` is the number of different names in `patients`.

    Example:
        >>> bootstrap(ratio([1, 1, 0, 1], [1, 1, 1, 1]), ["a", "a", "b", "c"], seed=0).value
        0.75
    """
    films = len(patients)
    if not films:
        return Estimate(float("nan"), float("nan"), float("nan"), 0, 0)
    found = resample(lambda weights: {"": statistic(weights)}, patients, seed=seed, draws=draws)
    return Estimate(found.values[""], *found.interval(""), films, found.patients)


@dataclass(frozen=True, eq=False)
class Resampled:
    """Statistics on all films and on resamples of the patients, the same resamples for each statistic.

    Attributes:
        values: on all films, by name.
        draws: by name, ``[draws]``.
        films: how many films there are.
        patients: how many patients.
    """

    values: Mapping[str, float]
    draws: Mapping[str, NDArray[np.float64]]
    films: int
    patients: int

    def interval(self, name: str, patients: int | None = None) -> tuple[float, float]:
        """Return both ends of the interval of a statistic, NaN as `bootstrap` says.

        Args:
            name: of the statistic.
            patients: how many patients the statistic rests on, if these are fewer than all, such as the positive ones
                of a sensitivity. They decide how far the tails are expanded.
        """
        return percentiles(self.draws[name], self.patients if patients is None else patients)


@dataclass(frozen=True, eq=False)
class Plan(Generic[T]):
    """Statistics of films whose patients are to be drawn, and what is made of them.

    Attributes:
        statistics: see the module.
        patients: ``[N]``, the patient of each film; N is at least 1.
        result: what the statistics become when they are known on all resamples.
    """

    statistics: Statistics
    patients: Sequence[str]
    result: Callable[[Resampled], T]


def resample(
    statistics: Statistics,
    patients: Sequence[str],
    *,
    seed: int = SEED,
    draws: int = DRAWS,
    on_draws: OnDraws | None = None,
) -> Resampled:
    """Return `statistics` on all films and on `draws` resamples of the patients.

    Args:
        statistics: see the module.
        patients: ``[N]``, the patient of each film; N is at least 1.
        seed: the same seed gives the same resamples.
        draws: how many times the patients are drawn.
        on_draws: is called between blocks of draws.
    """
    return carry_out([Plan(statistics, patients, lambda found: found)], seed=seed, draws=draws, on_draws=on_draws)[0]


def carry_out(
    plans: Sequence[Plan[T]], *, seed: int = SEED, draws: int = DRAWS, on_draws: OnDraws | None = None
) -> list[T]:
    """Return the result of each of `plans`, as if each had resamples of its own.

    How often which patient is drawn depends on `seed` and the number of patients alone, and is drawn once for all plans
    with the same number: of many patients this takes longer than a statistic.

    Args:
        plans: what is to be known.
        seed: the same seed gives the same resamples.
        draws: how many times the patients are drawn.
        on_draws: is called between blocks of draws, with the number of draws for all plans.
    """
    numbers = {id(plan.patients): numbered(plan.patients) for plan in plans}
    alike: dict[int, list[int]] = {}
    for place, plan in enumerate(plans):
        alike.setdefault(len(numbers[id(plan.patients)][0]), []).append(place)
    found: dict[int, Resampled] = {}
    done = 0
    for patients, places in alike.items():
        several = [(plans[place].statistics, numbers[id(plans[place].patients)][1]) for place in places]

        def told(drawn: int, before: int = done, count: int = len(places)) -> None:
            if on_draws is not None:
                on_draws(before + drawn * count, draws * len(plans))

        found.update(zip(places, _together(several, patients, seed, draws, told), strict=True))
        done += draws * len(places)
    return [plan.result(found[place]) for place, plan in enumerate(plans)]


def _together(
    several: Sequence[tuple[Statistics, NDArray[np.intp]]], patients: int, seed: int, draws: int,
    told: Callable[[int], None],
) -> list[Resampled]:  # fmt: skip
    """Return each of several statistics on all films, of which the patients are given, and on the same resamples."""
    values = [
        {name: float(value[0]) for name, value in statistics(np.ones((1, len(patient_of)))).items()}
        for statistics, patient_of in several
    ]
    found = [{name: np.full(draws, np.nan) for name in own} for own in values]
    done, films = 0, max(len(patient_of) for _, patient_of in several)
    for times in _resamples(films, patients, seed, draws) if patients > 1 else ():
        weights, shared = None, None
        for (statistics, patient_of), own in zip(several, found, strict=True):
            if weights is None or patient_of is not shared:
                weights, shared = times[:, patient_of].astype(np.float64), patient_of
            for name, value in statistics(weights).items():
                own[name][done : done + len(times)] = value
        done += len(times)
        told(done)
    return [
        Resampled(one, other, len(patient_of), patients)
        for one, other, (_, patient_of) in zip(values, found, several, strict=True)
    ]


def percentiles(values: NDArray[np.float64], patients: int) -> tuple[float, float]:
    """Return both ends of the expanded percentile interval of resampled `values`, where NaN is left out.

    A value may be infinite, as a likelihood ratio without a false positive is.
    """
    defined = values[~np.isnan(values)]
    if patients < 2 or not defined.size:
        return float("nan"), float("nan")
    tail = _tail(patients)
    # Between two infinite values there is nothing to interpolate.
    method: Literal["linear", "inverted_cdf"] = "linear" if np.isfinite(defined).all() else "inverted_cdf"
    low, high = np.quantile(defined, [tail, 1.0 - tail], method=method)
    return float(low), float(high)


def _tail(patients: int) -> float:
    """Return the share of resamples beyond each end of the interval.

    Resampling n patients understates the variance by (n - 1) / n, and its percentiles do not follow Student's t.
    Hesterberg's expanded percentile interval corrects both: it takes the normal distribution's tail beyond
    sqrt(n / (n - 1)) times the quantile of t with n - 1 degrees of freedom.
    """
    from scipy.special import ndtr, stdtrit  # scipy.stats has the same and takes half a second to import

    quantile = stdtrit(patients - 1, (1.0 + CONFIDENCE) / 2)
    return float(ndtr(-np.sqrt(patients / (patients - 1)) * quantile))


def _resamples(films: int, patients: int, seed: int, draws: int) -> Iterator[NDArray[np.int64]]:
    """Yield how often each of `patients` is drawn, for all draws, a block of rows at a time.

    The size of a block depends only on the number of films. One generator makes all blocks, so that the blocks do not
    change the draws.
    """
    generator = np.random.default_rng(seed)
    even = np.full(patients, 1.0 / patients)
    block = max(1, _CELLS // films)
    for start in range(0, draws, block):
        yield generator.multinomial(patients, even, size=min(block, draws - start))
