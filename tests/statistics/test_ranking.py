import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from cxrtui.statistics.ranking import auroc, weighted_auroc

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
