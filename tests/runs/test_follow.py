"""A log is followed through whatever happens to its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxrtui.runs import codec
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Follower, Snapshot
from cxrtui.runs.log import append
from cxrtui.runs.state import RunState
from cxrtui.runs.steps import Steps
from tests.event_samples import epoch_events, whole_run


def body(events: list[ev.Event]) -> str:
    return "".join(codec.encode(event) + "\n" for event in events)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = Run(tmp_path)
    made.config_file.touch()
    made.events_file.write_text(body(whole_run()))
    return made


@pytest.mark.parametrize("kept", ["the same file", "another file"])
@pytest.mark.parametrize("epochs", [1, 3, 9])
def test_a_log_that_was_written_anew_is_read_anew(run: Run, kept: str, epochs: int) -> None:
    """Shorter, as long, or longer than what was read of the old one."""
    follower = Follower(run)
    follower.read()
    assert follower.state.run == "sample"
    if kept == "another file":
        run.events_file.rename(run.folder / "old")
    other = [ev.Preparing(time=1.0, stage="decoding"), *(event for n in range(epochs) for event in epoch_events(n + 1))]
    run.events_file.write_text(body(other))
    follower.read()
    assert follower.state == run.read()
    assert follower.state.run == ""


def test_a_log_that_shrinks_to_nothing_is_empty(run: Run) -> None:
    follower = Follower(run)
    follower.read()
    run.events_file.write_text("")
    follower.read()
    assert follower.state == RunState()


def test_a_log_that_comes_later_is_read(tmp_path: Path) -> None:
    run = Run(tmp_path)
    follower = Follower(run)
    assert follower.read()
    append(run.events_file, ev.Paused(step=1))
    assert follower.snapshot().state.status == "paused"


def test_a_long_log_is_read_in_parts(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cxrtui.runs.tail.BLOCK", 700)
    follower, parts = Follower(run), []
    while not (snapshot := follower.snapshot(lambda: True)).read:
        parts.append(snapshot.state.step)
    assert len(parts) > 5
    assert parts == sorted(parts)
    assert snapshot.state == run.read()


def test_from_the_end_only_what_follows_is_news(run: Run) -> None:
    follower = Follower(run, from_end=True)
    append(run.events_file, ev.CheckpointSaved(step=9, epoch=3, best=False, reason="requested"))
    first = follower.snapshot()
    append(run.events_file, ev.Stopped(reason="requested", step=9, epoch=3))
    second = follower.snapshot()
    assert (first.news, second.news) == ({ev.CheckpointSaved}, {ev.Stopped})
    assert second.after(first) == Snapshot(
        run, second.state, read=True, news=frozenset((ev.CheckpointSaved, ev.Stopped))
    )
    assert follower.snapshot().news == frozenset()


def test_whether_a_process_writes_it_and_was_told_to_stop(run: Run) -> None:
    lock = run.acquire()
    run.command("stop")
    snapshot = Follower(run).snapshot()
    assert (snapshot.alive, snapshot.stopping) == (True, True)
    lock.release()
    snapshot = Follower(run).snapshot()
    assert (snapshot.alive, snapshot.stopping) == (False, False)


def test_a_stop_after_the_epoch_can_be_taken_back(run: Run) -> None:
    lock = run.acquire()
    try:
        for command, asked in (("stop-after-epoch", True), ("pause", True), ("keep-going", False)):
            run.command(command)
            assert Follower(run).snapshot().stopping_after_epoch is asked
        run.command("stop-after-epoch")
    finally:
        lock.release()
    assert not Follower(run).snapshot().stopping_after_epoch


def test_columns_are_shared_by_what_they_grow_into_and_hidden_from_what_they_were() -> None:
    items = [event for event in epoch_events(1, steps=300) if isinstance(event, ev.StepDone)]
    states = [Steps()]
    for item in items:
        states.append(states[-1].appended(item))
    column = states[100].column("step")
    left, right = states[100].appended(items[0]), states[100].appended(items[1])
    assert (len(left), len(right), left[-1], right[-1]) == (101, 101, items[0], items[1])
    assert list(column) == [item.step for item in items[:100]]
    assert (list(states[300]), states[300][-1], states[300].tail(2)) == (items, items[-1], items[-2:])
    assert [len(states[300].until(step)) for step in (0, 1, 299, 300, 1000)] == [0, 1, 299, 300, 300]
    odd = states[100].appended(items[4])  # a number that was there before
    assert [item.step for item in odd.until(5)] == [1, 2, 3, 4, 5, 5]
    assert (states[10] == Steps(items[:10]), states[10] == Steps(items[1:11])) == (True, False)
