import dataclasses
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from cxrtui import strict_json
from cxrtui.runs import codec
from cxrtui.runs import events as ev
from cxrtui.runs.steps import StepBlock
from cxrtui.runs.tail import EventTail
from cxrtui.statistics.estimate import Estimate
from tests.event_samples import whole_run

RARE = (
    ev.Profiled(time=1.0, step=3, steps=10, seconds=2.0, path="profile"), ev.Paused(time=1.0, step=4),
    ev.Resumed(time=1.0, step=4, epoch=2, restored=True),
    ev.Mirrored(time=1.0, url="s3://bucket/runs/night", files=9, bytes=2**20, seconds=1.5),
    ev.Warned(time=1.0, code="x", message="Leakage by patient cannot be excluded"),
    ev.FirstStep(time=1.0, step=1, seconds=2.5, phases={"imports": 1.5, "first step": 1.0}),
    ev.Failed(time=1.0, error="E", message="m", exit_code=1, step=3, traceback="traceback.txt"),
    ev.Usage(time=1.0, cpu=1.5, host_cpu=0.8, memory=2**30, host_memory=2**32, host_memory_total=2**33,
             devices=[{"name": "H100", "use": 0.97, "memory": 2**30, "memory_peak": None, "memory_total": 2**36}]),
)  # fmt: skip


@pytest.mark.parametrize("event", whole_run(), ids=lambda event: type(event).__name__)
def test_an_event_survives_its_line(event: ev.Event) -> None:
    line = codec.encode(event)
    body = json.loads(line)
    assert (body["v"], body["type"], body["time"]) == (1, type(event).__name__, event.time)
    assert codec.encode(codec.decode(line)) == line  # type: ignore[arg-type]


def test_what_is_not_finite_is_strict_json_and_comes_back() -> None:
    metrics = {"auroc": math.nan, "loss": math.inf}
    line = codec.encode(ev.Validated(epoch=1, step=1, metrics=metrics))
    json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    back = codec.decode(line)
    assert isinstance(back, ev.Validated)
    assert math.isnan(back.metrics["auroc"])
    assert math.isnan(back.metrics["loss"])
    older = codec.decode('{"type": "Validated", "time": 1, "epoch": 1, "step": 1, "metrics": {"loss": "inf"}}')
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
    assert codec.decode(line) is None


def test_an_evaluation_may_hold_estimates_and_one_of_an_older_log_holds_none() -> None:
    older = (
        '{"v": 1, "type": "Evaluated", "time": 1.0, "part": "test", "step": 9, "metrics": {"auroc": 0.9}, "counts": '
        '{"tp": 1, "fp": 0, "tn": 1, "fn": 0, "positive": 1, "negative": 1, "films": 2}, "threshold": 0.5}'
    )
    event = codec.decode(older)
    assert isinstance(event, ev.Evaluated)
    assert event.estimates == {}
    estimate = Estimate(0.9, 0.8, math.nan, 2, 1).as_dict()
    back = codec.decode(codec.encode(replace(event, estimates={"auroc": estimate})))
    assert isinstance(back, ev.Evaluated)
    assert back.estimates["auroc"] == pytest.approx(estimate, nan_ok=True)
    assert replace(back, estimates={}) == event


NEWER = {"mood": "calm", "verdicts": {"auroc": {"value": 0.9, "low": None}}, "pairs": [["a", "b"], []]}


@pytest.mark.parametrize("event", whole_run(), ids=lambda event: type(event).__name__)
def test_fields_of_a_newer_version_cost_nothing_of_what_is_known(event: ev.Event) -> None:
    body = json.loads(codec.encode(event))
    line = json.dumps({"v": 2, "type": body["type"], **NEWER, **body, "more": [{}]})
    assert codec.encode(codec.parse(line)) == codec.encode(event)  # type: ignore[arg-type]
    as_written = json.dumps({**body, **NEWER}).encode()  # where steps are decoded by the block
    found = EventTail(Path("absent"))._take(as_written + b"\n")
    one = [step for item in found for step in (item.events() if isinstance(item, StepBlock) else [item])]
    assert [codec.encode(item) for item in one] == [codec.encode(event)]


@pytest.mark.parametrize("kind", ev.TYPES.values(), ids=ev.TYPES)
def test_fields_that_an_older_version_lacks_have_their_defaults(kind: type[ev.Event]) -> None:
    event = next(item for item in [*whole_run(), *RARE] if isinstance(item, kind))
    body = json.loads(codec.encode(event))
    for item in dataclasses.fields(kind):
        optional = (item.default, item.default_factory) != (dataclasses.MISSING, dataclasses.MISSING)
        if not optional or item.name == "time":
            continue
        left = {key: value for key, value in body.items() if key != item.name}
        default = item.default_factory() if item.default is dataclasses.MISSING else item.default  # type: ignore[misc]
        if (kind, item.name) == (ev.Warned, "code"):
            default = ev.PATIENTS_UNKNOWN  # by its message
        wanted = dataclasses.replace(event, **{item.name: default})
        assert codec.encode(codec.parse(json.dumps(left))) == codec.encode(wanted)  # type: ignore[arg-type]


def test_what_an_evaluation_measured_and_counted_is_kept_whoever_knows_it() -> None:
    event = next(item for item in whole_run() if isinstance(item, ev.Evaluated))
    more = dataclasses.replace(event, metrics={"brier": 0.1}, counts={**event.counts, "patients": 7})
    back = codec.parse(codec.encode(more))
    assert back == more


@pytest.mark.parametrize(
    ("message", "code"),
    [("Leakage by patient cannot be excluded: no film's patient is known", ev.PATIENTS_UNKNOWN), ("Odd leakage", "")],
)
def test_a_warning_without_a_code_gets_one_where_its_message_has(message: str, code: str) -> None:
    assert codec.parse(json.dumps({"type": "Warned", "time": 1, "message": message})) == ev.Warned(
        time=1.0, message=message, code=code
    )
    told = ev.Warned(time=1.0, message=message, code="mine")
    assert codec.parse(codec.encode(told)) == told


def test_a_newer_field_is_ignored() -> None:
    line = '{"v": 2, "type": "Paused", "time": 1, "step": 3, "mood": "calm"}'
    assert codec.decode(line) == ev.Paused(time=1.0, step=3)
