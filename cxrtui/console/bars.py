"""Bars on stderr for commands that count films or bytes."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from cxrtui.console.rich_text import PrintableConsole

if TYPE_CHECKING:
    pass


@contextlib.contextmanager
def progress_bar(about: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr where that is a terminal; called with how many are done, and of how many."""
    console = PrintableConsole(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(about, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextlib.contextmanager
def download_bar(about: str) -> Iterator[Callable[[int, int], None]]:
    """As `progress_bar`, in bytes; where stderr is no terminal, a line every ten seconds."""
    console = PrintableConsole(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
               TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(about, total=None)
        said = time.monotonic()

        def on_progress(here: int, total: int) -> None:
            nonlocal said
            progress.update(task, completed=here, total=total or None)
            if not console.is_terminal and time.monotonic() - said > 10:
                said = time.monotonic()
                of = f" of {total:,}" if total else ""
                print(f"{about}: {here:,}{of} bytes", file=sys.stderr)

        yield on_progress
