from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cxrtui.errors import ConfigError
from cxrtui.evaluation import operation as operations
from cxrtui.evaluation.measures import Films, measure
from cxrtui.evaluation.operation import Operation, set_operation
from cxrtui.runs.folder import Run
from cxrtui.settings import config
from cxrtui.settings.operating_rule import OperatingRule, operating_rule
from cxrtui.statistics.operating_point import confusion, rates


def _validation(count: int = 120) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    labels = (np.arange(count) % 3 == 0).astype(np.int32)
    return labels, 1 / (1 + np.exp(-(4.0 * labels - 1.0 + random.normal(size=count) * 2.0)))


@pytest.mark.parametrize("method", ["platt", "temperature", "isotonic", "none"])
@pytest.mark.parametrize("rule", ["0.5", "Youden", "sensitivity>=0.95", "specificity>=0.9", "cost=5:1"])
def test_a_rule_is_met_on_the_films_that_it_was_set_on_and_a_calibration_moves_no_film(method: str, rule: str) -> None:
    labels, scores = _validation()
    settings = config.resolve({"run.calibration": method, "run.operating_point": rule}).run
    found = set_operation(settings, labels, scores)
    assert found.calibration.method == method
    met = rates(confusion(labels, found.calibration(scores), found.threshold))
    assert (met["sensitivity"], met["specificity"]) == (found.realised["sensitivity"], found.realised["specificity"])
    if rule == "sensitivity>=0.95":
        assert met["sensitivity"] >= 0.95
    if rule == "specificity>=0.9":
        assert met["specificity"] >= 0.9
    if method != "isotonic":
        own = found.without_calibration
        np.testing.assert_array_equal(
            found.calibration(scores) >= found.threshold, own.calibration(scores) >= own.threshold
        )
    assert Operation.from_dict(json.loads(json.dumps(found.as_dict()))) == found


def test_without_both_classes_the_usual_threshold_stays_and_it_says_why() -> None:
    settings = config.resolve({"run.operating_point": "Youden"}).run
    found = set_operation(settings, np.ones(5, np.int32), np.full(5, 0.7))
    assert (found.threshold, found.rule, found.is_calibrated) == (0.5, "0.5", False)
    assert "both classes" in found.why
    assert "both classes" in found.calibration.why


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("0.3", OperatingRule("probability", 0.3)), (0.3, OperatingRule("probability", 0.3)),
        (" youden ", OperatingRule("Youden")), ("Sensitivity >= 95%", OperatingRule("sensitivity", 0.95)),
        ("specificity≥.9", OperatingRule("specificity", 0.9)), ("cost=10", OperatingRule("cost", 10.0, 1.0)),
        ("cost = 5:2", OperatingRule("cost", 5.0, 2.0)),
    ],
)  # fmt: skip
def test_how_a_rule_is_written(text: object, rule: OperatingRule) -> None:
    assert operating_rule(config.resolve({"run.operating_point": text}).run.operating_point) == rule


@pytest.mark.parametrize(
    "text", ["", "0", "1", "1.5", "sensitivity", "sensitivity>=1.2", "cost=0", "cost=1:0", "best", "nan"]
)
def test_what_is_no_rule_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(ConfigError, match=r"run.operating_point.*Youden, sensitivity>=0.95"):
        config.resolve({"run.operating_point": text})


def test_a_rule_that_needs_films_needs_the_validation() -> None:
    with pytest.raises(ConfigError, match=r"run\.evaluate must hold validation"):
        config.resolve({"run.operating_point": "Youden", "run.evaluate": "test"})
    assert config.resolve({"run.operating_point": "0.4", "run.evaluate": "test"})


def test_the_operation_belongs_to_the_weights_of_its_step(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert operations.read(run, 3) == (Operation(), "")
    labels, scores = _validation()
    made = set_operation(config.Config().run, labels, scores)
    operations.write(run, 3, made)
    assert operations.read(run, 3) == (made, "")
    other, why = operations.read(run, 4)
    assert other == Operation()
    assert "step 3" in why
    (tmp_path / operations.FILE).write_text('{"step": 3, "calibration": {"method": "platt", "temperature": -1}}')
    assert operations.read(run, 3)[0] == Operation()
    assert "cannot be read" in operations.read(run, 3)[1]


def test_measures_hold_what_a_report_needs_as_plain_numbers() -> None:
    labels, scores = _validation()
    patients = [f"p{place // 2}" for place in range(120)]
    sources = ["a" if place % 4 else "b" for place in range(120)]
    settings = config.resolve({"run.operating_point": "sensitivity>=0.9"}).run
    operation = set_operation(settings, labels, scores)
    films = Films(labels, scores, patients, {"source": sources, "view": ["PA"] * 120})
    told: list[tuple[int, int]] = []
    found = measure(
        films, operation, prevalence=0.05, on_progress=lambda phase, done, total: told.append((done, total))
    )
    body = found.as_dict()
    json.dumps(body, allow_nan=False)
    assert told[-1][0] == told[-1][1]
    assert [table["column"] for table in body["subgroups"]] == ["source"]
    assert body["estimates"]["accuracy"]["n"] == 120
    assert body["by_patient"]["accuracy"]["n"] < 120
    assert body["calibration"]["after"]["ece"]["value"] < body["calibration"]["before"]["ece"]["value"]
    assert body["operating_point"]["target"] == {"sensitivity": 0.9}
    assert body["operating_point"]["realised"]["sensitivity"]["value"] == operation.realised["sensitivity"]
    assert body["prevalence"] == 0.05
    curves = body["curves"]
    assert sum(curves["confusion"].values()) == sum(map(sum, curves["scores"].values())) == 120
    assert curves["roc"][0] == [0, 0]
    assert curves["roc"][-1] == [1, 1]
    assert sum(row["films"] for row in curves["reliability"]) == 120
    event = found.evaluated("test", 9, {"accuracy": 0.5}, {"tp": 1})
    assert event.estimates["auroc"]["low"] < event.estimates["auroc"]["value"]
    assert event.calibration["temperature"] == operation.calibration.temperature
