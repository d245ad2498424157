import math
from dataclasses import replace
from pathlib import Path

import pytest

from cxrtui.runs import events as ev
from cxrtui.runs.describe import describe
from cxrtui.runs.reading import fold_read
from cxrtui.runs.state import RunState, Series, fold, fold_all
from cxrtui.runs.tail import EventTail
from tests.event_samples import epoch_events, whole_run


def test_a_whole_run_folds_to_its_end() -> None:
    state = fold_all(whole_run())
    assert (state.run, state.status, state.step, state.epoch, state.total_steps) == ("sample", "finished", 9, 3, 30)
    assert [item.epoch for item in state.validations] == [1, 2, 3]
    assert state.early is not None
    assert state.early.best_epoch == 3
    assert state.labels == ("no", "yes")
    assert not state.live


def test_folding_changes_neither_argument() -> None:
    events = whole_run()
    states = [RunState()]
    for event in events:
        states.append(fold(states[-1], event))
    again = RunState()
    for index, event in enumerate(events):
        assert again == states[index]
        again = fold(states[index], event)  # a second branch from the same state
    assert len(states[0].steps) == 0
    assert again == states[-1]


def test_a_restore_forgets_what_was_lost() -> None:
    events = whole_run()[:4] + epoch_events(1) + epoch_events(2) + epoch_events(3)[:2]
    state = fold_all([*events, ev.Resumed(time=5000.0, step=3, epoch=1, restored=True)])
    assert state.step == 3
    assert [item.epoch for item in state.epochs] == [item.epoch for item in state.validations] == [1]
    assert state.early is not None
    assert state.early.epoch == 1
    assert state.status == "training"
    state = fold_all(epoch_events(2), state)
    assert [item.step for item in state.steps] == [1, 2, 3, 4, 5, 6]


def test_what_was_unfrozen_at_the_step_of_a_restore_happens_again() -> None:
    events = whole_run()
    state = fold_all(events)
    assert [(item.epoch, item.step) for item in state.unfrozen] == [(2, 3)]
    line = next(line for line in state.log if "stage4" in line.text)
    assert line.text == "epoch 2: stage4 and all above it train from here on · 95 parameters"
    for step, left in ((2, 0), (3, 0), (4, 1)):
        assert len(fold(state, ev.Resumed(time=5000.0, step=step, epoch=1, restored=True)).unfrozen) == left


def test_a_resume_after_a_pause_forgets_nothing() -> None:
    events = [*whole_run()[:4], *epoch_events(1), ev.Paused(time=3000.0, step=3)]
    paused = fold_all(events)
    assert paused.status == "paused"
    state = fold(paused, ev.Resumed(time=3001.0, step=3))
    assert (state.status, state.step) == ("training", 3)


def test_eta_follows_the_pace_of_the_last_epoch() -> None:
    state = fold_all(whole_run()[:4] + epoch_events(1) + epoch_events(2) + epoch_events(3)[:1])
    # 9 s an epoch of 3 steps and 1 s its validation, 30 steps in all, 7 done; a night between two epochs is no pace.
    assert state.eta_seconds is not None
    assert math.isclose(state.eta_seconds, 10 / 3 * 23)


def test_the_pace_is_that_of_the_last_steps() -> None:
    steps = [event for event in whole_run() if isinstance(event, ev.StepDone)]
    last = replace(steps[-1], step=steps[-1].step + 1, images_per_second=80_000.0)  # told by an odd moment of the clock
    state = fold_all([*steps, last])
    assert len(steps) == 9
    assert math.isclose(state.images_per_second, 10 / (9 / 8 + 1 / 80_000))
    assert RunState().images_per_second == 0


def test_an_event_that_is_wrong_inside_is_an_error_here_and_a_problem_of_the_log_for_who_reads_it() -> None:
    state = fold_all(whole_run())
    odd = ev.DataPrepared(source="x", fingerprint="", counts={"train": 5}, patients={}, labels=[])  # type: ignore[dict-item]
    with pytest.raises(AttributeError):
        fold(state, odd)
    tail = EventTail(Path("events.jsonl"))
    assert fold_read(state, [odd], tail) == (state, frozenset())
    assert tail.problem == "part of events.jsonl cannot be read: a DataPrepared that says nothing (AttributeError)"


def test_warnings_are_kept_by_their_code() -> None:
    first = ev.Warned(time=1.0, code="patients-unknown", message="Leakage by patient cannot be excluded: a")
    other = ev.Warned(time=2.0, code="spellings", message="Leakage is only what this one's words begin with")
    state = fold_all([first, other, replace(first, time=3.0)])
    assert list(state.warnings) == [first, other, replace(first, time=3.0)]
    assert state.warned("patients-unknown") == [replace(first, time=3.0)]  # said twice by a run that was resumed
    assert state.warned("spellings") == [other]
    assert [line.level for line in state.log] == ["warning"] * 3


def test_a_restore_keeps_what_early_stopping_made_of_the_validations_that_it_keeps() -> None:
    """Also where what was read begins between a validation and what was made of it."""
    events = [*epoch_events(1)[5:], *epoch_events(2), *epoch_events(3)]
    state = fold_all([*events, ev.Resumed(time=5000.0, step=6, epoch=2, restored=True)])
    assert [item.epoch for item in state.stoppings][-1] == 2


def test_every_word_for_people_is_whole() -> None:
    texts = [line.text for event in whole_run() if (line := describe(event)) is not None]
    assert any("AUROC –" in text and "2 missed" in text for text in texts)
    assert not any("nan" in text for text in texts)


def test_the_speed_of_each_of_several_devices_is_said() -> None:
    compiled = ev.Compiled(time=1.0, seconds=2.0, parameters=9, trainable=9)
    done = ev.EpochDone(time=2.0, epoch=1, step=4, loss=0.5, accuracy=0.5, seconds=4.0, images_per_second=80.0,
                        per_device=80.0)  # fmt: skip
    assert [fold(RunState(), event).devices for event in (compiled, replace(compiled, devices=4))] == [1, 4]
    lines = [describe(event) for event in (done, replace(done, per_device=20.0))]
    ends = [line.text.rpartition(" · ")[2] for line in lines if line is not None]
    assert ends == ["4.0 s", "80.0 images/s (20.0 on each of 4 devices)"]


def test_a_failure_is_the_last_word() -> None:
    failed = ev.Failed(time=1.0, error="DataError", message="no films", exit_code=3)
    state = fold(RunState(), failed)
    assert (state.status, state.log[-1].level) == ("failed", "error")


def test_series_branches_do_not_see_each_other() -> None:
    one = Series([1])
    left, right = one.appended(2), one.appended(3)
    assert (list(one), list(left), list(right)) == ([1], [1, 2], [1, 3])
    assert left.tail(5) == [1, 2]
    assert left[-1] == 2
