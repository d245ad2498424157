import json
import math
from dataclasses import replace

import pytest

from cxrtui import strict_json
from cxrtui.runs import events as ev
from cxrtui.statistics.estimate import Estimate
from tests.event_samples import whole_run


@pytest.mark.parametrize("event", whole_run(), ids=lambda event: type(event).__name__)
def test_an_event_survives_its_line(event: ev.Event) -> None:
    line = ev.encode(event)
    body = json.loads(line)
    assert (body["v"], body["type"], body["time"]) == (1, type(event).__name__, event.time)
    assert ev.encode(ev.decode(line)) == line  # type: ignore[arg-type]


def test_what_is_not_finite_is_strict_json_and_comes_back() -> None:
    metrics = {"auroc": math.nan, "loss": math.inf}
    line = ev.encode(ev.Validated(epoch=1, step=1, metrics=metrics))
    json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    back = ev.decode(line)
    assert isinstance(back, ev.Validated)
    assert math.isnan(back.metrics["auroc"])
    assert math.isnan(back.metrics["loss"])
    older = ev.decode('{"type": "Validated", "time": 1, "epoch": 1, "step": 1, "metrics": {"loss": "inf"}}')
    assert isinstance(older, ev.Validated)
    assert older.metrics["loss"] == math.inf


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_json_has_no_number_that_is_not_finite(value: float) -> None:
    body = {"a": [value, (1.5, {"b": value})], "c": 2.0}
    assert json.loads(strict_json.dumps(body)) == {"a": [None, [1.5, {"b": None}]], "c": 2.0}


@pytest.mark.parametrize(
    "line",
    ["", "{", "null", "[]", "3", '{"type": "Unheard"}', '{"type": "StepDone"}', '{"type": ["x"]}',
     '{"type": "Validated", "epoch": 1, "step": 1, "metrics": 7}', '{"type": "Paused", "step": "3"}',
     '{"type": "Warned", "code": "x", "message": ["y"]}', "[" * 100_000, b"\xff\xfe"],
)  # fmt: skip
def test_a_foreign_line_is_none(line: str | bytes) -> None:
    assert ev.decode(line) is None


def test_an_evaluation_may_hold_estimates_and_one_of_an_older_log_holds_none() -> None:
    older = (
        '{"v": 1, "type": "Evaluated", "time": 1.0, "part": "test", "step": 9, "metrics": {"auroc": 0.9}, "counts": '
        '{"tp": 1, "fp": 0, "tn": 1, "fn": 0, "positive": 1, "negative": 1, "films": 2}, "threshold": 0.5}'
    )
    event = ev.decode(older)
    assert isinstance(event, ev.Evaluated)
    assert event.estimates == {}
    estimate = Estimate(0.9, 0.8, math.nan, 2, 1).as_dict()
    back = ev.decode(ev.encode(replace(event, estimates={"auroc": estimate})))
    assert isinstance(back, ev.Evaluated)
    assert back.estimates["auroc"] == pytest.approx(estimate, nan_ok=True)
    assert replace(back, estimates={}) == event


def test_a_newer_field_is_ignored() -> None:
    assert ev.decode('{"v": 2, "type": "Paused", "time": 1, "step": 3, "mood": "calm"}') == ev.Paused(time=1.0, step=3)
