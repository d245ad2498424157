"""How a run ends that cannot go on, with the real runner: a disk that refuses, a folder that goes, a fault."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cxrtui import runner
from cxrtui.errors import CheckpointError, TooLargeError
from cxrtui.runs import events as ev
from cxrtui.runs.advice import named
from cxrtui.runs.folder import Run
from cxrtui.runs.lock import RunLock
from cxrtui.settings.config import Config
from cxrtui.training import endings
from cxrtui.training.decisions import Requests
from tests.event_samples import whole_run

Small = Callable[..., Config]
NewRun = Callable[..., Run]


@pytest.fixture
def paced(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], None]], None]:
    """In the place of training: as many steps as are asked for, with something done before each."""
    import cxrtui.training.fit

    def use(before: Callable[[int], None]) -> None:
        def steps(config: Config, run: Run, requests: Requests, *, resume: bool = False) -> Iterator[ev.Event]:
            done = next(event for event in whole_run() if isinstance(event, ev.StepDone))
            for number in range(1, 4):
                before(number)
                yield ev.StepDone(**{**vars(done), "step": number})
            yield ev.Stopped(reason=requests.stop() or "epochs", step=3, epoch=1)

        monkeypatch.setattr(cxrtui.training.fit, "fit", steps)

    return use


def last(events: list[ev.Event]) -> ev.Failed:
    assert isinstance(events[-1], ev.Failed)
    return events[-1]


def test_a_run_that_is_renamed_says_where_it_lies(
    small: Small, new_run: NewRun, paced: Callable[..., None], tmp_path: Path
) -> None:
    run, told = new_run(), list[ev.Event]()
    moved = tmp_path / "moved"
    paced(lambda number: run.folder.rename(moved) if number == 2 else None)
    assert runner.drive(run, small(), on_event=lambda line, event: told.append(event)) == 4
    assert f"was renamed to {moved}" in last(told).message
    assert f"--resume {named(Run(moved))}" in last(told).message
    assert not run.folder.exists()
    assert (Run(moved).read().status, Run(moved).read().step) == ("failed", 1)


@pytest.mark.parametrize("left", [None, (), ("state",)], ids=["deleted", "and another made", "but what is written"])
def test_a_run_that_is_deleted_leaves_nothing_behind(
    small: Small, new_run: NewRun, paced: Callable[..., None], left: tuple[str, ...] | None
) -> None:
    run, told = new_run(), list[ev.Event]()

    def delete(number: int) -> None:
        if number == 2 and left:  # as `rm -r` does that finds a new file in a folder that it has emptied
            for path in run.folder.iterdir():
                path.unlink()
        elif number == 2:
            shutil.rmtree(run.folder)
        if number == 2 and left is not None:
            run.folder.mkdir(exist_ok=True)
            for name in left:
                (run.folder / name).mkdir()

    paced(delete)
    assert runner.drive(run, small(), on_event=lambda line, event: told.append(event)) == 4
    assert "was deleted while run" in last(told).message
    assert ([path.name for path in run.folder.iterdir()] if run.folder.exists() else None) == (
        None if left is None else list(left)
    )


def test_a_run_whose_program_failed_was_not_stopped_on_request(
    small: Small, new_run: NewRun, paced: Callable[..., None]
) -> None:
    paced(lambda number: None)
    run = new_run()
    code = runner.drive(run, small(), should_stop=lambda: True, fault=lambda: "The dashboard has failed (KeyError)")
    assert (code, run.read().status) == (1, "failed")
    assert not any(isinstance(event, ev.Stopped) for event in run.tail().poll())
    failed = run.read().failed
    assert failed is not None
    assert "The dashboard has failed (KeyError); no checkpoint" in failed.message


def test_a_watcher_with_a_fault_of_its_own_does_not_end_the_run(
    small: Small, new_run: NewRun, paced: Callable[..., None]
) -> None:
    def broken(line: str, event: ev.Event) -> None:
        raise AttributeError("no such widget")

    paced(lambda number: None)
    run = new_run()
    assert runner.drive(run, small(), on_event=broken) == 0
    assert [event.code for event in run.tail().poll() if isinstance(event, ev.Warned)] == ["watcher"]


@pytest.mark.parametrize(
    ("number", "said", "help"),
    [("ENOSPC", "no space left on device", "make room"), ("EDQUOT", "quota", "make room"),
     ("EFBIG", "file too large", "ulimit -f"), ("EROFS", "read-only", "make it writable"),
     ("EACCES", "permission denied", "make it writable")],
)  # fmt: skip
def test_a_disk_that_refuses_is_one_sentence(new_run: NewRun, number: str, said: str, help: str) -> None:
    import errno
    import os

    code = getattr(errno, number)
    run = new_run()
    for event in whole_run():
        run.append(event)
    run.config_file.touch()
    (run.state / "7").mkdir(parents=True)
    message, exit_code = endings.described(run, OSError(code, os.strerror(code), str(run.events_file)))
    assert exit_code == 4
    assert said in message.lower()
    assert f"the checkpoint of step 7 is safe; {help}" in message.replace("raise the limit on the size of a file (", "")
    assert f"--resume {named(run)}" in message
    elsewhere, exit_code = endings.described(run, OSError(code, os.strerror(code), "/somewhere/else"))
    assert (exit_code, "/somewhere/else cannot be written" in elsewhere) == (3, True)


def test_an_error_within_others_is_found() -> None:
    from cxrtui.disk import refusal

    deep = ValueError("Error writing file [OS error 28: ENOSPC No space left on device]")
    outer = RuntimeError("a commit failed")
    outer.__cause__ = ExceptionGroup("several", [KeyError("x"), deep])
    found = refusal(outer)
    assert found is not None
    assert found.reason == "no space left on device"
    assert refusal(ValueError("a bug")) is None


LIMITED = """
import resource, sys
from pathlib import Path
from cxrtui.runs import events; from cxrtui import runner
from cxrtui.settings.config import load
from cxrtui.runs.folder import Run
from cxrtui.runs.lock import RunLock

