from __future__ import annotations

import math

import numpy as np
import pytest

from cxrtui.statistics.bootstrap import resample
from cxrtui.statistics.curves import decision_curve, precision_recall_points
from cxrtui.statistics.delong import delong, detectable
from cxrtui.statistics.ranking import auroc, weighted_auroc


def _two(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = (np.arange(count) % 3 == 0).astype(int)
    shared = random.normal(size=count)
    first = labels * 1.2 + shared + random.normal(size=count) * 0.5
    return labels, first, labels * 0.9 + shared + random.normal(size=count) * 0.5


def test_the_error_is_that_of_the_placements_written_out() -> None:
    """The structural components of DeLong et al., 1988, as their definition has them: each pair of films compared."""
    labels, first, second = _two(40, 0)
    first, second = np.round(first, 1), np.round(second, 1)  # with ties
    parts = []
    for scores in (first, second):
        plus, minus = scores[labels == 1], scores[labels == 0]
        parts.append((plus[:, None] > minus) + 0.5 * (plus[:, None] == minus))
    v10, v01 = parts[0].mean(axis=1) - parts[1].mean(axis=1), parts[0].mean(axis=0) - parts[1].mean(axis=0)
    error = math.sqrt(v10.var(ddof=1) / len(v10) + v01.var(ddof=1) / len(v01))
    found = delong(labels, first, second)
    assert found.error == pytest.approx(error)
    assert found.difference.value == pytest.approx(auroc(labels, first) - auroc(labels, second))
    assert found.difference.high - found.difference.value == pytest.approx(1.959964 * error)


def test_it_agrees_with_the_bootstrap_where_films_are_independent() -> None:
    labels, first, second = _two(300, 1)
    one, other = weighted_auroc(labels, first), weighted_auroc(labels, second)
    found = resample(lambda weights: {"": one(weights) - other(weights)}, [str(place) for place in range(300)])
    analytic = delong(labels, first, second)
    assert analytic.error == pytest.approx(float(np.std(found.draws[""])), rel=0.08)
    assert analytic.p == pytest.approx(math.erfc(abs(analytic.difference.value) / analytic.error / math.sqrt(2)))


def test_equal_scores_have_no_p_value_and_a_class_of_one_film_no_variance() -> None:
    labels, first, _ = _two(30, 2)
    same = delong(labels, first, first)
    assert same.difference.value == 0
    assert math.isnan(same.p)
    with pytest.raises(ValueError, match="two films"):
        delong([1, 0, 0], [0.1, 0.2, 0.3], [0.1, 0.2, 0.3])


def test_a_difference_of_the_detectable_size_is_found_as_often_as_the_power_says() -> None:
    random = np.random.default_rng(3)
    error = 0.7
    found = np.abs(random.normal(detectable(error), error, 200_000)) > 1.959964 * error
    assert found.mean() == pytest.approx(0.8, abs=0.005)


def test_precision_recall_and_decision_curves_by_hand() -> None:
    from sklearn.metrics import precision_recall_curve

    labels, scores = [1, 0, 1, 1, 0], [0.9, 0.8, 0.8, 0.3, 0.1]
    points = precision_recall_points(labels, scores)
    precision, recall, _ = precision_recall_curve(labels, scores)
    np.testing.assert_allclose(points, np.column_stack([recall, precision])[::-1][1:])
    assert len(precision_recall_points([0, 0], [0.1, 0.2])) == 0
    labels, first, _ = _two(3000, 4)
    assert len(precision_recall_points(labels, first)) <= 129
    curve = decision_curve([1, 0, 1, 1, 0], scores, [0.2, 0.5])
    np.testing.assert_allclose(curve, [[0.2, 3 / 5 - 1 / 5 * 0.25, 3 / 5 - 2 / 5 * 0.25], [0.5, 2 / 5 - 1 / 5, 1 / 5]])
