"""Training without a screen, in processes of its own: signals, kill -9, pipes, detached runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest

from cxrtui import runner
from cxrtui.console import headless
from cxrtui.evaluation import model as models
from cxrtui.runs import events as ev
from cxrtui.runs.advice import named
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import new_run
from cxrtui.settings.config import Config
from cxrtui.weights.checkpoints import Checkpoints
from tests.conftest import SMALL


def command(workspace: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "cxrtui", "--workspace", str(workspace), *arguments]


def train_command(workspace: Path, films: Path, name: str, **changes: object) -> list[str]:
    values = {**SMALL, **{key.replace("__", "."): value for key, value in changes.items()}}
    settings = [
        text
        for key, value in values.items()
        for text in ("--set", f"{key}={','.join(map(str, value)) if isinstance(value, tuple) else value}")
    ]
    return command(workspace, "--headless", "train", "--data", str(films), "--run", name, *settings)


def run_of(workspace: Path, name: str) -> Run:
    return Run(workspace / "checkpoints" / name)


def weights_of(run: Run) -> list[np.ndarray]:
    step = Checkpoints(run.state, read_only=True).latest()
    assert step is not None
    return [np.asarray(leaf) for leaf in jax.tree.leaves(models.load_step(run, step).variables)]


def wait_for(process: subprocess.Popen[bytes], run: Run, kind: type[ev.Event], count: int) -> None:
    """Until the log holds so many such events."""
    deadline, tail, found = time.monotonic() + 120, run.tail(), 0
    while (found := found + sum(isinstance(event, kind) for event in tail.poll())) < count:
        assert process.poll() is None, "the run ended early"
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.slow
def test_killed_twice_the_run_ends_with_the_same_bits(
    small: Callable[..., Config], phantom_films: Path, tmp_path: Path
) -> None:
    changes = {"optim__epochs": 4, "stop__patience": 0, "run__checkpoint_minutes": 0.005}
    whole = new_run(tmp_path / "checkpoints", "whole")
    assert runner.drive(whole, small(**changes)) == 0
    run = run_of(tmp_path, "broken")
    arguments = train_command(tmp_path, phantom_films, "broken", **changes)
    # While a checkpoint may be half written, and between an epoch and its validation.
    for kind, count in ((ev.Validated, 1), (ev.EpochDone, 2)):
        with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            wait_for(process, run, kind, count)
            process.kill()
        assert not run.alive()
        arguments = command(tmp_path, "--headless", "train", "--resume", "broken")
    assert runner.drive(run, runner.start_config(run), resume=True) == 0
    assert all(np.array_equal(x, y) for x, y in zip(weights_of(whole), weights_of(run), strict=True))
    assert run.read().evaluations["test"].metrics == whole.read().evaluations["test"].metrics
    assert [item.loss for item in run.read().steps] == [item.loss for item in whole.read().steps]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_with_a_checkpoint(phantom_films: Path, tmp_path: Path, number: signal.Signals) -> None:
    run = run_of(tmp_path, "stopped")
    arguments = train_command(tmp_path, phantom_films, "stopped", optim__epochs=5000, stop__patience=0)
    # Unbuffered: communicate() would not see what the loop has read ahead.
    with subprocess.Popen([*arguments, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if json.loads(line)["type"] == "StepDone":
                break
        process.send_signal(number)
        rest, errors = process.communicate(timeout=60)
    assert process.returncode == 5
    assert f"--resume {named(run)}".encode() in errors
    assert b"\r" not in errors
    assert b"\x1b" not in errors
    assert b"".join([*lines, rest]) == run.events_file.read_bytes()
    state = run.read()
    assert state.status == "stopped"
    assert Checkpoints(run.state, read_only=True).latest() == state.step > 0


COMPILES_FOR_EVER = """
import threading
from cxrtui import __main__
from cxrtui.training import fit
fit.compile_step = lambda *arguments, **options: threading.Event().wait()
__main__.main()
"""


@pytest.mark.slow
def test_a_signal_ends_a_run_without_waiting_for_the_compiler(phantom_films: Path, tmp_path: Path) -> None:
    run = run_of(tmp_path, "early")
    arguments = train_command(tmp_path, phantom_films, "early", optim__epochs=1)
    arguments[1:3] = ["-c", COMPILES_FOR_EVER]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE) as process:
        wait_for(process, run, ev.DataPrepared, 1)
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 5
    assert f"--resume {named(run)}".encode() in errors
    assert run.read().status == "stopped"
    assert not run.alive()
    assert runner.drive(run, runner.start_config(run), resume=True) == 0


@pytest.mark.slow
def test_events_go_to_stdout_beside_a_bar_on_a_terminal(phantom_films: Path, tmp_path: Path) -> None:
    import pty

    master, slave = pty.openpty()
    arguments = [*train_command(tmp_path, phantom_films, "both", optim__epochs=1), "--json"]
    with (
        (tmp_path / "out.jsonl").open("wb") as out,
        subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=slave) as process,
    ):
        os.close(slave)
        shown = b""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown += part
        assert process.wait() == 0
    os.close(master)
    assert (tmp_path / "out.jsonl").read_bytes() == run_of(tmp_path, "both").events_file.read_bytes()
    assert b"StepDone" not in shown
    assert b"epoch 1" in shown


@pytest.mark.slow
def test_a_reader_that_goes_away_does_not_end_the_run(phantom_films: Path, tmp_path: Path) -> None:
    arguments = train_command(tmp_path, phantom_films, "alone", optim__epochs=1)
    process = subprocess.Popen([*arguments, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()
    assert process.wait(120) == 0
    assert run_of(tmp_path, "alone").read().status == "finished"


@pytest.mark.slow
def test_a_detached_run_outlives_the_command_and_obeys_the_others(phantom_films: Path, tmp_path: Path) -> None:
    arguments = train_command(tmp_path, phantom_films, "afar", optim__epochs=5000, stop__patience=0)
    started = subprocess.run([*arguments, "--detach"], check=True, capture_output=True, text=True)
    assert started.stdout == "afar\n"
    taken = subprocess.run([*arguments, "--detach"], capture_output=True, text=True, check=False)
    assert taken.returncode == 2
    assert "afar exists" in taken.stderr
    run = run_of(tmp_path, "afar")
    try:
        deadline = time.monotonic() + 120
        while not run.read().step:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        refused = subprocess.run(
            command(tmp_path, "--headless", "train", "--resume", "afar"), capture_output=True, text=True, check=False
        )
        assert refused.returncode == 2
        assert "live already" in refused.stderr
        subprocess.run(command(tmp_path, "runs", "stop", "afar"), check=True, capture_output=True)
        while run.alive():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert run.read().status == "stopped"
    finally:
        holder = (run.folder / "lock").read_text().strip()
        if run.alive():
            os.kill(int(holder), signal.SIGKILL)


def test_a_run_that_fails_before_it_trains_leaves_its_name_free(
    small: Callable[..., Config], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    run = new_run(tmp_path / "checkpoints", "mine")
    assert headless.train(run, small(data__source=(str(tmp_path / "empty"),))) == 3
    said = capsys.readouterr().err
    assert "No films found" in said
    assert "its name is free" in said
    assert not run.folder.exists()
    assert list(new_run(tmp_path / "checkpoints", "mine").folder.iterdir()) == []
