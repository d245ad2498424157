"""Training without a screen: progress goes to stderr, log lines go to stdout, and a signal stops the run cleanly."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from typing import TextIO

from rich.console import Console

from cxrtui import RESEARCH_ONLY
from cxrtui.console.progress import printer
from cxrtui.console.steered import StderrConsole, steered
from cxrtui.console.training import RunPrinter
from cxrtui.errors import EXIT_FAULT, EXIT_STOPPED
from cxrtui.files import read_text
from cxrtui.runner import drive
from cxrtui.runs import advice, events
from cxrtui.runs.beginnings import clear_stump
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config


class JsonLines:
    """Prints the log's lines on stdout; if the reader goes away, the output ends and the run goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream: TextIO | None = stream

    def __call__(self, line: str, event: events.Event) -> None:
        """Print one line of the log."""
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
) -> int:
    """Train in this process; Ctrl-C or SIGTERM once stops with a checkpoint, a second Ctrl-C ends at once.

    A hang-up (the ssh session is gone) stops with a checkpoint too. `debug` shows the traceback of a failure. If an
    error ends a new run before its films are ready, its folder is removed.

    Returns:
        The exit code of `drive`.
    """
    console = StderrConsole()
    # The bar must not redirect stdout, because the log's lines go there.
    shown = RunPrinter(printer(console, redirect=False))
    listeners: list[Callable[[str, events.Event], None]] = [shown]
    if as_json:
        listeners.append(JsonLines(sys.stdout))

    def on_event(line: str, event: events.Event) -> None:
        for listener in listeners:
            listener(line, event)

    def work(should_stop: Callable[[], bool]) -> int:
        return drive(run, settings, resume=resume, should_stop=should_stop, on_event=on_event)

    try:
        code = steered(console, work, "stopping with a checkpoint … (Ctrl-C again ends at once)")
    finally:
        shown.close()
    with contextlib.suppress(OSError):
        say_goodbye(console, run, code, debug, clear=not resume)
    return code


def say_goodbye(console: Console, run: Run, code: int, debug: bool, clear: bool) -> None:
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
