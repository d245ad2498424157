"""The one printer of progress, on stderr: a bar where that is a terminal, else plain lines.

Short commands use `shown`, which is silent for the first second; a training is shown by `console/training.py`, which
prints its events through the same printer.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Protocol, TextIO

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, TextColumn

from cxrtui.console.rich_text import PrintableConsole
from cxrtui.data.pool import OnProgress
from cxrtui.durations import duration
from cxrtui.printable import printable_lines
from cxrtui.runs import events

_QUIET_SECONDS = 1.0
_PLAIN_SECONDS = 15.0
_PREFIXES = {"warning": "warning: ", "error": "error: "}
_STYLES = {"warning": "yellow", "error": "red", "good": "green"}


class Printer(Protocol):
    """What shows how far a command is, and what it has to say meanwhile."""

    def say(self, text: str, level: str = "info", at: float | None = None) -> None:
        """Print a line that stays; `level` is info, good, warning or error, `at` its time in seconds (default: now)."""

    def show(self, phase: str, done: int, total: int, text: str = "", *, announce: bool = True) -> None:
        """Show that `done` of `total` are done (0: not known); `text` stands where the count would.

        Where lines are printed, a new phase has one at once, but not without `announce`.
        """

    def close(self) -> None:
        """Take away what does not stay."""


class LinePrinter:
    """Lines without colour or carriage returns, for a pipe or a log file: one a phase, and every 15 s of a long one."""

    def __init__(self, stream: TextIO, quiet: float = 0.0) -> None:
        self._stream, self._quiet_until = stream, time.monotonic() + quiet
        self._phase, self._said = "", time.monotonic()

    def say(self, text: str, level: str = "info", at: float | None = None) -> None:
        """See `Printer`."""
        self._line(f"{_PREFIXES.get(level, '')}{text}", at)

    def show(self, phase: str, done: int, total: int, text: str = "", *, announce: bool = True) -> None:
        """See `Printer`."""
        now = time.monotonic()
        fresh = announce and phase != self._phase
        if now < self._quiet_until or not (fresh or now - self._said > _PLAIN_SECONDS):
            return
        self._phase = phase
        self._line(text or f"{phase}{_count(done, total)} …")

    def _line(self, text: str, at: float | None = None) -> None:
        self._said = time.monotonic()
        clock = time.strftime("%H:%M:%S", time.localtime(at))
        print(f"{clock}  {text}", file=self._stream, flush=True)

    def close(self) -> None:
        """See `Printer`; nothing is left to clear."""


class BarPrinter:
    """A bar at the bottom of a terminal, and above it what was said."""

    def __init__(self, console: Console, quiet: float = 0.0, *, redirect: bool = True) -> None:
        self._quiet_until, self._phase = time.monotonic() + quiet, ""
        self._bar = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(bar_width=24),
            TextColumn("{task.fields[text]}", markup=False),
            console=console, transient=True, redirect_stdout=redirect, redirect_stderr=redirect,
        )  # fmt: skip
        self._task = self._bar.add_task("starting", total=None, text="", visible=quiet <= 0)
        self._bar.start()

    def say(self, text: str, level: str = "info", at: float | None = None) -> None:
        """See `Printer`."""
        del at
        style = _STYLES.get(level, "default")
        self._bar.console.print(f"{_PREFIXES.get(level, '')}{text}", style=style, markup=False, highlight=False)

    def show(self, phase: str, done: int, total: int, text: str = "", *, announce: bool = True) -> None:
        """See `Printer`."""
        del announce
        if phase != self._phase:  # or the end of the phase before would stay
            self._bar.reset(self._task, total=None)
            self._phase = phase
        text = text or _count(done, total).strip()
        visible = time.monotonic() >= self._quiet_until
        self._bar.update(self._task, description=phase, completed=done, total=total or None, text=text, visible=visible)

    def close(self) -> None:
        """See `Printer`."""
        self._bar.stop()


def printer(console: Console, quiet: float = 0.0, *, redirect: bool = True) -> Printer:
    """A bar where `console`, which writes to stderr, is a terminal, else lines; nothing in the first `quiet` seconds.

    Args:
        console: writes to stderr.
        quiet: seconds without progress; what is said is printed at once.
        redirect: whether what others print meanwhile goes above the bar.
    """
    if console.is_terminal:
        return BarPrinter(console, quiet, redirect=redirect)
    return LinePrinter(sys.stderr, quiet)


@contextlib.contextmanager
def _printing() -> Iterator[Printer]:
    """The printer of a short command."""
    printing = printer(PrintableConsole(stderr=True), _QUIET_SECONDS)
    try:
        yield printing
    finally:
        printing.close()


@contextlib.contextmanager
def shown() -> Iterator[OnProgress]:
    """What shows the progress that it is told, as phase, done and total; gone from the screen afterwards."""
    with _printing() as printing:
        yield printing.show


@contextlib.contextmanager
def shown_bytes(about: str) -> Iterator[Callable[[int, int], None]]:
    """As `shown`, for the bytes of one file: how many are here and in all (0: not known), the rate, the time left."""
    with _printing() as printing:
        began: list[tuple[float, int]] = []

        def on_bytes(here: int, total: int) -> None:
            began[:] = began or [(time.monotonic(), here)]  # what an earlier try fetched counts for no rate
            seconds, fetched = time.monotonic() - began[0][0], here - began[0][1]
            text = f"{about}: {decimal(here)}{f' of {decimal(total)}' if total else ''}"
            if seconds > 0 and fetched > 0:
                rate = fetched / seconds
                left = f", {duration((total - here) / rate)} left" if total > here else ""
                text += f", {decimal(round(rate))}/s{left}"
            printing.show(about, here, total, text)

        yield on_bytes


def hearing(on_progress: OnProgress) -> Callable[[events.Event], None]:
    """The same for a command that yields events: its warnings are lines."""

    def hear(event: events.Event) -> None:
        if isinstance(event, events.Warned):
            print(f"warning: {printable_lines(event.message)}", file=sys.stderr)
        elif isinstance(event, events.Preparing):
            on_progress(event.stage, event.done, event.total)

    return hear


def _count(done: int, total: int) -> str:
    """`` 7/9``, `` 7`` where the total is not known, nothing where nothing is counted."""
    if total:
        return f" {done}/{total}"
    return f" {done}" if done else ""
