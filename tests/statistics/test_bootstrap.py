"""The bootstrap against closed forms: its standard error, its coverage, and what clustering costs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pytest

from cxrtui import strict_json
from cxrtui.statistics.bootstrap import Plan, Resampled, Weights, bootstrap, carry_out, ratio, resample
from cxrtui.statistics.estimate import Estimate
from cxrtui.statistics.ranking import weighted_auroc

Z = NormalDist().inv_cdf(0.975)
Simulation = Callable[[np.random.Generator], Estimate]


def _patients(sizes: np.ndarray) -> list[str]:
    return [f"p{number}" for number, size in enumerate(sizes) for _ in range(size)]


def test_the_interval_of_a_mean_has_the_width_of_its_closed_form() -> None:
    """Of m patients with k films each, the bootstrap's variance of the mean is that of the patients' means over m."""
    generator = np.random.default_rng(3)
    m, k = 200, 4
    values = np.repeat(generator.normal(size=m), k) + generator.normal(size=m * k)
    found = bootstrap(ratio(values, np.ones(m * k)), _patients(np.full(m, k)), seed=1, draws=8_000)
    error = math.sqrt(values.reshape(m, k).mean(axis=1).var() / m)
    assert (found.value, found.n, found.patients) == (pytest.approx(values.mean()), m * k, m)
    assert found.high - found.value == pytest.approx(Z * error, rel=0.05)
    assert found.value - found.low == pytest.approx(Z * error, rel=0.05)


def test_films_that_repeat_their_patient_add_no_certainty() -> None:
    """Of k copies of each film, the design effect is k: by film the interval is narrower by its root."""
    once = np.random.default_rng(4).normal(size=150)
    values = np.repeat(once, 4)
    statistic = ratio(values, np.ones(600))
    by_patient = bootstrap(statistic, _patients(np.full(150, 4)), seed=0)
    by_film = bootstrap(statistic, list(map(str, range(600))), seed=0)
    assert (by_patient.high - by_patient.low) / (by_film.high - by_film.low) == pytest.approx(2.0, rel=0.1)
    alone = bootstrap(ratio(once, np.ones(150)), _patients(np.ones(150, int)), seed=0)
    assert (by_patient.low, by_patient.high) == pytest.approx((alone.low, alone.high))


def _mean(generator: np.random.Generator) -> Estimate:
    """Of 40 patients with 1 to 3 films and a variance within and between them of 1: the true mean is 0."""
    sizes = generator.integers(1, 4, size=40)
    values = np.repeat(generator.normal(size=40), sizes) + generator.normal(size=sizes.sum())
    return bootstrap(
        ratio(values, np.ones(len(values))), _patients(sizes), seed=int(generator.integers(1 << 31)), draws=400
    )


def _auroc(generator: np.random.Generator) -> Estimate:
    """Of 40 patients with 2 films, half of them positive: scores higher by 1, of unit variance, half of it shared."""
    labels = np.repeat(np.arange(40) % 2, 2)
    noise = np.repeat(generator.normal(size=40), 2) + generator.normal(size=80)
    scores = labels + noise * math.sqrt(0.5)
    found = bootstrap(
        weighted_auroc(labels, scores), _patients(np.full(40, 2)), seed=int(generator.integers(1 << 31)), draws=400
    )
    assert found.value == pytest.approx(np.mean(scores[labels == 1][:, None] > scores[labels == 0]))
    return found


@pytest.mark.parametrize(("simulate", "truth"), [(_mean, 0.0), (_auroc, NormalDist().cdf(math.sqrt(0.5)))])
def test_the_interval_covers_the_truth_as_often_as_it_says(simulate: Simulation, truth: float) -> None:
    generator = np.random.default_rng(20)
    found = [simulate(generator) for _ in range(500)]
    covered = np.mean([item.low <= truth <= item.high for item in found])
    assert 0.93 <= covered <= 0.97


def test_a_seed_and_the_data_give_the_interval_whatever_the_patients_are_called() -> None:
    statistic = ratio([1, 0, 1, 1, 0, 1], np.ones(6))
    first = bootstrap(statistic, list("aabbcc"), seed=5)
    assert bootstrap(statistic, list("aabbcc"), seed=5) == first
    assert bootstrap(statistic, list("xxyyzz"), seed=5) == first


def test_where_nothing_can_be_said_there_is_no_interval() -> None:
    alone = bootstrap(ratio([1, 0], [1, 1]), ["a", "a"], seed=0)
    assert (alone.value, alone.n, alone.patients) == (0.5, 2, 1)
    assert math.isnan(alone.low)
    assert math.isnan(alone.high)
    never = bootstrap(ratio([0, 0], [0, 0]), ["a", "b"], seed=0)
    assert math.isnan(never.value)
    assert math.isnan(never.low)
    empty = bootstrap(ratio([], []), [], seed=0)
    assert (empty.n, empty.patients) == (0, 0)
    assert json.loads(strict_json.dumps(empty.as_dict())) == {
        "value": None, "low": None, "high": None, "n": 0, "patients": 0,
    }  # fmt: skip


def test_resamples_without_a_class_are_left_out() -> None:
    """With one positive patient of four, a third of the resamples have none."""
    found = bootstrap(weighted_auroc(np.asarray([1, 0, 0, 0]), np.asarray([0.9, 0.1, 0.2, 0.95])), list("abcd"), seed=0)
    assert found.value == pytest.approx(2 / 3)
    assert 0.0 <= found.low <= found.high <= 1.0


def test_plans_that_share_resamples_have_those_that_each_would_have_alone() -> None:
    """Two have the same patients, one has their means in another order, and one has fewer patients."""
    generator = np.random.default_rng(8)
    values, patients = generator.normal(size=90), [f"p{place % 30}" for place in range(90)]
    sizes = {"all": patients, "again": patients, "once": patients[29::-1], "few": patients[:20]}

    def plan(name: str) -> Plan[Resampled]:
        own = values[: len(sizes[name])] + len(name)

        def statistics(weights: Weights) -> dict[str, np.ndarray]:
            return {name: ratio(own, np.ones(len(own)))(weights)}

        return Plan(statistics, sizes[name], lambda found: found)

    told: list[tuple[int, int]] = []
    found = carry_out([plan(name) for name in sizes], seed=3, draws=200, on_draws=lambda *done: told.append(done))
    for name, item in zip(sizes, found, strict=True):
        alone = resample(plan(name).statistics, sizes[name], seed=3, draws=200)
        assert (item.values, item.films, item.patients) == (alone.values, alone.films, alone.patients)
        np.testing.assert_array_equal(item.draws[name], alone.draws[name])
    assert told == sorted(told)
    assert told[-1] == (800, 800)
