"""Results with intervals, paired differences and warnings, from recorded runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cxrtui import strict_json
from cxrtui.errors import Cancelled, DataError
from cxrtui.evaluation.comparison import films, predictions, texts
from cxrtui.evaluation.comparison.compare import Comparer, Comparison, seconds
from cxrtui.evaluation.comparison.paired import difference
from cxrtui.evaluation.comparison.predictions import Predictions
from cxrtui.evaluation.comparison.results import METRICS, result_of
from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Snapshot
from cxrtui.statistics.binomial import clopper_pearson
from cxrtui.statistics.bootstrap import bootstrap
from cxrtui.statistics.ranking import weighted_auroc
from tests.tui import compared, logs


def snapshot(run: Run) -> Snapshot:
    return Snapshot(run, run.read(), read=True)


def compare(*runs: Run, reference: int = 0) -> Comparison:
    return Comparer().compare([snapshot(run) for run in runs], reference)


def test_intervals_are_those_of_the_bootstrap_over_the_patients_of_the_rows(tmp_path: Path) -> None:
    run = compared.write(tmp_path, "a")
    found = result_of(run, run.read(), "test")
    assert found is not None
    assert found.missing == ""
    labels, scores = compared.scores_of("test", 1.6)
    patients = [row["patient"] for row in compared.rows_of("test", 1.6)]
    assert found.values["auroc"].estimate == bootstrap(weighted_auroc(labels, scores), patients, seed=0)
    accuracy = found.values["accuracy"]
    assert (accuracy.count, accuracy.of) == (int(np.sum((scores >= 0.5) == (labels == 1))), 93)
    assert (accuracy.estimate.n, accuracy.estimate.patients, accuracy.method) == (93, 47, "bootstrap")
    assert accuracy.estimate.low < accuracy.estimate.value == accuracy.count / 93 < accuracy.estimate.high


def test_without_the_rows_intervals_are_exact_and_the_rest_is_shown(tmp_path: Path) -> None:
    whole, bare = compared.write(tmp_path, "a"), logs.write(tmp_path, "b", logs.finished("b"))
    found = compare(whole, bare)
    result = found.results["test"][1]
    assert result is not None
    estimate = result.values["sensitivity"].estimate
    assert (estimate.low, estimate.high) == clopper_pearson(15, 18)
    assert math.isnan(result.values["auroc"].estimate.low)
    assert result.values["auroc"].estimate.value == 0.948
    assert "b: evaluation/test.csv is missing; its intervals come from counts alone." in found.remarks
    pair = found.paired["test"][1]
    assert pair is not None
    assert pair.why.startswith("no rows")
    assert texts.value_texts("sensitivity", result.values["sensitivity"]) == ("83.3 % 15/18", "[58.6–96.4]*")
    assert texts.value_texts("auroc", result.values["auroc"]) == ("0.948", "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "has no rows"), ("path,label\n1,2\n", "has no column patient"), ("path\n\0\n", "has no column patient"),
        ("path,patient,source,label,called,probability\nx,p,,Other,Other,0.5\n", "without a known class"),
        ("path,patient,source,label,called,probability\nx,p\n", "without a known class"),
    ],
)  # fmt: skip
def test_a_damaged_table_is_said(tmp_path: Path, text: str, reason: str) -> None:
    run = compared.write(tmp_path, "a")
    (run.evaluation / "test.csv").write_text(text)
    with pytest.raises(DataError, match=reason):
        predictions.read(run, "test", compared.LABELS)
    found = result_of(run, run.read(), "test")
    assert found is not None
    assert found.missing.startswith("evaluation/test.csv")
    assert found.values["accuracy"].method == "exact"


def test_a_split_of_a_damaged_log_names_no_file_elsewhere(tmp_path: Path) -> None:
    run = compared.write(tmp_path, "a")
    (tmp_path / "x.csv").write_bytes((run.evaluation / "test.csv").read_bytes())
    with pytest.raises(DataError, match="no file of an evaluation"):
        predictions.read(run, "../../x", compared.LABELS)


def test_rows_of_another_evaluation_are_not_used(tmp_path: Path) -> None:
    run = compared.write(tmp_path, "a")
    compared.write_rows(run, "test", compared.rows_of("test", 0.4))
    found = result_of(run, run.read(), "test")
    assert found is not None
    assert "another evaluation" in found.missing
    assert found.films is None


def test_intervals_of_the_log_come_first(tmp_path: Path) -> None:
    run = compared.write(tmp_path, "a")
    state = run.read()
    logged = {"auroc": {"value": 0.9, "low": 0.8, "high": 0.95, "n": 93.0, "patients": 47.0},
              "accuracy": {"value": 0.9, "low": math.nan, "high": 1.0}}  # fmt: skip
    event = replace(state.evaluations["test"], estimates=logged)
    found = result_of(run, replace(state, evaluations={"test": event}), "test")
    assert found is not None
    assert found.values["auroc"].as_dict() == {
        "value": 0.9, "low": 0.8, "high": 0.95, "n": 93, "patients": 47, "count": None, "of": None,
        "interval": "logged",
    }  # fmt: skip
    assert found.values["accuracy"].method == "bootstrap"


def of(labels: list[int], predicted: list[int], scores: list[float], patients: list[str]) -> Predictions:
    paths = tuple(f"{place}.png" for place in range(len(labels)))
    return Predictions(paths, tuple(patients), np.array(labels), np.array(predicted), np.array(scores))


def test_all_right_is_no_certainty_and_each_patient_counts_once(tmp_path: Path) -> None:
    run = compared.write(tmp_path, "a")
    rows = compared.rows_of("test", 1.6)
    for row in rows:
        row["called"] = row["label"]
    compared.write_rows(run, "test", rows)
    films_of = predictions.read(run, "test", compared.LABELS)
    state = run.read()
    event = replace(state.evaluations["test"], counts=films_of.counts,
                    metrics={**state.evaluations["test"].metrics, "accuracy": 1.0})  # fmt: skip
    found = result_of(run, replace(state, evaluations={"test": event}), "test")
    assert found is not None
    accuracy = found.values["accuracy"]
    assert (accuracy.method, accuracy.estimate.high) == ("exact", 1.0)
    assert accuracy.estimate.low == clopper_pearson(47, 47)[0] < clopper_pearson(93, 93)[0]


def test_a_run_that_was_not_evaluated_has_its_best_validation(tmp_path: Path) -> None:
    live = logs.write(tmp_path, "live", logs.midway("live"))
    found = compare(compared.write(tmp_path, "a"), live)
    assert found.results["test"][1] is None
    result = found.results["validation"][1]
    assert result is not None
    assert result.best_epoch == 7
    assert found.paired["validation"][1] is not None
    assert found.paired["validation"][1].why == "not tested yet (only validated)"
    assert seconds(live.read()) == 9 * 25.5
    assert math.isnan(seconds(logs.write(tmp_path, "new", logs.preparing("new")).read()))


def test_a_paired_difference_is_that_of_the_same_films_in_any_order(tmp_path: Path) -> None:
    better, worse = compared.write(tmp_path, "a", 1.6), compared.write(tmp_path, "b", 0.8)
    found = compare(worse, better)
    pair = found.paired["test"][1]
    assert pair is not None
    results = [item.values for item in found.results["test"] if item is not None]
    for metric in METRICS:
        expected = results[1][metric].estimate.value - results[0][metric].estimate.value
        assert pair.values[metric].value == pytest.approx(expected)
        assert pair.values[metric].low <= expected <= pair.values[metric].high
    assert pair.values["auroc"].low > 0
    apart = results[0]["auroc"].estimate
    assert pair.values["auroc"].high - pair.values["auroc"].low < 2 * (apart.high - apart.low)
    compared.write_rows(better, "test", compared.rows_of("test", 1.6)[::-1])
    first, second = (predictions.read(run, "test", compared.LABELS) for run in (worse, better))
    assert difference(second, first).values["auroc"].value == pytest.approx(pair.values["auroc"].value)
    assert difference(first, second).values["auroc"].value == pytest.approx(-pair.values["auroc"].value)


def test_the_reference_has_no_difference_to_itself(tmp_path: Path) -> None:
    found = compare(compared.write(tmp_path, "a", 1.6), compared.write(tmp_path, "b", 0.8), reference=1)
    first, second = found.paired["test"]
    assert second is None
    assert first is not None
    assert first.values["accuracy"].value > 0


def test_the_run_that_knows_fewer_patients_decides_who_belongs_together() -> None:
    labels, names = [1, 0] * 20, [f"p{place}" for place in range(40)]
    generator = np.random.default_rng(0)
    first, second = (generator.integers(0, 2, 40).tolist() for _ in range(2))
    pairs = [f"q{place // 2}" for place in range(40)]
    fine = difference(of(labels, first, first, names), of(labels, second, second, names))
    coarse = difference(of(labels, first, first, names), of(labels, second, second, pairs))
    assert fine.values["accuracy"].patients == 40
    assert coarse.values["accuracy"].patients == 20
    assert fine.differing == sum(a != b for a, b in zip(first, second, strict=True))


def test_other_films_give_no_difference() -> None:
    one = of([1, 0], [1, 0], [0.9, 0.1], ["a", "b"])
    other = of([1, 0, 0], [1, 0, 0], [0.9, 0.1, 0.1], ["a", "b", "c"])
    assert difference(one, other).why == "other films (2 of 2 are the same)"
    assert difference(one, of([0, 1], [1, 0], [0.9, 0.1], ["a", "b"])).why == "other classes (of the same films)"
    twice = replace(one, paths=("x", "x"))
    assert difference(one, twice).why == difference(twice, one).why == "paths repeat (a path is in the table twice)"
    assert difference(None, one).values == {}


def test_other_films_and_other_splits_are_said_with_the_test_films_that_the_other_was_trained_on(
    tmp_path: Path,
) -> None:
    def remarks(*runs: Run) -> Sequence[str]:
        return Comparer().sketch([snapshot(run) for run in runs]).remarks

    a, b = compared.write(tmp_path, "a"), compared.write(tmp_path, "b", division="d2")
    compared.write_splits(a, {"1": "train", "2": "train", "3": "validation", "4": "test"})
    compared.write_splits(b, {"1": "train", "2": "test", "3": "validation", "4": "test"})
    (remark,) = remarks(a, b)
    assert remark.startswith("Not the same splits: b and a split the same 4 films in two ways.")
    assert "Of their 2 and 1 test films 1 are the same, so a difference" in remark
    assert remark.endswith("a was trained or tuned on 1 of the test films of b, so it says nothing on these.")
    (remark,) = remarks(b, a)
    assert remark.endswith("a was trained or tuned on 1 of the test films of b, so it says nothing on these.")
    compared.write_splits(b, {"1": "train", "2": "test", "3": "test", "4": "validation"})
    (remark,) = remarks(a, b)
    assert "a was trained or tuned on 2 of the test films of b, and b on 1 of those of a, so neither" in remark
    compared.write_splits(b, {"1": "train", "5": "train", "4": "test"})
    (remark,) = remarks(a, b)
    assert remark == "Not the same films: b has 3, a has 4, and 2 are in both."
    b.splits_file.unlink()
    assert remarks(a, b) == ["b and a have not the same films in the same splits."]
    older = compared.write(tmp_path, "older", division="")
    assert remarks(a, older) == ["It is not known whether older and a have the same films in the same splits."]
    other = compared.write(tmp_path, "other", division="")
    assert remarks(a, older, other) == [
        "It is not known whether older, other and a have the same films in the same splits."
    ]
    compared.write_splits(older, {"4": "test", "1": "train", "2": "train", "3": "validation"})
    assert remarks(a, older) == []
    assert films.splits_of(older) == films.splits_of(a)


def test_a_comparison_is_one_object_of_json_and_keeps_what_it_computed(tmp_path: Path) -> None:
    runs = [compared.write(tmp_path, "a"), compared.write(tmp_path, "b", 0.9, optim__name="sgd")]
    live = logs.write(tmp_path, "live", logs.midway("live"))
    comparer, shown = Comparer(), [snapshot(run) for run in [*runs, live]]
    assert not comparer.is_quick(shown)
    sketch = comparer.sketch(shown)
    assert (sketch.complete, sketch.paired, list(sketch.settings)) == (False, {}, comparer.compare(shown).settings)
    bare = sketch.results["test"][1]
    assert bare is not None
    found = comparer.compare(shown)
    assert comparer.is_quick(shown)
    assert not comparer.is_quick(shown, reference=1)
    whole = found.results["test"][1]
    assert whole is not None
    assert [item.count for item in bare.values.values()] == [item.count for item in whole.values.values()]
    assert texts.value_texts("accuracy", bare.values["accuracy"])[1] == ""
    assert comparer.sketch(shown).results["test"][1] is whole
    body = found.as_dict()
    assert body["settings"] == {"optim.name": ["adamw", "sgd", "adamw"]}
    assert body["reference"] == "a"
    assert body["runs"][1]["differences"]["test"]["accuracy"]["value"] < 0
    assert list(body["runs"][2]["results"]) == ["validation"]
    assert "NaN" not in strict_json.dumps(body)
    again = comparer.compare(shown)
    assert again.results["test"][0] is found.results["test"][0]
    assert again.paired["test"][1] is found.paired["test"][1]

    def cancel() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        Comparer().compare(shown, check_cancelled=cancel)


def test_differences_are_written_in_points_and_without_a_negative_zero(tmp_path: Path) -> None:
    pair = compare(compared.write(tmp_path, "a"), compared.write(tmp_path, "b")).paired["test"][1]
    assert pair is not None
    assert texts.difference_texts("accuracy", pair.values["accuracy"]) == ("0.0 pp", "")
    assert not texts.excludes_zero(pair.values["accuracy"])
    estimate = replace(pair.values["accuracy"], value=-0.0312, low=-0.0801, high=-0.0004)
    assert texts.difference_texts("accuracy", estimate) == ("−3.1 pp", "[−8.0, 0.0]")
    assert texts.difference_texts("auroc", estimate) == ("−0.031", "[−0.080, 0.000]")
    assert texts.excludes_zero(estimate)
