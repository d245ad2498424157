"""How far a short command is, on stderr: a bar where that is a terminal, else lines. The first second is silent."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from cxrtui.console.rich_text import PrintableConsole
from cxrtui.data.pool import OnProgress
from cxrtui.printable import printable_lines
from cxrtui.runs import events

_QUIET = 1.0
_PLAIN_SECONDS = 15.0


class Lines:
    """A line for each stage that is met after `_QUIET` seconds, and one every `_PLAIN_SECONDS` of a long one."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._said, self._stage = 0.0, ""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show that `done` of `total` are done; 0 where the total is not known."""
        now = time.monotonic()
        if now - self._began < _QUIET or (stage == self._stage and now - self._said < _PLAIN_SECONDS):
            return
        self._said, self._stage = now, stage
        print(
            f"{time.strftime('%H:%M:%S')}  {stage} {done}{f'/{total}' if total else ''} …", file=sys.stderr, flush=True
        )


@contextlib.contextmanager
def shown() -> Iterator[OnProgress]:
    """What shows the progress that it is told; gone from the screen afterwards."""
    console = PrintableConsole(stderr=True)
    if not console.is_terminal:
        yield Lines()
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task, stage_now = progress.add_task("", total=None, visible=False), ""
        began = time.monotonic()

        def on_progress(stage: str, done: int, total: int) -> None:
            nonlocal stage_now
            if stage != stage_now:  # or the old stage's end would stay
                progress.reset(task, total=None)
                stage_now = stage
            visible = time.monotonic() - began >= _QUIET
            progress.update(task, description=stage, completed=done, total=total or None, visible=visible)

        yield on_progress


def hearing(on_progress: OnProgress) -> Callable[[events.Event], None]:
    """The same for a command that yields events: its warnings are lines."""

    def hear(event: events.Event) -> None:
        if isinstance(event, events.Warned):
            print(f"warning: {printable_lines(event.message)}", file=sys.stderr)
        elif isinstance(event, events.Preparing):
            on_progress(event.stage, event.done, event.total)

    return hear
