import math

import numpy as np
import pytest

from cxrtui.statistics.operating_point import confusion, rates


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
