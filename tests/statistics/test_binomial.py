from __future__ import annotations

import math
from statistics import NormalDist

import pytest

from cxrtui.statistics.binomial import clopper_pearson


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0.0, 0.1684), (1, 29, 0.0009, 0.1776)],
)
def test_against_published_intervals(count: int, of: int, low: float, high: float) -> None:
    """Newcombe, Statistics in Medicine 17, 1998, table I."""
    assert clopper_pearson(count, of) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    mirrored = clopper_pearson(of - count, of)
    assert mirrored == (pytest.approx(1 - high, abs=5e-5), pytest.approx(1 - low, abs=5e-5))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5])
def test_it_covers_the_true_fraction_at_least_as_often_as_it_says(share: float) -> None:
    of = 25
    covered = sum(
        math.comb(of, count) * share**count * (1 - share) ** (of - count)
        for count in range(of + 1)
        if clopper_pearson(count, of)[0] <= share <= clopper_pearson(count, of)[1]
    )
    assert 0.95 <= covered < 1


def test_all_none_and_many() -> None:
    assert clopper_pearson(10, 10) == (pytest.approx(0.025 ** (1 / 10)), 1.0)
    assert all(map(math.isnan, clopper_pearson(0, 0)))
    half = NormalDist().inv_cdf(0.975) * math.sqrt(0.25 / 1e6)
    assert clopper_pearson(500_000, 1_000_000)[0] == pytest.approx(0.5 - half, abs=1e-6)
    with pytest.raises(ValueError, match="no fraction"):
        clopper_pearson(3, 2)
