"""Sums over films in the order of their scores, against counting each film as often as it weighs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrtui.statistics.calibration import ece
from cxrtui.statistics.operating_point import confusion
from cxrtui.statistics.ranked import Ranked
from cxrtui.statistics.ranking import auroc

FILMS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20), st.integers(0, 3)), min_size=1, max_size=30)


@given(FILMS, st.integers(0, 20))
def test_a_film_counts_as_often_as_it_weighs(films: list[tuple[int, int, int]], step: int) -> None:
    labels, scores, times = (np.asarray(column) for column in zip(*films, strict=True))
    threshold, scores = step / 20, scores / 20
    ranked = Ranked(labels, scores)
    sums = ranked.weighed(np.stack([times, times + 1]).astype(float))
    for row, often in enumerate((times, times + 1)):
        every, probabilities = np.repeat(labels, often), np.repeat(scores, often)
        counts = confusion(every, probabilities, threshold)
        found = [int(count[row]) for count in sums.counts(ranked.predicted(threshold))]
        assert found == [counts[name] for name in ("tp", "fp", "fn", "tn")]
        assert sums.ece()[row] == pytest.approx(ece(every, probabilities), abs=1e-12, nan_ok=True)
        assert sums.auroc()[row] == pytest.approx(auroc(every, probabilities), nan_ok=True)
        if len(every):
            assert sums.brier()[row] == pytest.approx(np.mean((probabilities - every) ** 2), abs=1e-12)


def test_some_films_take_their_weights_from_where_all_have_theirs() -> None:
    generator = np.random.default_rng(2)
    labels, scores = generator.integers(0, 2, 50), generator.uniform(size=50)
    weights = generator.multinomial(50, np.full(50, 1 / 50), size=4).astype(float)
    places = np.flatnonzero(generator.integers(0, 2, 50))
    some, alone = Ranked(labels[places], scores[places], places), Ranked(labels[places], scores[places])
    np.testing.assert_array_equal(some.weighed(weights).auroc(), alone.weighed(weights[:, places]).auroc())
    assert np.isfinite(some.weighed(weights).average_precision()).all()
