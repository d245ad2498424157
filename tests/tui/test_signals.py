"""The dashboard at a terminal of ours, told to end from outside."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cxrtui.runs.folder import Run
from tests.tui.terminal import LEFT_THE_SCREEN, TOOK_THE_SCREEN, Terminal

pytestmark = pytest.mark.slow
LONG = ("data.size=32", "data.duplicates=identical", "model.width=4", "model.stages=1,1,1,1", "model.hidden=8",
        "optim.batch_size=8", "optim.learning_rate=1e-3", "optim.epochs=4000", "stop.patience=0")  # fmt: skip


def training(films: Path, folder: Path) -> tuple[Terminal, Run]:
    settings = [argument for setting in LONG for argument in ("--set", setting)]
    terminal = Terminal("--workspace", str(folder), "train", "--data", str(films), "--init", "random", "--run", "run",
                        *settings)  # fmt: skip
    return terminal, Run(folder / "checkpoints" / "run")


def steps(run: Run) -> int:
    return run.events_file.read_text().count('"type": "StepDone"') if run.events_file.exists() else 0


def test_a_signal_saves_a_checkpoint_and_restores_the_terminal(phantom_films: Path, tmp_path: Path) -> None:
    terminal, run = training(phantom_films, tmp_path)
    with terminal:
        before = terminal.attributes
        terminal.until(lambda: steps(run) > 3)
        assert terminal.attributes != before
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.wait() == 5
        assert LEFT_THE_SCREEN in terminal.output
        assert terminal.attributes == before
        left = terminal.output.rpartition(LEFT_THE_SCREEN)[2].decode()
    state = run.read()
    assert state.status == "stopped"
    assert state.checkpoint is not None
    assert state.checkpoint.step == state.steps[-1].step
    assert f"Run run is stopped, with its checkpoint at step {state.checkpoint.step}; go on with: cxrtui train" in left


def test_a_terminal_that_is_gone_costs_no_step(phantom_films: Path, tmp_path: Path) -> None:
    terminal, run = training(phantom_films, tmp_path)
    with terminal:
        terminal.until(lambda: steps(run) > 3)
        terminal.process.send_signal(signal.SIGHUP)  # shells send it, beside the system; it never ends a run at once
        terminal.hang_up()
        assert terminal.wait() == 5
    done = run.read()
    assert done.status == "stopped"
    assert done.checkpoint is not None
    assert done.checkpoint.step == done.steps[-1].step > 3


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Ctrl-C reaches what is started, also where these tests run in the background of a shell, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
def test_a_second_signal_ends_at_once(phantom_films: Path, tmp_path: Path) -> None:
    terminal, run = training(phantom_films, tmp_path)
    with terminal:
        before = terminal.attributes
        terminal.until(lambda: terminal.attributes != before and run.events_file.exists())  # JAX is being imported
        trains = run.holder()
        assert trains not in (None, terminal.process.pid)
        terminal.process.send_signal(signal.SIGSTOP)  # so that both are there before the run can end by itself
        terminal.process.send_signal(signal.SIGTERM)
        terminal.process.send_signal(signal.SIGINT)
        terminal.process.send_signal(signal.SIGCONT)
        assert terminal.wait() in {128 + signal.SIGTERM, 128 + signal.SIGINT}
        assert LEFT_THE_SCREEN in terminal.output
        assert terminal.attributes == before
    terminal.until(lambda: not run.alive(), gone=True)  # it was ended too
    assert run.read().stopped is None


def test_without_a_run_a_signal_just_ends_it(tmp_path: Path) -> None:
    with Terminal("--workspace", str(tmp_path)) as terminal:
        before = terminal.attributes
        terminal.shows("No runs yet")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.wait() == 128 + signal.SIGTERM
        assert LEFT_THE_SCREEN in terminal.output
        assert terminal.attributes == before


def test_a_dashboard_that_was_stopped_takes_the_terminal_again_once_and_leaves_it_as_it_was(tmp_path: Path) -> None:
    with Terminal("--workspace", str(tmp_path)) as terminal:
        before = terminal.attributes
        terminal.shows("No runs yet")
        for _ in range(2):
            shown = len(terminal.output)
            terminal.process.send_signal(signal.SIGSTOP)
            terminal.process.send_signal(signal.SIGCONT)
            terminal.until(lambda shown=shown: b"No runs yet" in terminal.output[shown:])  # type: ignore[misc]
        shown = len(terminal.output)
        terminal.press("?")
        terminal.until(lambda: b" Keys " in terminal.output[shown:])  # the title, which no other screen has
        terminal.press("\x1b")
        terminal.press("q")
        assert terminal.wait() == 0
        assert terminal.output.count(LEFT_THE_SCREEN) == terminal.output.count(TOOK_THE_SCREEN) == 3
        assert terminal.attributes == before
