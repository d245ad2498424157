"""All metrics in one bootstrap: the values against scikit-learn, the intervals against simulation and closed forms."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as theirs

from cxrtui.statistics.binomial import clopper_pearson
from cxrtui.statistics.bootstrap import bootstrap, ratio
from cxrtui.statistics.metrics import METRICS, by_patient, estimates, metric_statistics
from cxrtui.statistics.ranking import weighted_auroc

FILMS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 12), st.integers(0, 3)), min_size=2, max_size=40)


def _reference(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> Iterator[tuple[str, float]]:
    """Yield the metrics that scikit-learn defines, at a threshold of one half; not those that it fills in with 0."""
    called = (scores >= 0.5).astype(int)
    keep = weights > 0
    labels, scores, called, weights = labels[keep], scores[keep], called[keep], weights[keep]
    told = {"sample_weight": weights}
    yield "accuracy", theirs.accuracy_score(labels, called, **told)
    yield "brier", theirs.brier_score_loss(labels, scores, **told)
    if called.any() or labels.any():
        yield "f1", theirs.f1_score(labels, called, **told)
    if called.any():
        yield "ppv", theirs.precision_score(labels, called, **told)
    if not called.all():
        yield "npv", theirs.precision_score(1 - labels, 1 - called, **told)
    if len(set(labels)) == 2:
        yield "balanced_accuracy", theirs.balanced_accuracy_score(labels, called, **told)
        yield "auroc", theirs.roc_auc_score(labels, scores, **told)
        yield "average_precision", theirs.average_precision_score(labels, scores, **told)
        yield "sensitivity", theirs.recall_score(labels, called, **told)
        yield "specificity", theirs.recall_score(1 - labels, 1 - called, **told)
        if len(set(called)) == 2:
            yield "mcc", theirs.matthews_corrcoef(labels, called, **told)
        counts = theirs.confusion_matrix(labels, called, **told)
        if counts[0].all():
            plus, minus = theirs.class_likelihood_ratios(labels, called, **told)
            yield "positive_likelihood_ratio", plus
            yield "negative_likelihood_ratio", minus


@given(FILMS)
@settings(max_examples=25)
def test_each_metric_is_that_of_scikit_learn_to_a_billionth_also_with_weights(
    films: list[tuple[int, int, int]],
) -> None:
    labels, steps, times = (np.asarray(column) for column in zip(*films, strict=True))
    scores = steps / 12.0
    both = np.stack([np.ones(len(films)), times.astype(float)])
    found = metric_statistics(labels, scores, 0.5)(both)
    assert set(found) == set(METRICS)
    for row, weights in enumerate(both):
        if weights.any():
            for name, value in _reference(labels, scores, weights):
                assert found[name][row] == pytest.approx(value, abs=1e-9), name
    assert found["auroc"] == pytest.approx(weighted_auroc(labels, scores)(both), abs=1e-9, nan_ok=True)


def test_the_ece_is_that_of_scikit_learns_calibration_curve() -> None:
    from sklearn.calibration import calibration_curve

    random = np.random.default_rng(1)
    scores = np.round(random.uniform(size=300), 2)  # on edges too
    labels = (random.uniform(size=300) < scores**2).astype(int)
    share, mean = calibration_curve(labels, scores, n_bins=10)
    counts = np.histogram(scores, np.r_[-0.1, np.linspace(0, 1, 11)[1:-1] + 1e-9, 1.1])[0]
    found = metric_statistics(labels, scores, 0.5)(np.ones((1, 300)))["ece"][0]
    assert found == pytest.approx((np.abs(share - mean) * counts[counts > 0]).sum() / 300, abs=1e-9)


def test_predictive_values_hold_at_the_prevalence_that_is_stated() -> None:
    """Bayes by hand: sensitivity 3/4 and specificity 4/5 at 1 in 100."""
    labels = [1, 1, 1, 1, 0, 0, 0, 0, 0]
    scores = [0.9, 0.8, 0.7, 0.1, 0.6, 0.2, 0.2, 0.1, 0.1]
    patients = [str(place) for place in range(9)]
    found = estimates(labels, scores, 0.5, patients, prevalence=0.01, draws=200)
    assert found["ppv"].value == pytest.approx(0.0075 / (0.0075 + 0.2 * 0.99))
    assert found["npv"].value == pytest.approx(0.8 * 0.99 / (0.8 * 0.99 + 0.25 * 0.01))
    own = estimates(labels, scores, 0.5, patients, draws=200)
    assert (own["ppv"].value, own["ppv"].n) == (pytest.approx(3 / 4), 4)
    assert estimates(labels, scores, 0.5, patients, prevalence=4 / 9, draws=200)["ppv"].value == pytest.approx(3 / 4)


def test_one_pass_gives_the_intervals_of_a_bootstrap_of_each_metric() -> None:
    random = np.random.default_rng(2)
    patients = [f"p{place // 2}" for place in range(120)]
    labels = np.repeat(random.integers(0, 2, 60), 2)
    scores = np.clip(0.3 * labels + random.uniform(size=120) * 0.7, 0, 1)
    found = estimates(labels, scores, 0.5, patients, seed=7, draws=500)
    right = (scores >= 0.5) == (labels == 1)
    alone = bootstrap(ratio(right, np.ones(120)), patients, seed=7, draws=500)
    assert found["accuracy"] == alone
    again = estimates(labels, scores, 0.5, [name[::-1] for name in patients], seed=7, draws=500)
    assert {name: value.value for name, value in again.items()} == {name: value.value for name, value in found.items()}
    assert found["sensitivity"].n == int(labels.sum())
    assert found["sensitivity"].patients == int(labels.sum()) // 2


def test_where_all_are_right_the_interval_is_the_exact_one_of_the_patients() -> None:
    labels, scores = [1] * 6 + [0] * 4, [0.9] * 6 + [0.1, 0.2, 0.6, 0.3]
    patients = ["a", "a", "b", "b", "c", "c", "d", "e", "f", "g"]
    found = estimates(labels, scores, 0.5, patients, draws=300)
    assert (found["sensitivity"].low, found["sensitivity"].high) == clopper_pearson(3, 3)
    assert found["sensitivity"].exact
    assert found["sensitivity"].as_dict()["exact"] is True
    assert not found["specificity"].exact
    assert math.isnan(found["auroc"].low)  # every resample has an AUROC of 1, which is no certainty
    assert found["auroc"].value == 1.0


def test_no_films_one_class_and_a_score_that_is_no_number() -> None:
    assert all(math.isnan(value.value) for value in estimates([], [], 0.5, []).values())
    assert all(math.isnan(value.value) for value in estimates([0, 1], [0.2, math.nan], 0.5, ["a", "b"]).values())
    one = estimates([1, 1, 1], [0.2, 0.7, 0.9], 0.5, ["a", "b", "c"], draws=100)
    assert one["sensitivity"].value == pytest.approx(2 / 3)
    assert all(math.isnan(one[name].value) for name in ("auroc", "specificity", "balanced_accuracy"))


def test_an_infinite_likelihood_ratio_keeps_its_lower_end() -> None:
    labels, scores = [1] * 20 + [0] * 20, [0.9] * 15 + [0.1] * 5 + [0.1] * 19 + [0.8]
    found = estimates(labels, scores, 0.5, [str(place) for place in range(40)])["positive_likelihood_ratio"]
    assert found.value == pytest.approx(15)
    assert 1 < found.low < 15
    assert math.isinf(found.high)


def test_by_patient_takes_the_mean_and_keeps_the_classes_of_a_patient_apart() -> None:
    labels, names, (means, others) = by_patient([0, 1, 1, 0], ["b", "a", "a", "a"], [0.2, 0.4, 0.8, 0.1], [1, 2, 4, 3])
    assert (labels.tolist(), names) == ([1, 0, 0], ["a", "a", "b"])
    assert means.tolist() == pytest.approx([0.6, 0.1, 0.2])
    assert others.tolist() == [3, 3, 1]


@pytest.mark.slow
def test_the_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """Of 120 patients with 1 to 3 films: log-odds of two normal classes, half of whose variance is the patient's."""
    random = np.random.default_rng(11)

    def films(patients: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
        sizes = random.integers(1, 4, patients)
        who = np.repeat(np.arange(patients), sizes)
        labels = (random.uniform(size=patients) < 0.4)[who]
        noise = (random.normal(size=patients)[who] + random.normal(size=len(who))) * math.sqrt(0.5)
        return labels, 1 / (1 + np.exp(-(2.0 * labels - 1.2 + 1.3 * noise))), [str(name) for name in who]

    labels, scores, _ = films(200_000)
    truth = {
        name: value[0] for name, value in metric_statistics(labels, scores, 0.5)(np.ones((1, len(labels)))).items()
    }
    covered = dict.fromkeys(METRICS, 0)
    runs = 200
    for seed in range(runs):
        labels, scores, patients = films(100)
        for name, found in estimates(labels, scores, 0.5, patients, seed=seed, draws=300).items():
            covered[name] += found.low <= truth[name] <= found.high
    shares = {name: count / runs for name, count in covered.items()}
    assert all(0.92 <= share <= 0.98 for share in shares.values()), shares
