"""The phases of a start add up to it, and are reported once."""

from __future__ import annotations

import time

import pytest

from cxrtui.runs import events as ev
from cxrtui.runs.describe import describe
from cxrtui.runs.startup import StartUp
from tests.event_samples import whole_run


def test_the_phases_of_a_start_add_up_and_are_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 999.5)
    startup = StartUp()
    monkeypatch.undo()
    found = [first for event in whole_run() if (first := startup.after(event)) is not None]
    assert len(found) == 1
    assert (found[0].step, found[0].seconds) == (1, 100.5)
    assert found[0].phases == {"imports": 0.5, "weights": 1.6, "films": 0.4, "programs": 8.0, "features": 0.5,
                               "first step": 89.5}  # fmt: skip
    line = describe(found[0])
    assert line is not None
    assert line.text.startswith("first step after 100.5 s (imports 0.5, weights 1.6, ")


def test_a_run_that_goes_on_has_no_run_started() -> None:
    startup = StartUp()
    later = time.time() + 3
    assert startup.after(ev.Resumed(time=later, step=3, restored=True)) is None
    step = next(event for event in whole_run() if isinstance(event, ev.StepDone))
    first = startup.after(step)
    assert first is not None
    assert list(first.phases) == ["imports", "first step"]
