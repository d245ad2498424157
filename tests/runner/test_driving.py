"""The runner with the real training, in this process: the control file, failures, the log."""

import shlex
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cxrtui import runner
from cxrtui.errors import ConfigError
from cxrtui.runs import advice, codec, glance, summary
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config

Small = Callable[..., Config]


def wait_for(run: Run, kind: type[ev.Event], seconds: float = 90.0) -> None:
    """Until the log holds such an event."""
    deadline, tail = time.monotonic() + seconds, run.tail()
    while not any(isinstance(event, kind) for event in tail.poll()):
        assert time.monotonic() < deadline, f"no {kind.__name__}"
        time.sleep(0.02)


def kinds_since_pause(run: Run) -> list[str]:
    """The types of the events from the first pause on."""
    kinds = [type(event).__name__ for event in run.tail().poll()]
    return kinds[kinds.index("Paused") :]


@pytest.mark.slow
def test_pause_resume_checkpoint_and_stop_by_the_control_file(small: Small, new_run: Callable[..., Run]) -> None:
    run = new_run()
    config = small(optim__epochs=5000, stop__patience=0)
    codes: list[int] = []
    worker = threading.Thread(target=lambda: codes.append(runner.drive(run, config)), daemon=True)
    worker.start()
    wait_for(run, ev.StepDone)
    assert run.alive()
    run.command("pause")
    wait_for(run, ev.Paused)
    before = run.read().step
    time.sleep(0.4)
    assert run.read().step == before, "a paused run took a step"
    run.command("checkpoint")
    run.command("resume")
    wait_for(run, ev.Resumed)
    run.command("stop")
    worker.join(60)
    assert codes == [5]
    assert not run.alive()
    state = run.read()
    assert (state.status, state.checkpoint.step if state.checkpoint else None) == ("stopped", state.step)


