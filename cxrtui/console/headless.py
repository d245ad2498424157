"""Training without a screen: progress goes to stderr, log lines go to stdout, and a signal stops the run cleanly."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import TextIO

from rich.console import Console

from cxrtui import RESEARCH_ONLY
from cxrtui.console.progress import printer
from cxrtui.console.rich_text import PrintableConsole
from cxrtui.console.training import RunPrinter
from cxrtui.errors import EXIT_FAULT, EXIT_STOPPED, UsageError
from cxrtui.files import read_text
from cxrtui.runner import drive, save_config
from cxrtui.runs import advice, events
from cxrtui.runs.beginnings import clear_stump
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config


class _StderrConsole(PrintableConsole):
    """A console on stderr; if its reader has gone, writing raises an error and does not end the program."""

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def on_broken_pipe(self) -> None:
        """Raise the error again; Rich calls this within its ``except`` block."""
        raise


class _JsonLines:
    """Prints the log's lines on stdout; if the reader goes away, the output ends and the run goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream: TextIO | None = stream

    def __call__(self, line: str, event: events.Event) -> None:
        if self._stream is None:
            return
        try:
            print(line, file=self._stream, flush=True)
        except BrokenPipeError:
            self._stream = None
            # Python flushes stdout once more at exit, so stdout becomes the null device.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def train(
    run: Run,
    settings: Config,
    *,
    resume: bool = False,
    as_json: bool = False,
    debug: bool = False,
    watched: bool = True,
) -> int:
    """Train in this process; Ctrl-C or SIGTERM once stops with a checkpoint, a second Ctrl-C ends at once.

    A hang-up (the ssh session is gone) stops with a checkpoint too. `debug` shows the traceback of a failure. If an
    error ends a new run before its films are ready, its folder is removed; if it is not `watched`, the folder stays,
    because its log has the reason.

    Returns:
        The exit code of `drive`.
    """
    console = _StderrConsole()
    # The bar must not redirect stdout, because the log's lines go there.
    shown = RunPrinter(printer(console, redirect=False))
    listeners: list[Callable[[str, events.Event], None]] = [shown]
    if as_json:
        listeners.append(_JsonLines(sys.stdout))

    def on_event(line: str, event: events.Event) -> None:
        for listener in listeners:
            listener(line, event)

    asked = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        del frame
        if asked.is_set() and number == signal.SIGINT:
            os._exit(128 + number)  # the last checkpoint is safe, even while another one is written
        asked.set()
        with contextlib.suppress(OSError):  # after a hang-up nobody reads stderr
            console.print("stopping with a checkpoint … (Ctrl-C again ends at once)", style="yellow")

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, on_signal) for number in signals}
    outcome = [EXIT_FAULT]

    def work() -> None:
        outcome[0] = drive(run, settings, resume=resume, should_stop=asked.is_set, on_event=on_event)

    # The training has a thread of its own, so that the main thread answers signals while JAX compiles.
    worker = threading.Thread(target=work, name="training", daemon=True)
    try:
        worker.start()
        while worker.is_alive():
            worker.join(0.2)
    finally:
        shown.close()
        for number, handler in before.items():
            signal.signal(number, handler)
    with contextlib.suppress(OSError):
        _say_goodbye(console, run, outcome[0], debug, clear=watched and not resume)
    return outcome[0]


def _say_goodbye(console: Console, run: Run, code: int, debug: bool, clear: bool) -> None:
    """Print what the user can do next, and after a success the line about research use."""
    if code == 0:
        command = f"cxrtui classify {advice.named(run)} FILE…"
        text = f"Run {run.name} is in {run.folder}. Classify with: {command}\n{RESEARCH_ONLY}"
    elif code == EXIT_STOPPED:
        text = f"Run {run.name} is stopped. Resume with: {advice.resume(run, headless=True)}"
    else:
        traceback, trace = run.folder / "traceback.txt", ""
        if debug:
            with contextlib.suppress(OSError):
                trace = read_text(traceback, errors="replace")
        text = f"{trace}Run {run.name} failed"
        if code != EXIT_FAULT and clear and _cleared(run):  # after a fault of ours the traceback must stay
            text += " before it trained; nothing of it is kept, and its name is free."
        else:
            text += f"; its log is {run.events_file}" if run.events_file.is_file() else ""
            text += f", the traceback {traceback}." if traceback.is_file() else "."
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _cleared(run: Run) -> bool:
    try:
        return clear_stump(run)
    except OSError:
        return False


def detach(run: Run, settings: Config | None, arguments: Sequence[str]) -> None:
    """Start a training as a process of its own, and return once it holds the lock of its run.

    Args:
        run: the run that the process will make or resume.
        settings: the settings of a new run; None with ``--resume``.
        arguments: the command line of the process.

    Raises:
        UsageError: the process ended before it held the lock; the message is the end of its output.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "cxrtui", *arguments]
        if settings is not None:
            save_config(Run(Path(folder)), settings)
            command += ["--config", str(Run(Path(folder)).config_file)]
        output = Path(folder) / "output"
        with output.open("w") as stream:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stream, start_new_session=True
            )
        while run.holder() != child.pid:
            if child.poll() is not None:
                said = output.read_text(errors="replace").strip()[-2000:].removeprefix("cxrtui: ")
                raise UsageError(said or f"The run ended at once with exit {child.returncode}.")
            time.sleep(0.05)
