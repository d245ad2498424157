import math

import numpy as np
import pytest

from cxrtui.evaluation.metrics import metrics


def test_all_of_them_on_a_table_counted_by_hand() -> None:
    labels = np.asarray([1, 1, 1, 0, 0, 0, 0], np.int32)
    scores = np.asarray([0.9, 0.5, 0.2, 0.6, 0.4, 0.1, 0.1])
    assert metrics(labels, scores, loss=0.3) == pytest.approx(
        {"loss": 0.3, "accuracy": 5 / 7, "auroc": 9 / 12, "sensitivity": 2 / 3, "specificity": 3 / 4}
    )


def test_a_class_that_is_absent_is_nan_and_no_warning() -> None:
    found = metrics(np.zeros(4, np.int32), np.asarray([0.1, 0.2, 0.6, 0.4]))
    assert math.isnan(found["auroc"])
    assert math.isnan(found["sensitivity"])
    assert found["specificity"] == pytest.approx(0.75)
    assert all(math.isnan(value) for value in metrics(np.zeros(0, np.int32), np.zeros(0)).values())
