import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrtui.statistics.operating_point import at_sensitivity, at_specificity, confusion, least_cost, rates, youden


def test_against_a_table_counted_by_hand() -> None:
    labels = np.asarray([1, 1, 1, 0, 0, 0, 0], np.int32)
    scores = np.asarray([0.9, 0.5, 0.2, 0.6, 0.4, 0.1, 0.1])
    counts = confusion(labels, scores)
    assert counts == {"tp": 2, "fp": 1, "tn": 3, "fn": 1, "positive": 3, "negative": 4, "films": 7}
    assert rates(counts) == pytest.approx({"accuracy": 5 / 7, "sensitivity": 2 / 3, "specificity": 3 / 4})
    assert confusion(labels, scores, threshold=0.61)["fp"] == 0


def test_a_rate_of_nothing_is_nan() -> None:
    assert all(math.isnan(value) for value in rates(confusion(np.zeros(0, np.int32), np.zeros(0))).values())
    assert math.isnan(rates(confusion(np.zeros(3, np.int32), np.zeros(3)))["sensitivity"])


def _met(labels: list[int], scores: list[float], threshold: float) -> dict[str, float]:
    return rates(confusion(np.asarray(labels), np.asarray(scores), threshold))


def test_rules_on_films_that_were_counted_by_hand() -> None:
    labels = [1, 1, 0, 1, 1, 0, 0, 1, 0, 0]
    scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05]
    assert youden(labels, scores) == pytest.approx(0.45)  # 4/5 and 4/5
    assert at_sensitivity(labels, scores, 0.8) == pytest.approx(0.45)
    assert at_sensitivity(labels, scores, 0.81) == pytest.approx(0.15)
    assert at_specificity(labels, scores, 0.8) == pytest.approx(0.45)
    assert at_specificity(labels, scores, 1.0) == pytest.approx(0.75)
    assert least_cost(labels, scores, 10.0, 1.0) == pytest.approx(0.15)
    assert least_cost(labels, scores, 1.0, 10.0) == pytest.approx(0.75)


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 6)), min_size=2, max_size=30).filter(
        lambda films: len({label for label, _ in films}) == 2
    ),
    st.sampled_from([0.0, 0.5, 0.9, 0.95, 1.0]),
)
def test_a_rule_is_met_and_no_other_threshold_is_better(films: list[tuple[int, int]], least: float) -> None:
    labels, scores = [label for label, _ in films], [score / 6 for _, score in films]
    every = [_met(labels, scores, threshold) for threshold in (*scores, 2.0)]
    found = _met(labels, scores, at_sensitivity(labels, scores, least))
    assert found["sensitivity"] >= least
    assert found["specificity"] == max(item["specificity"] for item in every if item["sensitivity"] >= least)
    found = _met(labels, scores, at_specificity(labels, scores, least))
    assert found["specificity"] >= least
    assert found["sensitivity"] == max(item["sensitivity"] for item in every if item["specificity"] >= least)
    found = _met(labels, scores, youden(labels, scores))
    assert found["sensitivity"] + found["specificity"] == pytest.approx(
        max(item["sensitivity"] + item["specificity"] for item in every)
    )


def test_a_rule_needs_both_classes() -> None:
    with pytest.raises(ValueError, match="both classes"):
        youden([1, 1], [0.2, 0.3])
