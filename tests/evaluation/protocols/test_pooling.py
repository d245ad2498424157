from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from cxrtui.evaluation.protocols.pooling import FRACTIONS, OutOfFold, estimates, joined
from cxrtui.evaluation.protocols.result import beside
from cxrtui.statistics.estimate import Estimate


def films(scores: list[float], labels: list[int], fold: int, threshold: float = 0.5) -> OutOfFold:
    values = np.array(scores)
    return OutOfFold(np.array(labels), values, (values >= threshold).astype(np.int64), np.full(len(labels), fold),
                  tuple(f"p{fold}-{place}" for place in range(len(labels))))  # fmt: skip


def test_networks_that_are_calibrated_otherwise_rank_perfectly_within_folds_and_not_pooled() -> None:
    low, high = films([0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1], 0), films([0.6, 0.7, 0.8, 0.9], [0, 0, 1, 1], 1)
    both = joined([(["a", "b", "c", "d"], low), (["e", "f", "g", "h"], high)])
    found = estimates([both])
    assert found["auroc"].value == 1.0
    assert found["auroc_pooled"].value == roc_auc_score(both.labels, both.scores) == 0.75
    assert found["auroc"].patients == 8
    assert np.isnan(found["auroc"].low)  # no resample differs, which is no certainty
    assert found["accuracy"].value == 0.5  # at one threshold, all of a fold are called alike


def test_films_are_ordered_by_path_in_every_repeat_and_metrics_are_means_over_repeats() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 40)
    labels[:2] = 0, 1
    paths = [f"{place:02}" for place in range(40)]
    repeats = []
    for _ in range(2):
        order = generator.permutation(40)
        parts = []
        for fold, places in enumerate((order[:20], order[20:])):
            scores = np.clip(labels[places] * 0.3 + generator.random(20) * 0.7, 0, 1)
            part = OutOfFold(labels[places], scores, (scores >= 0.5).astype(np.int64), np.full(20, fold),
                          tuple(f"p{place // 2}" for place in places))  # fmt: skip
            parts.append(([paths[place] for place in places], part))
        repeats.append(joined(parts))
    assert all((item.labels == labels).all() for item in repeats)
    assert repeats[0].patients == repeats[1].patients == tuple(f"p{place // 2}" for place in range(40))
    found = estimates(repeats)
    pooled = [roc_auc_score(labels, item.scores) for item in repeats]
    within = [
        np.average(
            [roc_auc_score(labels[item.folds == fold], item.scores[item.folds == fold]) for fold in (0, 1)],
            weights=[np.prod(np.bincount(labels[item.folds == fold], minlength=2)) for fold in (0, 1)],
        )
        for item in repeats
    ]
    assert found["auroc_pooled"].value == pytest.approx(np.mean(pooled), abs=1e-9)
    assert found["auroc"].value == pytest.approx(np.mean(within), abs=1e-9)
    balanced = [balanced_accuracy_score(labels, item.called) for item in repeats]
    assert found["balanced_accuracy"].value == pytest.approx(np.mean(balanced), abs=1e-9)
    for name in ("auroc", "auroc_pooled", *FRACTIONS):
        assert found[name].low < found[name].value < found[name].high
    assert (found["auroc"].n, found["auroc"].patients) == (40, 20)
    assert found["sensitivity"].n == labels.sum()
    assert estimates(repeats) == found


@pytest.mark.parametrize(
    ("within", "reached", "said", "better"),
    [
        (0.9, Estimate(0.6, 0.5, 0.7, 40, 20), "reaches AUROC 0.60 (0.50-0.70) on the same folds; size alone", True),
        (0.65, Estimate(0.6, 0.5, 0.7, 40, 20), "size alone reaches 0.58", False),
        (0.98, Estimate(1.0, np.nan, np.nan, 40, 20), "reaches AUROC 1.00 on the same folds", False),  # no interval
    ],
)
def test_the_network_stands_beside_what_needs_no_pixel(
    within: float, reached: Estimate, said: str, better: bool
) -> None:
    alone = {"name": Estimate(0.55, 0.5, 0.6, 40, 20), "size": Estimate(0.58, 0.5, 0.6, 40, 20),
             "sex": Estimate(np.nan, np.nan, np.nan, 40, 20)}  # fmt: skip
    text = beside(within, {kind: {"auroc": found} for kind, found in {"all": reached, **alone}.items()})
    assert said in text
    assert ("nothing here shows that it reads the lungs" in text) is not better
    assert "no score without pixels" in beside(within, {})
