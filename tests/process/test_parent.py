"""Real trainings in processes of their own: asked to stop, let go, killed, and with a parent that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cxrtui.errors import CxrtuiError
from cxrtui.process import parent
from cxrtui.runner import save_config
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import new_run
from cxrtui.settings.config import Config

pytestmark = pytest.mark.slow
Small = Callable[..., Config]


@dataclass
class Owner:
    """Drives a run in a thread, as the dashboard does."""

    run: Run
    config: Config
    resume: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)
    fault: str = ""
    code: int | None = None
    heard: list[ev.Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._work)
        self.thread.start()

    def _work(self) -> None:
        self.code = parent.drive(
            self.run, self.config, resume=self.resume, should_stop=self.stop.is_set, let_go=self.let_go.is_set,
            on_event=lambda line, event: self.heard.append(event), fault=lambda: self.fault,
        )  # fmt: skip

    def end(self) -> int | None:
        self.thread.join(300)  # it trains at a low priority
        return self.code


def until(condition: Callable[[], object], seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def steps(run: Run) -> int:
    return run.events_file.read_text().count('"type": "StepDone"') if run.events_file.exists() else 0


def endless(small: Small) -> Config:
    return small(optim__epochs=5000, stop__patience=0)


def test_a_run_trains_to_its_end(small: Small, tmp_path: Path) -> None:
    owner = Owner(new_run(tmp_path, "mine"), small(optim__epochs=1))
    assert owner.end() == 0
    assert owner.run.read().status == "finished"
    assert owner.heard == []
    assert parent._owned == set()


def test_it_stops_with_a_checkpoint_and_goes_on_elsewhere(small: Small, tmp_path: Path) -> None:
    owner = Owner(new_run(tmp_path, "mine"), endless(small))
    until(lambda: steps(owner.run) > 3)
    owner.stop.set()
    assert owner.end() == 5
    stopped = owner.run.read()
    assert stopped.status == "stopped"
    assert stopped.checkpoint is not None
    assert stopped.checkpoint.step == stopped.step
    again = Owner(owner.run, owner.config, resume=True)
    until(lambda: again.run.read().step > stopped.step)
    again.fault = "The dashboard has failed (KeyError)"
    again.stop.set()
    assert again.end() == 1
    failed = again.run.read().failed
    assert failed is not None
    assert failed.message.startswith("The dashboard has failed (KeyError); the checkpoint of step")
    assert again.heard == [failed]


def test_a_process_that_is_killed_is_reported_with_what_is_safe(small: Small, tmp_path: Path) -> None:
    owner = Owner(new_run(tmp_path, "mine"), endless(small))
    until(lambda: owner.run.read().checkpoint)
    holder = owner.run.holder()
    assert holder not in (None, os.getpid())
    os.kill(holder or 0, signal.SIGKILL)
    assert owner.end() == 1
    state = owner.run.read()
    assert state.status == "failed"
    assert state.failed is not None
    assert "was ended by SIGKILL, as the system does where memory is short" in state.failed.message
    assert "go on with --resume" in state.failed.message
    assert owner.heard == [state.failed]
    assert not owner.run.alive()


def test_a_failure_that_the_log_cannot_have_is_heard(small: Small, tmp_path: Path) -> None:
    run = new_run(tmp_path, "mine")
    lock = run.acquire()
    try:
        owner = Owner(run, small())
        assert owner.end() == 2
        assert isinstance(owner.heard[0], ev.Failed)
        assert "is being written by another process" in owner.heard[0].message
        with pytest.raises(CxrtuiError, match="is being written by another process") as refused:
            parent.detach(run, small())
        assert refused.value.exit_code == 2
    finally:
        lock.release()
    assert run.folder.is_dir()  # its owner has it


def test_a_run_that_is_let_go_goes_on(small: Small, tmp_path: Path) -> None:
    owner = Owner(new_run(tmp_path, "mine"), endless(small))
    until(lambda: owner.run.alive())
    owner.let_go.set()
    assert owner.end() == 0
    until(lambda: steps(owner.run) > 3)
    owner.run.command("stop")
    until(lambda: not owner.run.alive())
    assert owner.run.read().status == "stopped"


def test_a_detached_run_that_fails_keeps_its_log(small: Small, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = new_run(tmp_path / "checkpoints", "mine")
    parent.detach(run, small(data__source=(str(tmp_path / "empty"),)))
    until(lambda: run.read().failed)
    until(lambda: not run.alive())
    assert "No films found" in run.read().failed.message  # type: ignore[union-attr]
    assert list(new_run(tmp_path / "checkpoints", "mine").folder.iterdir()) == []  # and its name is free


@pytest.mark.parametrize("left", [False, True])
def test_the_end_of_the_owner_stops_the_run_unless_it_was_let_go(small: Small, tmp_path: Path, left: bool) -> None:
    run = new_run(tmp_path, "mine")
    save_config(run, endless(small))
    program = f"""
import sys, time
from pathlib import Path
from cxrtui.process.parent import TrainingProcess
from cxrtui.runs.folder import Run
from cxrtui.settings.config import load
run = Run(Path(sys.argv[1]))
process = TrainingProcess(run, load(run.config_file))
if {left}:
    process.let_go()
time.sleep(600)
"""
    owner = subprocess.Popen([sys.executable, "-c", program, str(run.folder)])
    until(lambda: steps(run) > 3)
    owner.kill()
    owner.wait()
    if left:
        before = steps(run)
        until(lambda: steps(run) > before + 3)
        assert run.alive()
        run.command("stop")
    until(lambda: not run.alive())
    state = run.read()
    assert state.status == "stopped"
    assert state.checkpoint is not None
    assert state.checkpoint.step == state.step
