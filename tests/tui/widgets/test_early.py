"""What the panel of early stopping says before and after the end."""

from __future__ import annotations

from dataclasses import replace

from cxrtui.runs import events as ev
from cxrtui.runs.state import RunState, fold_all
from cxrtui.tui.app import Dashboard
from cxrtui.tui.widgets.early import earliest_stop, outcome
from tests.tui import logs
from tests.tui.screen_text import shows, text_of


def with_early(state: RunState, **changes: object) -> RunState:
    assert state.early is not None
    return replace(state, stoppings=state.stoppings.appended(replace(state.early, **changes)))  # type: ignore[type-var]


def test_the_earliest_stop_is_an_epoch_and_a_time() -> None:
    state = fold_all(logs.midway())  # 8 of 24 steps into epoch 10; an epoch takes 24 s and its validation 1.5 s
    assert earliest_stop(state) == "epoch 12 at the earliest, in 1 min 08 s"
    assert earliest_stop(replace(state, status="paused")) == "epoch 12 at the earliest"
    assert earliest_stop(with_early(state, patience_left=25)) == "not before the last epoch, 30"
    assert earliest_stop(with_early(state, patience=0)) == ""
    assert earliest_stop(fold_all(logs.ready())) == ""


def test_the_reason_of_the_end_is_told_in_words() -> None:
    assert outcome(fold_all(logs.finished())) == (
        "stopped early at epoch 12: 5 epochs did not pass loss 0.3364 of epoch 7"
    )
    assert outcome(fold_all(logs.stopped())) == "stopped on request in epoch 10"
    whole = fold_all([*logs.trained(9), ev.Stopped(reason="epochs", step=216, epoch=9)])
    assert outcome(whole) == "ran all 9 epochs"
    assert outcome(fold_all(logs.midway())) == ""
    assert outcome(fold_all([*logs.ready(), ev.Stopped(reason="requested", step=0, epoch=0)])) == ""


async def test_what_a_run_watches_is_not_said_before_it_is_known(dashboard: Dashboard) -> None:
    """The settings of a run are in its first event but one, which comes once JAX is loaded."""
    run = logs.write(dashboard.workspace.checkpoints, "mine", [ev.Preparing(stage="starting JAX")])
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.watch_run(run)
        await shows(pilot, "no validation yet")
        assert "watches" not in text_of(pilot)