@pytest.mark.slow
def test_a_batch_size_that_was_chosen_is_kept_with_the_run(small: Small, new_run: Callable[..., Run]) -> None:
    run = new_run()
    assert runner.drive(run, small(optim__batch_size="auto", optim__epochs=1)) == 0
    chosen = [event for event in run.tail().poll() if isinstance(event, ev.BatchChosen)]
    films = run.read().data
    assert films is not None
    assert [event.batch_size for event in chosen] == [sum(films.counts["train"].values()) // 10] == [4]
    for state in (run.read(), glance.summary(run)):
        assert state.config["optim"]["batch_size"] == 4
        assert state.config["optim"]["epochs"] == 1
    assert runner.start_config(run).optim.batch_size == 4  # a resume goes on with it


@pytest.mark.slow
def test_a_paused_run_saves_when_asked_and_stays_paused(small: Small, new_run: Callable[..., Run]) -> None:
    run = new_run()
    worker = threading.Thread(
        target=lambda: runner.drive(run, small(optim__epochs=5000, stop__patience=0)), daemon=True
    )
    worker.start()
    wait_for(run, ev.StepDone)
    run.command("pause")
    wait_for(run, ev.Paused)
    run.command("checkpoint")
    deadline = time.monotonic() + 60
    while kinds_since_pause(run) == ["Paused"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.3)
    assert kinds_since_pause(run) == ["Paused", "CheckpointSaved"]
    paused = run.read()
    assert (paused.status, paused.checkpoint.step if paused.checkpoint else None) == ("paused", paused.step)
    run.command("stop")
    worker.join(60)
    assert kinds_since_pause(run) == ["Paused", "CheckpointSaved", "Resumed", "CheckpointSaved", "Stopped"]
    assert run.read().step == paused.step


@pytest.mark.slow
def test_a_watcher_that_fails_does_not_stop_the_run(small: Small, new_run: Callable[..., Run]) -> None:
    def broken(line: str, event: ev.Event) -> None:
        raise BrokenPipeError

    run = new_run()
    assert runner.drive(run, small(optim__epochs=1), on_event=broken) == 0
    assert run.read().status == "finished"
    assert summary.read_landmarks(run.events_file).end == run.events_file.stat().st_size
    listed = summary.read_summary(run.events_file)
    assert listed is not None
    assert [type(event) for _, event in listed[0]][-1] is ev.Stopped
    assert any(isinstance(event, ev.EarlyStopping) for _, event in listed[0])


@pytest.mark.slow
def test_an_old_command_does_not_stop_a_new_process(small: Small, new_run: Callable[..., Run]) -> None:
    run = new_run()
    run.command("stop")
    assert runner.drive(run, small(optim__epochs=1)) == 0


def test_a_failure_is_the_last_event_and_keeps_its_traceback(
    small: Small, new_run: Callable[..., Run], tmp_path: Path
) -> None:
    run = new_run()
    told: list[ev.Event] = []
    config = small(data__source=str(tmp_path / "absent"))
    assert runner.drive(run, config, on_event=lambda line, event: told.append(event)) == 3
    state = run.read()
    assert state.status == "failed"
    assert state.failed is not None
    assert str(tmp_path / "absent") in state.failed.message
    assert "Traceback" in (run.folder / state.failed.traceback).read_text()
    listed = summary.read_summary(run.events_file)
    assert listed is not None
    assert listed[0][-1][1] == state.failed
    assert [codec.encode(event) for event in told] == run.events_file.read_text().splitlines()


def test_a_fault_of_ours_is_no_silence(
    small: Small, new_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    import cxrtui.training.fit

    def broken(*arguments: object, **named: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(cxrtui.training.fit, "fit", broken)
    run = new_run()
    assert runner.drive(run, small()) == 1
    failed = run.read().failed
    assert failed is not None
    assert (failed.error, failed.message) == ("RuntimeError", "RuntimeError: unforeseen")


def test_a_second_writer_is_refused_and_writes_nothing(small: Small, new_run: Callable[..., Run]) -> None:
    run = new_run()
    lock = run.acquire()
    told: list[ev.Event] = []
    assert runner.drive(run, small(), on_event=lambda line, event: told.append(event)) == 2
    lock.release()
    assert not run.events_file.exists()
    assert isinstance(told[-1], ev.Failed)


@pytest.mark.slow
def test_a_run_goes_on_with_its_films_at_another_place(
    small: Small, new_run: Callable[..., Run], phantom_films: Path, tmp_path: Path
) -> None:
    """To the same bits; from then on it knows the place. Where they are gone, the message has the command for it."""
    whole, moved = new_run("whole"), new_run("moved")
    first, then = tmp_path / "first", tmp_path / "then"
    shutil.copytree(phantom_films, first)
    config = small(optim__epochs=2, stop__patience=0, data__source=str(first))
    assert runner.drive(whole, config) == 0
    steps: list[ev.Event] = []
    stop_after = lambda: len(steps) >= 3  # noqa: E731
    heard = lambda line, event: steps.append(event) if isinstance(event, ev.StepDone) else None  # noqa: E731
    assert runner.drive(moved, config, should_stop=stop_after, on_event=heard) == 5
    first.rename(then)
    assert runner.drive(moved, config, resume=True) == 3
    failed = moved.tail().poll()[-1]
    assert isinstance(failed, ev.Failed)
    command = f"cxrtui train --resume {advice.named(moved)} --data NEWPATH"
    assert f"are not at {first} any more" in failed.message
    assert failed.message.endswith(command)
    (then / "stray.png").write_bytes(b"")  # no film of the run
    assert runner.drive(moved, small(optim__epochs=2, stop__patience=0, data__source=str(then)), resume=True) == 0
    assert runner.start_config(moved).data.source == (str(then),)
    ends = [[event for event in run.tail().poll() if isinstance(event, ev.Evaluated)] for run in (whole, moved)]
    assert [event.metrics for event in ends[0]] == [event.metrics for event in ends[1]]
    assert runner.start_config(whole).data.source == (str(first),)


@pytest.mark.parametrize("code", [0, 7])
def test_the_user_is_told_of_a_failure_by_a_command(
    small: Small, new_run: Callable[..., Run], tmp_path: Path, code: int
) -> None:
    run, out = new_run(), tmp_path / "out"
    script = f"import os, sys; open({str(out)!r}, 'w').write(os.environ['CXRTUI_MESSAGE']); sys.exit({code})"
    absent = small(data__source=str(tmp_path / "absent"), run__notify=shlex.join([sys.executable, "-c", script]))
    assert runner.drive(run, absent) == 3
    assert out.read_text().startswith("Run run failed: ")
    assert "absent" in out.read_text()
    state = run.read()
    assert state.status == "failed"
    assert [warning.code for warning in state.warnings] == ["notify"] * bool(code)
    assert not code or "exit 7" in state.warnings[-1].message
    assert not run.alive()


@pytest.mark.slow
def test_another_command_after_a_resume(small: Small, new_run: Callable[..., Run], tmp_path: Path) -> None:
    run, out = new_run(), tmp_path / "out"

    def command(word: str) -> str:
        script = f"import os; open({str(out)!r}, 'a').write('{word} ' + os.environ['CXRTUI_STATUS'] + '\\n')"
        return shlex.join([sys.executable, "-c", script])

    asked = threading.Event()

    def on_event(line: str, event: ev.Event) -> None:
        if isinstance(event, ev.StepDone):
            asked.set()

    # of several epochs, because one may be over before its first step is read
    first = small(optim__epochs=3, run__notify=command("first"))
    assert runner.drive(run, first, should_stop=asked.is_set, on_event=on_event) == 5
    second = small(optim__epochs=3, run__notify=command("second"))
    assert runner.drive(run, second, resume=True) == 0
    assert out.read_text() == "first stopped\nsecond finished\n"
    assert "notify" not in [warning.code for warning in run.read().warnings]


def test_a_command_with_an_open_quotation_is_refused_before_the_run(small: Small) -> None:
    with pytest.raises(ConfigError, match="quotation"):
        small(run__notify="mail -s 'run ended")


@pytest.mark.parametrize("command", ["mail me; true", "echo done >> log", "curl -d $CXRTUI_MESSAGE url", "a && b"])
def test_a_command_that_needs_a_shell_is_refused_unless_it_names_one(small: Small, command: str) -> None:
    with pytest.raises(ConfigError, match=r"run\.notify needs a shell"):
        small(run__notify=command)
    assert small(run__notify=f"/bin/sh -c '{command}'")
