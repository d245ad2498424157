from __future__ import annotations

from pathlib import Path

import pytest

from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.tui import farewell
from cxrtui.tui.backend import Backend
from cxrtui.tui.trainer import Trainer
from tests.tui import logs


def trainer(folder: Path, *last: ev.Event, problem: str = "") -> Trainer:
    run = logs.write(folder / "checkpoints", "mine", [*logs.trained(1, run="mine"), *last])
    (run.state / "24").mkdir(parents=True)
    trained = Trainer(Backend())
    trained.run, trained.problem = Run(run.folder), problem
    return trained


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_stopped_run_says_its_step_and_how_to_go_on(tmp_path: Path) -> None:
    said = farewell.last_word(trainer(tmp_path), 5)
    assert said == "Run mine is stopped, with its checkpoint at step 24; go on with: cxrtui train --resume mine"


def test_a_run_that_was_left_without_a_checkpoint_says_so(tmp_path: Path) -> None:
    left = trainer(tmp_path)
    assert left.run is not None
    (left.run.state / "24").rmdir()
    assert farewell.last_word(left, 1) == "Run mine has ended; no checkpoint was saved yet; go on with --resume mine."


def test_a_run_that_goes_on_says_how_to_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = trainer(tmp_path)
    assert left.run is not None
    monkeypatch.setattr(Trainer, "left", True)
    lock = left.run.acquire()
    said = farewell.last_word(left, 0)
    lock.release()
    assert said == "Run mine goes on; watch it with: cxrtui attach mine; stop it with: cxrtui runs stop mine"
    assert farewell.last_word(left, 0) == ""  # it has ended meanwhile


def test_a_failed_run_says_why_and_where_the_traceback_is(tmp_path: Path) -> None:
    failed = ev.Failed(error="KeyError", message="KeyError: 'x'", exit_code=1, traceback="traceback.txt")
    said = farewell.last_word(trainer(tmp_path, failed, problem="KeyError: 'x'"), 1)
    assert said.startswith("Run mine failed: KeyError: 'x' Traceback: ")
    assert said.endswith("mine/traceback.txt")


def test_what_failed_for_a_reason_of_the_users_shows_no_traceback(tmp_path: Path) -> None:
    failed = ev.Failed(error="DataError", message="No films.", exit_code=3, traceback="traceback.txt")
    assert farewell.last_word(trainer(tmp_path, failed, problem="No films."), 3) == "Run mine failed: No films."


def test_nothing_is_said_of_a_finished_run_or_of_none(tmp_path: Path) -> None:
    assert farewell.last_word(trainer(tmp_path), 0) == ""
    assert farewell.last_word(Trainer(Backend()), 143) == ""
