"""The size of a run's folder on the disk, and sizes and counts as text."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def size_of(folder: Path) -> int:
    """Return the bytes of all files in `folder`, at any depth; of a symbolic link only the link counts.

    What cannot be looked at, or is deleted meanwhile, is left out.
    """
    with contextlib.suppress(OSError):
        if folder.is_symlink() or not folder.is_dir():
            return folder.lstat().st_size
    total, waiting = 0, [folder]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as items:
            for item in items:
                with contextlib.suppress(OSError):
                    if item.is_dir(follow_symlinks=False):
                        waiting.append(Path(item.path))
                    else:
                        total += item.stat(follow_symlinks=False).st_size
    return total


def size_text(count: float) -> str:
    """Return a number of bytes as ``512 B``, ``3.4 kB``, ``98.6 MB`` or ``1.2 GB``."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f} B"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: ``1 run``, ``2 runs``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
