"""The bin: deleted runs lie in ``checkpoints/.bin/NAME-DATE-TIME/`` until they are restored or the bin is emptied.

A run gets there and back by a rename, so that it is always whole in one of the two places. A run that is a symbolic
link is moved as a link, and what it points to stays as it is.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cxrtui.disk import explained
from cxrtui.errors import CheckpointError, UsageError
from cxrtui.files import NAME_RULE, is_name, is_there, remove_folder
from cxrtui.runs.folder import BIN, Run
from cxrtui.runs.size import size_of

_BINNED = re.compile(r"(?P<name>.+)-(?P<time>\d{8}-\d{6})(?:-\d+)?", re.DOTALL)
_CLOCK = "%Y%m%d-%H%M%S"
_ELSEWHERE = {errno.EXDEV: "it is on another device than the bin", errno.EBUSY: "a disk is mounted there"}


class NotBinnedError(UsageError):
    """A run cannot be moved to the bin, but it could be deleted for good."""


@dataclass(frozen=True)
class Binned:
    """A run in the bin: its folder there, the name that it had, and when it was deleted, in seconds since the epoch."""

    folder: Path
    name: str
    deleted: float

    @property
    def size(self) -> int:
        """The bytes that it takes on the disk."""
        return size_of(self.folder)


def discard(run: Run) -> Binned:
    """Move `run` to the bin beside it.

    Raises:
        NotBinnedError: it lies on another device, or its name is too long for the bin.
        UsageError: some process trains it, or the disk refuses.
    """
    with _locked(run):
        folder = run.folder.parent / BIN
        try:
            folder.mkdir(exist_ok=True)
            target = next(path for path in _free(folder, run.name) if not is_there(path))
            os.rename(run.folder, target)
        except OSError as error:
            if error.errno in (*_ELSEWHERE, errno.ENAMETOOLONG):
                why = _ELSEWHERE.get(error.errno or 0, "its name is too long")
                raise NotBinnedError(
                    f"Run {run.name} cannot be moved to the bin: {why}; delete it for good, or leave it."
                ) from None
            raise UsageError(f"Run {run.name} cannot be moved to {folder}: {explained(error)}.") from None
    made = _binned(target)
    assert made is not None
    return made


@contextlib.contextmanager
def _locked(run: Run) -> Iterator[None]:
    """Hold the run's lock while it is moved, so that no process begins to train it meanwhile.

    Raises:
        UsageError: some process trains it.
    """
    if run.seems_alive():
        raise UsageError(f"Run {run.name} is live; stop it before deleting it.")
    lock = None
    if not run.folder.is_symlink():
        with contextlib.suppress(CheckpointError):  # in a folder that is read-only nobody can train
            lock = run.acquire()
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def _free(folder: Path, name: str) -> Iterator[Path]:
    stem = f"{name}-{time.strftime(_CLOCK)}"
    yield folder / stem
    number = 2
    while True:
        yield folder / f"{stem}-{number}"
        number += 1


def _binned(folder: Path) -> Binned | None:
    """Return the deleted run in `folder`; None if the folder has no name of the bin."""
    found = _BINNED.fullmatch(folder.name)
    if found is None:
        return None
    try:
        deleted = time.mktime(time.strptime(found["time"], _CLOCK))
    except (ValueError, OverflowError):
        return None
    return Binned(folder, found["name"], deleted)


def contents(checkpoints: Path) -> list[Binned]:
    """Return the runs in the bin of `checkpoints`; the one that was deleted last comes first."""
    try:
        found = [item for path in (checkpoints / BIN).iterdir() if (item := _binned(path)) is not None]
    except OSError:
        return []
    return sorted(found, key=lambda item: (item.deleted, item.folder.name), reverse=True)


def find(checkpoints: Path, name: str) -> Binned:
    """Return the run in the bin whose folder there is called `name`, else the latest that had this name.

    Raises:
        UsageError: there is none; the message lists some that are there.
    """
    known = contents(checkpoints)
    for item in known:
        if name == item.folder.name:
            return item
    for item in known:
        if name == item.name:
            return item
    names = list(dict.fromkeys(item.name for item in known))
    names = list(dict.fromkeys([*difflib.get_close_matches(name[:64], names, n=1), *names]))
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    raise UsageError(
        f"No run {name!r} in the bin {checkpoints / BIN}; runs there: {', '.join(names[:5]) or 'none'}{more}."
    )


def restore(item: Binned, name: str = "") -> Run:
    """Move the run back out of the bin, under its own name or as `name`.

    Raises:
        UsageError: the name is taken or not allowed, or the disk refuses.
    """
    if name and not is_name(name):
        raise UsageError(f"A run's name holds {NAME_RULE}, not {name!r}.")
    run = Run(item.folder.parent.parent / (name or item.name))
    if is_there(run.folder):
        raise UsageError(f"{run.folder} exists; restore the run under another name: "
                         f"cxrtui runs restore {item.folder.name} --as NAME")  # fmt: skip
    try:
        os.rename(item.folder, run.folder)
    except OSError as error:
        raise UsageError(f"Run {run.name} cannot be restored from {item.folder}: {explained(error)}.") from None
    return run


def remove(item: Binned) -> None:
    """Delete a run in the bin for good; of a symbolic link, only the link.

    Raises:
        UsageError: the disk refuses.
    """
    try:
        remove_folder(item.folder)
    except OSError as error:
        raise UsageError(f"{item.folder} cannot be deleted: {explained(error)}.") from None