run, limit = Run(Path(sys.argv[1])), int(sys.argv[2])
def lower(line, event):
    if isinstance(event, events.StepDone) and event.step == 1:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    if isinstance(event, events.Failed):
        print(event.message)
sys.exit(runner.drive(run, load(Path(sys.argv[3])), on_event=lower))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("limit", "what"), [(1000, "events.jsonl cannot be written"), (40_000, "checkpoint of step")])
def test_files_that_may_not_grow_end_the_run_in_one_sentence(
    small: Small, new_run: NewRun, tmp_path: Path, limit: int, what: str
) -> None:
    run = new_run()
    settings = Run(tmp_path / "settings")
    settings.folder.mkdir()
    runner.save_config(settings, small(optim__epochs=3, stop__patience=0))
    answer = subprocess.run(
        [sys.executable, "-c", LIMITED, str(run.folder), str(limit), str(settings.config_file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 4, answer.stderr
    assert answer.stderr == ""
    assert len(answer.stdout.splitlines()) == 1
    assert what in answer.stdout
    assert "(file too large)" in answer.stdout
    assert f"go on with --resume {named(run)}" in answer.stdout
    assert not [item for item in run.state.glob("*") if not item.name.isdecimal()]
    assert runner.drive(run, small(optim__epochs=3, stop__patience=0), resume=True) == 0


def test_a_checkpoint_that_cannot_be_written_says_what_is_safe(tmp_path: Path) -> None:
    import jax.numpy as jnp

    from cxrtui.weights.checkpoints import Checkpoints

    (tmp_path / "run").mkdir()
    checkpoints = Checkpoints(tmp_path / "run" / "state")
    weights = {"bias": jnp.zeros(3)}
    checkpoints.save(1, weights, weights, {"step": 1})
    checkpoints.wait()
    (tmp_path / "run").rename(tmp_path / "moved")
    with pytest.raises(CheckpointError, match="was renamed or deleted"):
        checkpoints.save(2, weights, weights, {"step": 2})
    assert not (tmp_path / "run").exists()
    checkpoints.close()


@pytest.mark.parametrize("kind", [os.mkfifo, os.mkdir])
def test_something_else_in_the_place_of_the_log_ends_the_run_with_a_sentence(
    small: Small, new_run: NewRun, paced: Callable[..., None], kind: Callable[[Path], None]
) -> None:
    run, told = new_run(), list[ev.Event]()

    def put(number: int) -> None:
        if number == 2:
            run.events_file.unlink()
            kind(run.events_file)

    paced(put)
    assert runner.drive(run, small(), on_event=lambda line, event: told.append(event)) == 4
    assert "events.jsonl cannot be written (it is a " in last(told).message
    assert last(told).message.endswith(f"check what is there and go on with --resume {named(run)}.")


def test_a_full_memory_offers_the_next_smaller_batch(small: Small, new_run: NewRun) -> None:
    run = new_run()
    full = RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 95 GiB.")
    assert "lower optim.batch_size" in endings.described(run, full)[0]  # it has no configuration yet
    runner.save_config(run, small(optim__batch_size=48))
    message, code = endings.described(run, full)
    assert "start a run with optim.batch_size=24 in place of 48" in message
    assert "95 GiB" in message
    assert endings.instead(run, full) == {"optim.batch_size": "24"}
    assert endings.instead(run, RuntimeError("another")) == {}
    assert endings.instead(run, TooLargeError("", {"data.size": "128"})) == {"data.size": "128"}
    assert code == 1
    assert not endings.is_fault(full), "another try would need as much"
    assert endings.is_fault(RuntimeError("CUDA_ERROR_ECC_UNCORRECTABLE"))


def test_a_run_that_others_have_taken_over_is_not_said_to_be_moved(new_run: NewRun) -> None:
    run = new_run()
    hanging, lock = run.acquire(), run.acquire(take_over=True)
    assert "another one took run" in str(endings.gone(run, hanging))
    hanging.release()
    lock.release()


def test_a_run_that_others_have_taken_over_gets_no_more_lines(small: Small, new_run: NewRun) -> None:
    run = new_run()
    locks: list[RunLock] = []
    told: list[ev.Event] = []

    def take_over(line: str, event: ev.Event) -> None:
        told.append(event)
        if not locks:
            locks.append(run.acquire(take_over=True))

    assert runner.drive(run, small(), on_event=take_over) == 4
    assert "another one took run" in last(told).message
    assert [type(event) for event in run.tail().poll()] == [ev.Preparing]
    locks[0].release()
