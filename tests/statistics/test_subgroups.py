from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from cxrtui.statistics.bootstrap import carry_out
from cxrtui.statistics.metrics import estimates
from cxrtui.statistics.ranking import auroc, stratified_auroc
from cxrtui.statistics.subgroups import MOST, REST, by_column, planned


def _films(count: int) -> tuple[np.ndarray, np.ndarray, list[str], np.ndarray]:
    """Return labels, scores, patients and sources; in source ``b`` the scores are all lower, and most are negative."""
    random = np.random.default_rng(5)
    source = np.where(np.arange(count) < count // 2, "a", "b")
    labels = (random.uniform(size=count) < np.where(source == "a", 0.7, 0.2)).astype(int)
    scores = np.clip(0.4 + 0.2 * labels + np.where(source == "a", 0.25, -0.25) + random.normal(size=count) * 0.1, 0, 1)
    return labels, scores, [str(place) for place in range(count)], source


def test_a_group_has_the_metrics_of_its_films_and_the_gap_names_the_two() -> None:
    labels, scores, patients, source = _films(300)
    table = by_column("source", source.tolist(), labels, scores, 0.5, patients, draws=500)
    assert table is not None
    assert [(row.name, row.films) for row in table.groups] == [("a", 150), ("b", 150)]
    for row in table.groups:
        own = source == row.name
        alone = estimates(
            labels[own], scores[own], 0.5, [name for name, kept in zip(patients, own, strict=True) if kept]
        )
        for metric, found in row.estimates.items():
            assert found.value == pytest.approx(alone[metric].value)
            assert found.n == alone[metric].n
            if math.isfinite(alone[metric].low):
                assert found.low == pytest.approx(alone[metric].low, abs=0.06)
    gap = table.gaps["sensitivity"]
    by_name = {row.name: row.estimates["sensitivity"].value for row in table.groups}
    assert (gap.best, gap.worst, gap.pairs) == ("a", "b", 1)
    assert gap.difference.value == pytest.approx(by_name["a"] - by_name["b"])
    assert 0 < gap.difference.low < gap.difference.value < gap.difference.high


def test_a_pooled_auroc_that_comes_from_the_sources_is_not_there_within_them() -> None:
    labels, _, patients, source = _films(400)
    scores = np.where(source == "a", 0.7, 0.3) + np.random.default_rng(0).uniform(size=400) * 0.1  # the source alone
    table = by_column("source", source.tolist(), labels, scores, 0.5, patients, draws=300)
    assert table is not None
    assert table.pooled.value == pytest.approx(auroc(labels, scores))
    strata = (source == "b").astype(int)
    assert table.within.value == pytest.approx(stratified_auroc(labels, scores, strata)(np.ones((1, 400)))[0])
    assert table.pooled.low > 0.65
    assert table.within.low < 0.5 < table.within.high


def test_few_patients_are_marked_and_make_no_gap() -> None:
    labels, scores, patients, source = _films(200)
    names = source.tolist()
    names[:12] = ["tiny"] * 12
    names[-20:] = [""] * 20
    table = by_column("sex", names, labels, scores, 0.5, patients, draws=200)
    assert table is not None
    assert table.unknown == 20
    tiny = table.groups[-1]
    assert (tiny.name, tiny.films) == ("tiny", 12)
    assert {"auroc", "sensitivity", "specificity"} & set(tiny.few)
    assert table.gaps["auroc"].best in ("a", "b")
    assert table.gaps["auroc"].worst in ("a", "b")


def test_one_group_is_no_table_and_too_many_are_joined() -> None:
    labels, scores, patients, _ = _films(120)
    assert by_column("view", ["PA"] * 119 + [""], labels, scores, 0.5, patients) is None
    many = by_column("site", [str(place % 40) for place in range(120)], labels, scores, 0.5, patients, draws=50)
    assert many is not None
    assert len(many.groups) == MOST
    assert many.groups[-1].name == REST
    assert sum(row.films for row in many.groups) == 120


def test_a_table_of_all_films_may_leave_their_auroc_to_who_knows_it() -> None:
    labels, scores, patients, source = _films(100)
    names = source.tolist()
    whole = estimates(labels, scores, 0.5, patients, draws=50)["auroc"]
    plans = [planned("source", some, labels, scores, 0.5, patients, whole=False) for some in (names, [*names[:-1], ""])]
    every, known = carry_out([plan for plan in plans if plan is not None], draws=50)
    assert math.isnan(every.pooled.value)
    alone = by_column("source", names, labels, scores, 0.5, patients, draws=50)
    assert repr(alone) == repr(replace(every, pooled=whole))  # where NaN is as NaN
    assert known.pooled.n == 99  # it is of the films whose source is known
