from __future__ import annotations

from collections import Counter

import numpy as np

from cxrtui.statistics.cross_validation import folds_of, out_of_fold
from cxrtui.statistics.permutation import critical_values, max_statistic, permuted_labels
from cxrtui.statistics.ranking import auroc, auroc_columns, stratified_auroc, weighted_auroc


def test_labels_stay_with_patients_and_within_strata() -> None:
    patients = ["c", "a", "a", "b", "c", "d", "d", "e"]
    labels = np.array([1, 0, 0, 1, 1, 0, 0, 1])
    found = permuted_labels(labels, patients, 200, seed=3)
    assert found.shape == (8, 200)
    for name in "acd":
        own = found[[place for place, patient in enumerate(patients) if patient == name]]
        assert (own == own[0]).all()
    by_patient = Counter(int(found[[1, 3, 0, 5, 7], draw].sum()) for draw in range(200))
    assert by_patient == {3: 200}  # three of five patients are positive, as before
    assert len({tuple(column) for column in found.T}) > 5
    np.testing.assert_array_equal(found, permuted_labels(labels, patients, 200, seed=3))

    strata = ["x", "x", "x", "x", "x", "y", "y", "y"]
    inside = permuted_labels(labels, patients, 50, seed=0, strata=strata)
    assert {int(inside[[1, 3, 0], draw].sum()) for draw in range(50)} == {2}
    assert {int(inside[[5, 7], draw].sum()) for draw in range(50)} == {1}


def test_a_patient_of_both_classes_gives_its_labels_in_order() -> None:
    found = permuted_labels(np.array([1, 0, 0, 0, 0]), ["a", "a", "b", "b", "b"], 40, seed=1)
    assert {tuple(column.tolist()) for column in found.T} == {(1, 0, 0, 0, 0), (0, 0, 1, 0, 1)}


def test_the_largest_statistic_corrects_and_what_does_not_vary_is_never_significant() -> None:
    null = np.random.default_rng(0).normal(size=(20, 999)) * np.linspace(0.1, 3, 20)[:, None] + 0.5
    values = np.full(20, 0.5)
    values[4] = 0.5 + 5 * np.linspace(0.1, 3, 20)[4]
    p = max_statistic(np.append(values, 0.9), np.vstack([null, np.full(999, 0.5)]))
    assert p[4] < 0.01
    assert p[20] == 1.0
    assert np.delete(p, 4).min() > 0.5
    critical = critical_values(null, 0.05)
    alarms = (null >= critical[:, None]).any(axis=0).mean()
    assert abs(alarms - 0.05) < 0.01  # of any of the twenty
    assert np.isnan(critical_values(np.full((1, 9), np.nan), 0.05)).all()


def test_scores_equal_those_of_scikit_learn_and_no_patient_scores_itself() -> None:
    from sklearn.linear_model import Ridge

    random = np.random.default_rng(5)
    design = random.normal(size=(60, 4))
    design = (design - design.mean(0)) / design.std(0)
    patients = [str(number // 3) for number in range(60)]
    targets = random.integers(0, 2, (60, 3))
    folds = folds_of(patients)
    assert all(len({folds[place] for place in range(60) if patients[place] == name}) == 1 for name in set(patients))
    found = out_of_fold(design, targets, folds, penalty=0.3)
    for fold in range(5):
        there = folds == fold
        ridge = Ridge(alpha=0.3 * (~there).sum()).fit(design[~there], targets[~there])
        theirs = ridge.predict(design[there]) - targets[~there].mean(0)
        np.testing.assert_allclose(found[there], theirs, atol=1e-10)


def test_columns_of_labels_have_the_auroc_of_each_and_strata_compare_within() -> None:
    random = np.random.default_rng(2)
    labels, scores = random.integers(0, 2, (30, 4)), random.integers(0, 6, (30, 4)).astype(float)
    expected = [auroc(labels[:, column], scores[:, column]) for column in range(4)]
    np.testing.assert_allclose(auroc_columns(labels, scores), expected)

    strata = np.repeat([0, 1, 2], 10)
    labels[strata == 2] = 1  # a source of one class compares nothing
    above, pairs = 0.0, 0
    for stratum in (0, 1):
        chosen = strata == stratum
        count = int(labels[chosen, 0].sum() * (1 - labels[chosen, 0]).sum())
        above, pairs = above + count * auroc(labels[chosen, 0], scores[chosen, 0]), pairs + count
    assert np.isclose(auroc_columns(labels, scores, strata)[0], above / pairs)
    statistic = stratified_auroc(labels[:, 0], scores[:, 0], strata)
    weights = np.ones((2, 30))
    weights[1, :5] = 0
    found = statistic(weights)
    assert np.isclose(found[0], above / pairs)
    fewer = auroc_columns(labels[5:], scores[5:], strata[5:])
    assert np.isclose(found[1], fewer[0])
    assert np.isnan(statistic(np.zeros((1, 30)))[0])
    one = np.zeros(30, np.intp)
    np.testing.assert_allclose(
        stratified_auroc(labels[:, 0], scores[:, 0], one)(weights), weighted_auroc(labels[:, 0], scores[:, 0])(weights)
    )
