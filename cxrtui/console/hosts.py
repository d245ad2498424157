"""Training on several hosts without a screen: one command on each host, and the first one prints the run's progress."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cxrtui.console.headless import JsonLines, say_goodbye
from cxrtui.console.progress import printer
from cxrtui.console.steered import StderrConsole, steered
from cxrtui.console.training import RunPrinter
from cxrtui.errors import EXIT_STOPPED, UsageError
from cxrtui.files import is_there
from cxrtui.process.hosts import COMING, PATIENT, Host
from cxrtui.runs import codec, events
from cxrtui.runs.folder import Run, is_run
from cxrtui.runs.hosts import Place
from cxrtui.settings.config import Config

_OPEN_MPI = "OMPI_COMM_WORLD_SIZE"
_INDEXED = "JOB_COMPLETION_INDEX"
_NAME_OF_HOST = re.compile(r"[\w.-]+|\[[\w:.%]+\]").fullmatch
_SIGNS = ("SLURM_PROCID", _OPEN_MPI, _INDEXED)
"""Variables of which one is set where Slurm, Open MPI or an indexed job of Kubernetes has started this process."""


def place_of(coordinator: str | None, processes: int | None, process: int | None) -> Place | None:
    """Return the place of this process among several, as the options say or as the cluster does; None if it is alone.

    Raises:
        UsageError: only some of the options are given, or they contradict each other, or JAX does not find the other
            processes of a cluster that started this one.
    """
    given = [value is not None for value in (coordinator, processes, process)]
    if not any(given):
        if not any(name in os.environ for name in _SIGNS):
            return None
        if all(name in os.environ for name in (_INDEXED, "KUBERNETES_SERVICE_HOST")) and not _has_kubernetes():
            raise UsageError(
                f"Kubernetes started this process as number {os.environ[_INDEXED]} of an indexed job, and JAX needs a "
                "package to find the others: pip install 'jax[k8s]'; where each has a run of its own, give "
                "--coordinator localhost:1 --processes 1 --process 0."
            )
        from cxrtui.net import hosts

        try:
            found = hosts.recognised()
        except Exception as error:  # of the cluster's own library, or of JAX, which says what the job lacks
            raise UsageError(f"The other processes of this job are not found: {error}") from error
        if found is None and os.environ.get(_OPEN_MPI, "1") != "1":
            raise UsageError(
                f"Open MPI started this process as one of {os.environ[_OPEN_MPI]}, and JAX does not recognise that "
                f"version of it; give --coordinator HOST:PORT --processes ${_OPEN_MPI} --process $OMPI_COMM_WORLD_RANK."
            )
        return found
    if coordinator is None or processes is None or process is None:
        raise UsageError("Give --coordinator HOST:PORT, --processes N and --process I together, or none of them on a "
                         "cluster that starts the processes.")  # fmt: skip
    host, _, port = coordinator.rpartition(":")
    if not _NAME_OF_HOST(host) or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise UsageError(f"--coordinator is HOST:PORT, of the host of process 0 and a free port there, not "
                         f"{coordinator!r}.")  # fmt: skip
    if process >= processes:
        raise UsageError(f"--process counts from 0: of {processes} processes the last one is {processes - 1}, not "
                         f"{process}.")  # fmt: skip
    return Place(process, processes, coordinator)


def _has_kubernetes() -> bool:
    return importlib.util.find_spec("kubernetes") is not None


def wait_for_folder(folder: Path, seconds: float = COMING) -> None:
    """Return once the first host has made the folder of the run.

    Raises:
        UsageError: it has not by then.
    """
    begun, told = time.monotonic(), False
    end = begun + seconds
    while not is_there(folder):
        if not told and time.monotonic() > begun + PATIENT:
            told = True
            StderrConsole().print(f"Waiting for host 0, which makes {folder}, {seconds:.0f} s at most.", style="yellow",
                                  markup=False, highlight=False, soft_wrap=True)  # fmt: skip
        if time.monotonic() > end:
            raise UsageError(f"{folder} does not exist after {seconds:.0f} s; check that process 0 was started, and "
                             "that all hosts share this folder.")  # fmt: skip
        time.sleep(0.2)


def train(
    run: Run, settings: Config, place: Place, *, resume: bool = False, restarts: int = 0, as_json: bool = False,
    debug: bool = False,
) -> int:  # fmt: skip
    """Train `run` together with the other hosts, and return its exit code; signals do what they do for one host.

    Raises:
        CxrtuiError: the other hosts did not come, or no process can be started.
    """
    console = StderrConsole()
    shown = RunPrinter(printer(console, redirect=False))
    lines = JsonLines(sys.stdout) if as_json and place.process == 0 else None
    tail = run.tail()
    if resume:
        tail.poll()  # what was in the log before

    def on_event(line: str, event: events.Event) -> None:
        shown(line, event)
        if lines is not None:
            lines(line, event)

    def on_line() -> None:
        for event in tail.poll():
            on_event(codec.encode(event), event)

    def on_failure(line: str, event: events.Event) -> None:
        if not line:  # the log has it otherwise
            on_event(codec.encode(event), event)

    def say(text: str) -> None:
        with contextlib.suppress(OSError):
            console.print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)

    def work(should_stop: Callable[[], bool]) -> int:
        return Host(run, place, settings, resume, restarts, should_stop, on_line, tail.poll, on_failure, say).train()

    if place.process:
        say(f"Host {place.process} of {place.processes} trains run {run.name}; host 0 prints its progress.")
    try:
        code = steered(console, work, "stopping with a checkpoint … (Ctrl-C again ends at once)")
    finally:
        shown.close()
    if code == EXIT_STOPPED and not is_run(run.folder):
        say(f"Run {run.name} was stopped before it began.")
    elif place.process == 0:
        with contextlib.suppress(OSError):
            # Others still read in the folder how the run ended; the next run of its name clears it.
            say_goodbye(console, run, code, debug, clear=not resume and place.processes == 1)
    return code
