"""This module removes runs that ended before their films were ready and that hold nothing worth keeping."""

from __future__ import annotations

import shutil

from cxrtui.runs import events
from cxrtui.runs.folder import Run, is_run
from cxrtui.runs.hosts import MARK

_BEGINNING = (
    "lock", "config.toml", "events.jsonl", "summary.json", "heartbeat", "control", "traceback.txt", "stderr.txt",
)  # fmt: skip


def clear_stump(run: Run) -> bool:
    """Remove the folder of a run that failed, or died without a whole log, before its films were ready.

    Nothing was split or trained then. Any other file in the folder keeps it. Returns whether it was removed.

    Raises:
        OSError: the folder cannot be read or removed.
    """
    if not run.folder.is_dir() or run.folder.is_symlink() or run.alive() or not is_beginning(run):
        return False
    if is_run(run.folder) and run.read().status != "failed":
        return False  # it was killed while it began, and can be resumed
    shutil.rmtree(run.folder)
    return True


def is_beginning(run: Run) -> bool:
    """Return whether the folder holds only files that a run writes before its films are ready, and no step in its log.

    Raises:
        OSError: the folder cannot be read.
    """
    items = list(run.folder.iterdir())
    ours = all(
        item.name in _BEGINNING or item.name.endswith(".tmp") or item.name.startswith((f"{MARK}-", f"{MARK}s.json"))
        for item in items
    )
    if not ours or any(item.is_dir() and not item.is_symlink() for item in items):
        return False
    tail = run.tail()
    new = tail.poll()
    return not tail.problem and not any(isinstance(event, events.StepDone) for event in new)
