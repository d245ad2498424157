"""Commands as a message offers them: what is pasted into the shell that showed it works there."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from cxrtui.runs.folder import Run
from cxrtui.workspace import Workspace


def named(run: Run) -> str:
    """What a command calls `run`: its name where it lies in the workspace that is the working folder, else a path."""
    folder = run.folder.resolve()
    try:
        here = Workspace(Path()).checkpoints.resolve()
        word = folder.name if folder.parent == here else min(str(folder), os.path.relpath(folder), key=len)
    except OSError:  # the working folder is gone
        word = str(folder)
    return shlex.quote(f"./{word}" if word.startswith("-") else word)


def resume(run: Run, *, data: bool = False, headless: bool = False) -> str:
    """The command that goes on with `run`; `data` has a place for where its films lie now."""
    return f"cxrtui {'--headless ' * headless}train --resume {named(run)}{' --data NEWPATH' * data}"
