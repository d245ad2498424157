"""A trace of a few steps of a training."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import jax
import pytest

from cxrtui.runner import save_config
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config
from cxrtui.training.fit import fit
from cxrtui.training.profile import Trace
from tests.training.asks import Asks


def trained(config: Config, run: Run) -> list[ev.Event]:
    save_config(run, config)
    run.events_file.touch()
    return list(fit(config, run, Asks()))


@pytest.mark.slow
def test_a_trace_has_the_steps_that_were_asked_for_and_changes_nothing(
    small: Callable[..., Config], new_run: Callable[..., Run]
) -> None:
    plain, traced = new_run("plain"), new_run("traced")
    without = trained(small(optim__epochs=1), plain)
    story = trained(small(optim__epochs=1, run__profile=2), traced)
    losses = [[event.loss for event in events if isinstance(event, ev.StepDone)] for events in (without, story)]
    assert losses[0] == losses[1]
    assert [(event.step, event.steps, event.path) for event in story if isinstance(event, ev.Profiled)] == [
        (3, 2, "profile")
    ]
    (file,) = traced.profile.rglob("perfetto_trace.json.gz")
    names = [
        event["name"] for event in json.loads(gzip.decompress(file.read_bytes()))["traceEvents"] if "name" in event
    ]
    assert (names.count("step"), "batch" in names) == (2, True)
    assert not plain.profile.exists()


@pytest.mark.slow
def test_a_trace_that_cannot_be_made_is_a_warning(small: Callable[..., Config], new_run: Callable[..., Run]) -> None:
    run = new_run()
    with jax.profiler.trace(str(run.folder / "other")):  # only one at a time
        story = trained(small(optim__epochs=1, run__profile=2), run)
    assert "not-profiled" in [event.code for event in story if isinstance(event, ev.Warned)]
    assert isinstance(story[-1], ev.Stopped)


def test_an_epoch_that_has_fewer_steps_ends_the_trace(tmp_path: Path) -> None:
    trace = Trace(tmp_path / "profile", 99)
    for number in trace.batches(iter(range(5))):
        with trace.step(number):
            pass
        assert trace.done({}) is None
    found = trace.end()
    assert isinstance(found, ev.Profiled)
    assert (found.step, found.steps) == (3, 3)
    assert trace.end() is None
    assert not list(Trace(tmp_path / "profile", 99).batches(iter([])))
