import math

import numpy as np
import pytest

from cxrtui.evaluation.metrics import confusion, metrics


def test_against_a_table_counted_by_hand() -> None:
    labels = np.asarray([1, 1, 1, 0, 0, 0, 0], np.int32)
    scores = np.asarray([0.9, 0.5, 0.2, 0.6, 0.4, 0.1, 0.1])
    assert confusion(labels, scores) == {
        "tp": 2, "fp": 1, "tn": 3, "fn": 1, "positive": 3, "negative": 4, "films": 7,
    }  # fmt: skip
    found = metrics(labels, scores, loss=0.3)
    assert found["sensitivity"] == pytest.approx(2 / 3)
    assert found["specificity"] == pytest.approx(3 / 4)
    assert found["accuracy"] == pytest.approx(5 / 7)
    # Of the 12 pairs, the positive is above in 4 + 3 + 2.
    assert found["auroc"] == pytest.approx(9 / 12)


def test_a_class_that_is_absent_is_nan_and_no_warning() -> None:
    found = metrics(np.zeros(4, np.int32), np.asarray([0.1, 0.2, 0.6, 0.4]))
    assert math.isnan(found["auroc"])
    assert math.isnan(found["sensitivity"])
    assert found["specificity"] == pytest.approx(0.75)
    assert all(math.isnan(value) for value in metrics(np.zeros(0, np.int32), np.zeros(0)).values())
