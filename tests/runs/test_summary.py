"""summary.json is a help to lists and never a witness: whatever lies in its place, the log has the last word."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxrtui.runs import codec
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.runs.glance import Overview, summary
from cxrtui.runs.listing import new_run
from cxrtui.runs.log import append
from cxrtui.runs.summary import FILE, Landmarks, read_landmarks, read_summary
from tests.runs.strategies import training
from tests.runs.test_hostile_files import BYTES, KINDS

EPOCHS = 60


def _write(run: Run, stream: list[ev.Event]) -> None:
    run.config_file.touch()
    for event in stream:
        append(run.events_file, event)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A log that is longer than what is read of its end, with a summary."""
    made = new_run(tmp_path / "checkpoints", "long")
    _write(made, list(training([], epochs=EPOCHS)))
    read_landmarks(made.events_file).write(made.events_file)
    return made


def _rows(run: Run) -> tuple[object, ...]:
    state = summary(run)
    return state.status, state.step, state.early, state.checkpoint, repr(state.evaluations), state.stopped


def test_a_summary_holds_places_and_no_values(run: Run) -> None:
    body = json.loads((run.folder / FILE).read_text())
    assert set(body) == {"v", "inode", "end", "mark", "lines"}
    assert body["end"] == run.events_file.stat().st_size
    log = run.events_file.read_bytes()
    kinds = [json.loads(log[start:end])["type"] for start, end in body["lines"]]
    assert kinds[-2:] == ["Evaluated", "Stopped"]
    assert len(kinds) == len(set(kinds))
    assert read_summary(run.events_file) is not None


def test_a_list_reads_a_small_part_of_a_log(run: Run) -> None:
    (run.folder / FILE).rename(run.folder / "kept")
    without = summary(run)
    (run.folder / "kept").rename(run.folder / FILE)
    assert len(summary(run).steps) < len(without.steps) < len(run.read().steps) == 3 * EPOCHS
    assert summary(run).early == without.early == run.read().early
    assert summary(run).compiled == without.compiled == run.read().compiled is not None


def _with(**changes: Any) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        body = json.loads(file.read_text())
        file.write_text(json.dumps({**body, **{key: value(body) for key, value in changes.items()}}))

    return change


