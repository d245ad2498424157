"""Runs that outlive the dashboard, at a terminal of ours: left running at quit, detached, and with it killed twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from tests.tui.terminal import LEFT_THE_SCREEN, ROOT, Terminal
from tests.tui.test_signals import LONG, steps

pytestmark = pytest.mark.slow


@contextmanager
def ended(folder: Path) -> Iterator[Run]:
    """The run that a test starts there, which does not outlive the test."""
    run = Run(folder / "checkpoints" / "run")
    try:
        yield run
    finally:
        if (holder := run.holder()) is not None:
            os.kill(holder, signal.SIGKILL)


def words(films: Path, folder: Path) -> list[str]:
    settings = [argument for setting in LONG for argument in ("--set", setting)]
    return ["--workspace", str(folder), "train", "--data", str(films), "--init", "random", "--run", "run", *settings]


def stop(terminal: Terminal, run: Run) -> None:
    run.command("stop")
    terminal.until(lambda: not run.alive())


def test_a_run_that_is_left_at_quit_goes_on(phantom_films: Path, tmp_path: Path) -> None:
    with ended(tmp_path) as run, Terminal(*words(phantom_films, tmp_path)) as terminal:
        terminal.until(lambda: steps(run) > 1)
        terminal.press("q")
        terminal.shows("Leave it running")
        terminal.press("l")
        assert terminal.wait() == 0
        left = terminal.output.rpartition(LEFT_THE_SCREEN)[2].decode()
        assert "Run run goes on; watch it with: cxrtui attach" in left
        before = steps(run)
        terminal.until(lambda: steps(run) > before + 3, gone=True)
        run.command("stop")
        terminal.until(lambda: not run.alive(), gone=True)
    assert run.read().status == "stopped"


def test_a_dashboard_that_is_killed_twice_costs_a_detached_run_nothing(phantom_films: Path, tmp_path: Path) -> None:
    start = [sys.executable, "-m", "cxrtui", *words(phantom_films, tmp_path), "--detach"]
    with ended(tmp_path) as run:
        began = subprocess.run(start, cwd=ROOT, capture_output=True, text=True, check=True)
        assert began.stdout == "run\n"
        assert "watch it with: cxrtui attach" in began.stderr
        holder = run.holder()
        for _ in range(2):
            with Terminal("--workspace", str(tmp_path), "attach", "run") as terminal:
                terminal.until(lambda: steps(run) > 3)
                terminal.shows("training")
                terminal.process.kill()
                terminal.process.wait()
            assert run.holder() == holder
        with Terminal("--workspace", str(tmp_path), "attach", "run", columns=120, rows=40) as terminal:
            stop(terminal, run)
            state = run.read()
            assert state.checkpoint is not None
            terminal.shows("stopped", f"checkpoint at step {state.checkpoint.step}")
    done = [event.step for event in run.tail().poll() if isinstance(event, ev.StepDone)]
    assert done == list(range(1, state.step + 1))
    assert state.checkpoint.step == state.step


def test_a_dashboard_that_is_killed_leaves_a_checkpoint_of_its_own_run(phantom_films: Path, tmp_path: Path) -> None:
    with ended(tmp_path) as run, Terminal(*words(phantom_films, tmp_path)) as terminal:
        terminal.until(lambda: steps(run) > 3)
        terminal.process.kill()
        terminal.until(lambda: not run.alive(), gone=True)
        state = run.read()
        assert state.status == "stopped"
        assert state.checkpoint is not None
        assert state.checkpoint.step == state.step
