"""Training without a screen: progress on stderr, `events.jsonl`'s lines on stdout, signals turned into a clean stop."""

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
    """Stderr; where its reader has gone that is an error like any other, and not the end of the program."""

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def on_broken_pipe(self) -> None:
        """Called within the handling of the error."""
        raise


class _JsonLines:
    """The log's lines on stdout; a reader that goes away ends the output and not the run."""

    def __init__(self, stream: TextIO) -> None:
        self._stream: TextIO | None = stream

    def __call__(self, line: str, event: events.Event) -> None:
        if self._stream is None:
            return
        try:
            print(line, file=self._stream, flush=True)
        except BrokenPipeError:
            self._stream = None
            # Python flushes stdout once more at exit; give it something that it can flush to.
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

    A hang-up (the ssh session is gone) stops with a checkpoint too. `debug` shows the traceback of a failure. A new run
    that an error ends before its films are ready leaves no folder; one that nobody watches keeps its log, which has
    the reason.

    Returns:
        The exit code of `drive`.
    """
    console = _StderrConsole()
    # What others print meanwhile is the log's lines on stdout, which no bar may redirect.
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
            os._exit(128 + number)  # the last checkpoint is safe, whatever is being written
        asked.set()
        with contextlib.suppress(OSError):  # after a hang-up there is no one to tell
            console.print("stopping with a checkpoint … (Ctrl-C again ends at once)", style="yellow")

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, on_signal) for number in signals}
    outcome = [EXIT_FAULT]

    def work() -> None:
        outcome[0] = drive(run, settings, resume=resume, should_stop=asked.is_set, on_event=on_event)

    # A thread, so that a signal is answered while the main program compiles.
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
    """What to do next, and the line that every report of a prediction carries."""
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
        if code != EXIT_FAULT and clear and _cleared(run):  # of a fault of ours the traceback is wanted
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
    """Start a training as a process of its own, and return once it holds its run.

    Args:
        run: the run that it will make, or resume.
        settings: of a new run; None with ``--resume``.
        arguments: the command line of the process.

    Raises:
        UsageError: it ended before it held the run; the message is the end of what it said.
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
