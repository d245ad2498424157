"""Commands that a message offers to the user; they work when pasted into the shell that showed the message."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from cxrtui.runs.folder import Run
from cxrtui.runs.glance import summary
from cxrtui.runs.status import ENDED
from cxrtui.workspace import Workspace


def named(run: Run) -> str:
    """Return the word for `run` in a command: its name if its workspace is the working folder, else its path."""
    folder = run.folder.resolve()
    try:
        here = Workspace(Path()).checkpoints.resolve()
        word = folder.name if folder.parent == here else min(str(folder), os.path.relpath(folder), key=len)
    except OSError:  # the working folder is gone
        word = str(folder)
    return shlex.quote(f"./{word}" if word.startswith("-") else word)


def resume(run: Run, *, data: bool = False, headless: bool = False) -> str:
    """Return the command that resumes `run`; with `data` it has a place for the new path of the films."""
    return f"cxrtui {'--headless ' * headless}train --resume {named(run)}{' --data NEWPATH' * data}"


def not_yet(run: Run, *, watch: bool = False) -> str:
    """Return why `run`, which a process holds, cannot be resumed; with `watch` it names the command that shows it."""
    if summary(run).status in ENDED:
        return f"Run {run.name} has ended, but its process has not yet; try again in a moment."
    return f"Run {run.name} is live already{f'; watch it with: cxrtui attach {named(run)}' if watch else '.'}"