WRONG: dict[str, Callable[[Path], None]] = {
    "another inode": _with(inode=lambda body: body["inode"] + 1),
    "beyond the log": _with(end=lambda body: body["end"] + 1),
    "before its beginning": _with(end=lambda body: -1),
    "another mark": _with(mark=lambda body: "0" * 64),
    "another version": _with(v=lambda body: 2),
    "within a line": _with(lines=lambda body: [[start + 1, end] for start, end in body["lines"]]),
    "two lines as one": _with(lines=lambda body: [[0, body["lines"][-1][1]]]),
    "a line with no end": _with(lines=lambda body: [[start, end - 1] for start, end in body["lines"]]),
    "backwards": _with(lines=lambda body: [[end, start] for start, end in body["lines"]]),
    "negative": _with(lines=lambda body: [[-5, -1]]),
    "three numbers": _with(lines=lambda body: [[0, 1, 2]]),
    "fractions": _with(lines=lambda body: [[0.0, 10.0]]),
    "huge": _with(lines=lambda body: [[0, 10**400]]),
    "thousands": _with(lines=lambda body: body["lines"] * 1000),
    "no list": _with(lines=lambda body: "no"),
    "a list": lambda file: file.write_text("[1]") and None,
    "torn": lambda file: file.write_bytes(file.read_bytes()[:50]) and None,
    "missing": Path.unlink,
    "field too many": _with(more=lambda body: 1),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_a_summary_that_does_not_fit_is_passed_over(run: Run, wrong: str) -> None:
    right = _rows(run)
    WRONG[wrong](run.folder / FILE)
    assert read_summary(run.events_file) is None
    assert _rows(run) == right


@pytest.mark.parametrize("kind", [*KINDS, *BYTES])
def test_whatever_lies_in_its_place_is_passed_over(run: Run, kind: str) -> None:
    right, file = _rows(run), run.folder / FILE
    file.unlink()
    if kind in KINDS:
        KINDS[kind](file)
    else:
        file.write_bytes(BYTES[kind])
    assert _rows(run) == right


def test_a_summary_that_hides_how_the_run_ended_does_not(run: Run) -> None:
    """It fits the log and points to lines of it, but not to the last ones."""
    right = _rows(run)
    _with(lines=lambda body: [])(run.folder / FILE)
    assert _rows(run) == right
    append(run.events_file, ev.Failed(error="DiskError", message="full", exit_code=3))
    assert summary(run).status == "failed"


def test_that_a_split_leaks_is_listed_however_long_the_log_is(tmp_path: Path) -> None:
    run = new_run(tmp_path / "checkpoints", "long")
    first, second, *others = training([], epochs=EPOCHS)
    leaks = ev.Warned(code=ev.SPLIT_LEAKS, message="The split of s.csv leaks.")
    _write(run, [first, second, ev.Warned(code="other", message="split-leaks"), leaks, *others])
    assert summary(run).warned(ev.SPLIT_LEAKS) == [leaks]
    read_landmarks(run.events_file).write(run.events_file)
    assert read_summary(run.events_file) is not None
    assert list(summary(run).warnings) == [leaks]


def test_a_log_in_the_place_of_another_makes_its_summary_stale(run: Run) -> None:
    body = run.events_file.read_bytes()
    other = list(training([], epochs=50))[:-2]
    run.events_file.write_text("".join(codec.encode(event) + "\n" for event in other))  # the same inode, and shorter
    assert summary(run).epoch == 50
    with run.events_file.open("ab") as file:
        file.write(body)  # and longer
    assert read_summary(run.events_file) is None
    assert summary(run).status == "finished"


def test_a_copied_run_is_listed_without_its_summary(run: Run, tmp_path: Path) -> None:
    copy = Run(tmp_path / "checkpoints" / "copy")
    shutil.copytree(run.folder, copy.folder)
    assert read_summary(copy.events_file) is None
    assert _rows(copy) == _rows(run)


def test_landmarks_of_a_log_are_those_that_were_noted_as_it_grew(tmp_path: Path) -> None:
    noted, run = Landmarks(), new_run(tmp_path, "run")
    for event in training([(2, 2), (4, 5)]):
        noted.add_written(event, append(run.events_file, event))
    noted.write(run.events_file)
    before = (run.folder / FILE).read_text()
    found = read_landmarks(run.events_file)
    found.write(run.events_file)
    assert (run.folder / FILE).read_text() == before
    assert found.started
    assert not read_landmarks(tmp_path / "absent").started


def test_all_runs_at_a_glance_are_named_first_and_then_kept_where_nothing_changed(run: Run) -> None:
    checkpoints = run.folder.parent
    _write(new_run(checkpoints, "short"), list(training([], epochs=1)))
    overview = Overview(checkpoints)
    named, *_, read = overview.looks()
    assert [(item.run.name, item.read) for item in named] == [("short", False), ("long", False)]
    assert [(item.run.name, item.read, item.state.epoch) for item in read] == [("short", True, 1), ("long", True, 60)]
    assert [last is item for last, item in zip(list(overview.looks())[-1], read, strict=True)] == [True, True]
    append(run.events_file, ev.Paused(step=1))
    os.utime(run.events_file, ns=(time.time_ns(), time.time_ns() + 10**9))  # clocks of file systems are coarse
    again = list(overview.looks())[-1]
    assert [item.run.name for item in again] == ["long", "short"]
    assert (again[0].state.status, again[1] is read[0]) == ("paused", True)
    shutil.rmtree(run.folder)
    assert [item.run.name for item in list(overview.looks())[-1]] == ["short"]
    lock = again[1].run.acquire()
    append(again[1].run.events_file, ev.Resumed(step=3))
    again[1].run.command("stop")
    (live,) = list(overview.looks())[-1]
    assert (live.alive, live.stopping, live.state.status) == (True, True, "training")
    lock.release()
    (dead,) = list(overview.looks())[-1]
    assert not dead.alive


def test_a_look_can_be_left_off(run: Run) -> None:
    assert [item.read for look in Overview(run.folder.parent).looks(lambda: True) for item in look] == [False]
