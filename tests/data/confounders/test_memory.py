"""What is held of each film while confounders are estimated, and that less of it gives the same numbers."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from cxrtui.data.confounders import testing
from cxrtui.data.confounders.columns import Columns, design
from cxrtui.data.confounders.testing import PERMUTATIONS, by_trees
from cxrtui.statistics.bootstrap import bootstrap
from cxrtui.statistics.cross_validation import folds_of
from cxrtui.statistics.ranking import weighted_auroc

FILMS = 3000
PATIENTS = [f"p{film // 2}" for film in range(FILMS)]
LABELS = np.arange(FILMS) // 2 % 2


def _memory(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return the result of `work`, and the bytes a film that it holds afterwards and that it held at its peak."""
    tracemalloc.start()
    try:
        result = work()
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return result, held / FILMS, peak / FILMS


def test_a_permuted_label_takes_a_bit() -> None:
    test, held, _ = _memory(lambda: testing.Test(LABELS, PATIENTS))
    assert held < PERMUTATIONS / 4
    looked = test.look(LABELS[:, None] - 0.5)
    assert looked.estimate.value == 1.0
    assert len(looked.null) == PERMUTATIONS
    assert 0.4 < looked.null.mean() < 0.6


def test_a_matrix_is_not_copied_more_often_than_it_must_be() -> None:
    draw = np.random.default_rng(0)
    columns = Columns(numbers={str(number): draw.normal(size=FILMS).astype(np.float32) for number in range(20)})
    matrix, _, peak = _memory(lambda: design(columns, PATIENTS))
    assert matrix.shape == (FILMS, 40)
    assert peak < 3 * matrix.nbytes / FILMS


@pytest.mark.slow
def test_trees_that_are_fitted_one_at_a_time_are_those_of_the_forest() -> None:
    draw = np.random.default_rng(0)
    numbers = (draw.normal(size=(400, 6)) + 0.3 * LABELS[:400, None]).astype(np.float32)
    numbers[draw.random(numbers.shape) < 0.05] = np.nan
    labels, patients = LABELS[:400], PATIENTS[:400]
    folds, scores = folds_of(patients), np.zeros(400)
    for fold in range(folds.max() + 1):
        out = folds == fold
        forest = ExtraTreesClassifier(100, min_samples_leaf=3, random_state=0).fit(numbers[~out], labels[~out])
        scores[out] = forest.predict_proba(numbers[out])[:, 1] - labels[~out].mean()
    assert by_trees(numbers, labels, patients, folds) == bootstrap(weighted_auroc(labels, scores), patients, seed=0)
