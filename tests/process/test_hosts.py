"""Real runs on two and four hosts, which are processes of this machine on loopback: compared, killed and resumed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from cxrtui.runner import drive, save_config
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config

pytestmark = pytest.mark.slow
Small = Callable[..., Config]
Kind = TypeVar("Kind", bound=ev.Event)


def until(condition: Callable[[], object], seconds: float = 400.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def of(run: Run, kind: type[Kind]) -> list[Kind]:
    return [event for event in run.tail().poll() if isinstance(event, kind)]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def by_slurm(number: int, count: int, port: int) -> dict[str, str]:
    """The variables of a task that srun started on this machine."""
    return {"SLURM_JOB_ID": "12", "SLURM_STEP_NODELIST": "localhost", "SLURM_NTASKS": f"{count}",
            "SLURM_PROCID": f"{number}", "SLURM_LOCALID": f"{number}", "JAX_COORDINATOR_PORT": f"{port}"}  # fmt: skip


def by_open_mpi(number: int, count: int, port: int) -> dict[str, str]:
    """The variables of a process that the mpirun of Open MPI 4 started on this machine."""
    return {"OMPI_MCA_orte_hnp_uri": "1531576320.0;tcp://127.0.0.1:34911", "OMPI_COMM_WORLD_SIZE": f"{count}",
            "OMPI_COMM_WORLD_RANK": f"{number}", "OMPI_COMM_WORLD_LOCAL_RANK": f"{number}",
            "JAX_COORDINATOR_PORT": f"{port}"}  # fmt: skip


@contextmanager
def hosts(
    workspace: Path,
    count: int,
    *arguments: str,
    cluster: Callable[[int, int, int], dict[str, str]] | None = None,
    stderr: int | None = None,
    numbers: Sequence[int] = range(99),
    port: int = 0,
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The commands of so many hosts, each with one device, started by options or as by a cluster; over at the end."""
    environment = {**os.environ, "XLA_FLAGS": f"{os.environ['XLA_FLAGS']} --xla_force_host_platform_device_count=1"}
    shared = [sys.executable, "-m", "cxrtui", "--workspace", str(workspace), "--headless", "train", *arguments]
    port = port or free_port()
    with ExitStack() as stack:
        started = []
        for number in numbers[:count]:
            words = ["--coordinator", f"127.0.0.1:{port}", "--processes", f"{count}", "--process", f"{number}"]
            given = cluster(number, count, port) if cluster else {}
            command = [*shared, *(words if cluster is None else [])]
            started.append(stack.enter_context(subprocess.Popen(command, env=environment | given, stderr=stderr)))
        try:
            yield started
        finally:
            for process in started:
                process.kill()


def trainer(run: Run, host: int) -> int:
    """The pid of the process that trains on a host, the child of its command."""
    children = subprocess.run(["pgrep", "-f", f"cxrtui.process.child {run.folder}"], capture_output=True, text=True)
    parents = {int(pid): int(Path(f"/proc/{pid}/stat").read_text().split()[3]) for pid in children.stdout.split()}
    by_parent = sorted((parent, pid) for pid, parent in parents.items())
    return by_parent[host][1]


def codes(started: list[subprocess.Popen[bytes]]) -> list[int]:
    return [process.wait(400) for process in started]


