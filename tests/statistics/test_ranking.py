import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from cxrtui.statistics.ranking import auroc, roc_points, score_histogram, weighted_auroc

FILMS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=30)


def test_pairs_counted_by_hand() -> None:
    labels = np.asarray([1, 1, 1, 0, 0, 0, 0], np.int32)
    scores = np.asarray([0.9, 0.5, 0.2, 0.6, 0.4, 0.1, 0.1])
    assert auroc(labels, scores) == pytest.approx(9 / 12)  # of the 12 pairs, the positive is above in 4 + 3 + 2
    assert auroc(labels, np.full(7, 0.5)) == 0.5


@pytest.mark.parametrize("labels", [[0, 0], [1, 1], []])
def test_one_class_has_no_auroc(labels: list[int]) -> None:
    assert math.isnan(auroc(np.asarray(labels, np.int32), np.full(len(labels), 0.5)))


def test_a_score_that_is_no_number_gives_no_auroc() -> None:
    assert math.isnan(auroc(np.asarray([0, 1]), np.asarray([0.1, np.nan])))


@given(FILMS)
def test_weights_mean_what_they_mean_to_scikit_learn(films: list[tuple[int, int, int]]) -> None:
    labels, scores, times = (np.asarray(column) for column in zip(*films, strict=True))
    found = weighted_auroc(labels, scores.astype(float))(np.stack([times, np.ones(len(films))]).astype(float))
    assert found[1] == pytest.approx(auroc(labels, scores.astype(float)), nan_ok=True)
    if len(np.unique(labels[times > 0])) < 2:
        assert math.isnan(found[0])
    else:
        assert found[0] == pytest.approx(roc_auc_score(labels, scores, sample_weight=times))


@given(FILMS)
def test_corners_and_area_of_the_roc_curve_are_those_of_scikit_learn(films: list[tuple[int, int, int]]) -> None:
    labels, scores = (np.asarray(column) for column in list(zip(*films, strict=True))[:2])
    points = roc_points(labels, scores.astype(float))
    if len(np.unique(labels)) < 2:
        assert len(points) == 0
    else:
        assert auroc(labels, scores.astype(float)) == pytest.approx(roc_auc_score(labels, scores))
        # Theirs has points on straight lines too.
        theirs = {tuple(point) for point in np.column_stack(roc_curve(labels, scores, drop_intermediate=False)[:2])}
        assert set(map(tuple, points)) <= theirs
        assert np.trapezoid(points[:, 1], points[:, 0]) == pytest.approx(roc_auc_score(labels, scores))


@pytest.mark.parametrize("count", [6, 40, 5000])
def test_points_of_the_roc_curve_enclose_the_auroc(count: int) -> None:
    random = np.random.default_rng(count)
    labels = (np.arange(count) % 3 == 0).astype(np.int32)
    scores = np.round(random.normal(size=count) + labels, 2)
    points = roc_points(labels, scores)
    assert points[[0, -1]].tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert len(points) <= 64
    assert (np.diff(points, axis=0) >= 0).all()
    area = float(np.trapezoid(points[:, 1], points[:, 0]))
    assert area == pytest.approx(auroc(labels, scores), abs=1e-12 if count < 64 else 2e-3)


def test_no_roc_curve_without_both_classes() -> None:
    assert roc_points(np.asarray([1, 1]), np.asarray([0.1, 0.2])).shape == (0, 2)
    assert roc_points(np.asarray([0, 1]), np.asarray([0.1, np.nan])).shape == (0, 2)


def test_scores_are_counted_by_class() -> None:
    counts = score_histogram(np.asarray([0, 0, 1, 1, 1]), np.asarray([0.0, 0.49, 0.5, 1.0, np.nan]), 2)
    assert counts == {"negative": [2, 0], "positive": [0, 2]}
