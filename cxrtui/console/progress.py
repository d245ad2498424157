"""Progress on stderr: a bar if stderr is a terminal, else plain lines.

Short commands use `shown`, which prints nothing for the first second. For a training, `console/training.py` prints the
events through the same printer.
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
    """Prints the progress of a command and its messages."""

    def say(self, text: str, level: str = "info", at: float | None = None) -> None:
        """Print a line that stays; `level` is info, good, warning or error, `at` its time in seconds (default: now)."""

    def show(self, phase: str, done: int, total: int, text: str = "", *, announce: bool = True) -> None:
        """Show that `done` of `total` are done (0: not known); `text`, if any, is shown instead of the count.

        A printer of lines prints one at once for a new phase, unless `announce` is False.
        """

    def close(self) -> None:
        """Remove what is not to stay on the terminal."""


class LinePrinter:
    """Prints plain lines for a pipe or a log file: one for each phase, and one every 15 s of a long phase."""

    def __init__(self, stream: TextIO, quiet: float = 0.0) -> None:
        self._stream, self._quiet_until = stream, time.monotonic() + quiet
        self._phase, self._printed_at = "", time.monotonic()

    def say(self, text: str, level: str = "info", at: float | None = None) -> None:
        """See `Printer`."""
        self._line(f"{_PREFIXES.get(level, '')}{text}", at)

    def show(self, phase: str, done: int, total: int, text: str = "", *, announce: bool = True) -> None:
        """See `Printer`."""
        now = time.monotonic()
        fresh = announce and phase != self._phase
        if now < self._quiet_until or not (fresh or now - self._printed_at > _PLAIN_SECONDS):
            return
        self._phase = phase
        self._line(text or f"{phase}{_count(done, total)} …")

    def _line(self, text: str, at: float | None = None) -> None:
        self._printed_at = time.monotonic()
        clock = time.strftime("%H:%M:%S", time.localtime(at))
        print(f"{clock}  {text}", file=self._stream, flush=True)

    def close(self) -> None:
        """See `Printer`; nothing is left to clear."""


class BarPrinter:
    """Shows a bar at the bottom of a terminal, and prints messages above it."""

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
        if phase != self._phase:  # without a reset the bar would keep the end of the previous phase
            self._bar.reset(self._task, total=None)
            self._phase = phase
        text = text or _count(done, total).strip()
        visible = time.monotonic() >= self._quiet_until
        self._bar.update(self._task, description=phase, completed=done, total=total or None, text=text, visible=visible)

    def close(self) -> None:
        """See `Printer`."""
        self._bar.stop()


def printer(console: Console, quiet: float = 0.0, *, redirect: bool = True) -> Printer:
    """Return a `BarPrinter` if `console` is a terminal, else a `LinePrinter`.

    Args:
        console: writes to stderr.
        quiet: seconds at the start in which no progress is shown; messages are printed at once.
        redirect: whether text that others print meanwhile goes above the bar.
    """
    if console.is_terminal:
        return BarPrinter(console, quiet, redirect=redirect)
    return LinePrinter(sys.stderr, quiet)


@contextlib.contextmanager
def _printing(*, redirect: bool = True) -> Iterator[Printer]:
    """Give the printer of a short command, and close it at the end."""
    printing = printer(PrintableConsole(stderr=True), _QUIET_SECONDS, redirect=redirect)
    try:
        yield printing
    finally:
        printing.close()


@contextlib.contextmanager
def shown(*, redirect: bool = True) -> Iterator[OnProgress]:
    """Give a callback that shows progress as phase, done and total; the bar is removed afterwards.

    `redirect`: whether text that is printed meanwhile goes above the bar; not where stdout is a file or a pipe.
    """
    with _printing(redirect=redirect) as printing:
        yield printing.show


@contextlib.contextmanager
def shown_bytes(about: str) -> Iterator[Callable[[int, int], None]]:
    """Give a callback for the bytes of one file, here and in all (0: not known); rate and time left are shown too."""
    with _printing() as printing:
        first: list[tuple[float, int]] = []

        def on_bytes(here: int, total: int) -> None:
            first[:] = first or [(time.monotonic(), here)]  # the rate leaves out what an earlier try fetched
            seconds, fetched = time.monotonic() - first[0][0], here - first[0][1]
            text = f"{about}: {decimal(here)}{f' of {decimal(total)}' if total else ''}"
            if seconds > 0 and fetched > 0:
                rate = fetched / seconds
                left = f", {duration((total - here) / rate)} left" if total > here else ""
                text += f", {decimal(round(rate))}/s{left}"
            printing.show(about, here, total, text)

        yield on_bytes


def listener(on_progress: OnProgress) -> Callable[[events.Event], None]:
    """Return a listener for events: it passes `Preparing` to `on_progress` and prints a warning as a line."""

    def on_event(event: events.Event) -> None:
        if isinstance(event, events.Warned):
            print(f"warning: {printable_lines(event.message)}", file=sys.stderr)
        elif isinstance(event, events.Preparing):
            on_progress(event.stage, event.done, event.total)

    return on_event


def _count(done: int, total: int) -> str:
    """Return `` 7/9``, or `` 7`` if the total is not known, or nothing if nothing is counted."""
    if total:
        return f" {done}/{total}"
    return f" {done}" if done else ""