def test_films_that_cannot_be_used_end_the_run_on_all_hosts_without_another_try(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = Run(tmp_path / "checkpoints" / "run")
    words = ["--run", "run", "--init", "random", "--data", str(tmp_path / "empty"), "--restarts", "3"]
    with hosts(tmp_path, 2, *words) as started:
        assert codes(started) == [3, 3]
    assert [event.error for event in of(run, ev.Failed)] == ["DataError"]
    assert not of(run, ev.Warned)


def test_of_two_processes_with_one_number_one_ends_and_the_other_says_for_whom_it_waits(tmp_path: Path) -> None:
    words = ["--run", "run", "--init", "random", "--data", str(tmp_path)]
    with hosts(tmp_path, 2, *words, stderr=subprocess.PIPE, numbers=(0, 0)) as started:
        until(lambda: any(process.poll() is not None for process in started))
        ended, waits = sorted(started, key=lambda process: process.poll() is None)
        assert ended.returncode == 2
        assert b"is number 0 of run run too" in ended.communicate()[1]
        assert waits.stderr is not None
        assert waits.stderr.readline() == b"Waiting for these of the 2 hosts, 600 s at most: 1.\n"


def test_a_port_that_another_program_has_is_named_and_not_tried_again(small: Small, tmp_path: Path) -> None:
    given = Run(tmp_path / "given")
    given.folder.mkdir()
    save_config(given, small())
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        words = ["--run", "run", "--config", str(given.config_file), "--restarts", "3"]
        with hosts(tmp_path, 2, *words, port=other.getsockname()[1]) as started:
            assert codes(started) == [2, 2]
    run = Run(tmp_path / "checkpoints" / "run")
    assert [event.error for event in of(run, ev.Failed)] == ["UsageError"]
    assert "cannot be opened on host 0" in of(run, ev.Failed)[0].message


def test_two_hosts_compute_features_of_frozen_groups_together(small: Small, tmp_path: Path) -> None:
    settings = small(optim__epochs=2, optim__name="sgd", model__freeze="stage2", train__views=2, data__feed="stream")
    alone = Run(tmp_path / "alone")
    alone.folder.mkdir()
    assert drive(alone, settings) == 0
    given = Run(tmp_path / "given")
    given.folder.mkdir()
    save_config(given, settings)
    run = Run(tmp_path / "checkpoints" / "run")
    with hosts(tmp_path, 2, "--run", "run", "--config", str(given.config_file), cluster=by_slurm) as started:
        assert codes(started) == [0, 0]
    ours, theirs = of(run, ev.Encoded)[0], of(alone, ev.Encoded)[0]
    assert (ours.computed, ours.found) == (theirs.computed, 0)
    losses = [[event.loss for event in of(one, ev.StepDone)] for one in (run, alone)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=2e-4)
    assert "without-features" not in [event.code for event in of(run, ev.Warned)]


def test_a_run_stops_with_a_checkpoint_when_the_command_that_writes_it_is_killed_and_the_others_say_so(
    small: Small, tmp_path: Path
) -> None:  # fmt: skip
    given = Run(tmp_path / "given")
    given.folder.mkdir()
    save_config(given, small(optim__epochs=2000, stop__patience=0))
    run = Run(tmp_path / "checkpoints" / "run")
    with hosts(tmp_path, 2, "--run", "run", "--config", str(given.config_file), stderr=subprocess.PIPE) as started:
        until(lambda: of(run, ev.CheckpointSaved))
        started[0].kill()
        said = started[1].communicate(timeout=400)[1].decode()
        assert started[1].returncode == 1
    failed = of(run, ev.Failed)
    assert [event.error for event in failed] == ["HostLost"]
    assert failed[0].message.startswith(f"Host 0 ({socket.gethostname()}) of 2 is lost: its command was ended")
    assert of(run, ev.CheckpointSaved)[-1].step == failed[0].step == of(run, ev.StepDone)[-1].step
    assert not of(run, ev.Stopped)
    assert len(said.strip().splitlines()) == 2  # that it trains, and this
    assert "Host 0" in said.strip().splitlines()[1]


def test_two_hosts_train_as_one_does_and_go_on_when_one_dies_and_on_other_numbers(
    small: Small, tmp_path: Path
) -> None:  # fmt: skip
    # Adam turns the rounding of small gradients into steps of full size; SGD does not.
    settings = small(optim__epochs=2000, stop__patience=0, optim__name="sgd", optim__learning_rate=0.05)
    alone = Run(tmp_path / "alone")
    alone.folder.mkdir()
    assert drive(alone, settings, should_stop=lambda: len(of(alone, ev.Validated)) > 0) == 5
    run = Run(tmp_path / "checkpoints" / "run")
    given = Run(tmp_path / "given")
    given.folder.mkdir()
    save_config(given, settings)

    with hosts(tmp_path, 2, "--run", "run", "--config", str(given.config_file), "--restarts", "1") as started:
        until(lambda: of(run, ev.CheckpointSaved))
        os.kill(trainer(run, 1), signal.SIGKILL)
        until(lambda: len(of(run, ev.Compiled)) == 2)
        run.command("stop")
        assert codes(started) == [5, 5]
    assert [event.devices for event in of(run, ev.Compiled)] == [2, 2]
    first = [event.loss for event in of(alone, ev.StepDone)][:5]
    np.testing.assert_allclose([event.loss for event in of(run, ev.StepDone)][:5], first, rtol=2e-4)
    lost = next(event for event in of(run, ev.Warned) if event.code == "host-lost")
    assert lost.message.startswith(f"Host 1 ({socket.gethostname()}) of 2 is lost: its process was ended by SIGKILL")
    assert "(restart 1 of 1)" in lost.message
    saved = [event.step for event in of(run, ev.CheckpointSaved) if event.time < lost.time][-1]
    assert of(run, ev.Resumed)[0].step == saved
    assert [event.reason for event in of(run, ev.Stopped)] == ["requested"]

    before = len(of(run, ev.StepDone))
    with hosts(tmp_path, 4, "--resume", "run", cluster=by_open_mpi) as started:
        until(lambda: len(of(run, ev.StepDone)) > before)
        os.kill(trainer(run, 0), signal.SIGKILL)
        assert codes(started) == [1, 1, 1, 1]
    assert of(run, ev.Compiled)[-1].devices == 4
    failed = of(run, ev.Failed)[-1]
    assert failed.error == "HostLost"
    assert failed.message.startswith(f"Host 0 ({socket.gethostname()}) of 4 is lost")

    before = len(of(run, ev.StepDone))
    resumed = drive(run, settings, resume=True, should_stop=lambda: len(of(run, ev.StepDone)) > before)
    assert resumed == 5
