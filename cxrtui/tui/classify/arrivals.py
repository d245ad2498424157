"""A watched folder and those in it: films that are put there, once their files no longer grow."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cxrtui.data.sources.litter import hidden
from cxrtui.tui.widgets.picker import IMAGES

LOOK_SECONDS = 1.0
_SHARE = 10
"""A look at many folders takes at most this part of the time: the next one waits so many times as long as it took."""


class Arrivals:
    """Finds the films that come into a folder, or one in it, after the first look; what was there then is left out.

    A film whose file changes comes again: a copy that paused for longer than a look was taken for a film cut short.
    Hidden folders and links to folders are passed over.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, tuple[tuple[int, int], bool]] = {}  # size and time of a file, and whether it may grow
        self._looked = False
        self._next = 0.0  # not before this time of the monotonic clock

    def looks(self, stopped: Callable[[], bool]) -> Iterator[tuple[Path, ...]]:
        """Yield the films that have come and whose files are as at the look before; a file that is empty waits."""
        started = time.monotonic()
        if started < self._next:
            return
        found = self._files(stopped)
        self._next = time.monotonic() + _SHARE * (time.monotonic() - started) - LOOK_SECONDS
        if stopped():
            return
        arrived = []
        for name, status in sorted(found.items()):
            before, may_grow = self._known.get(name, (None, True))
            if not self._looked:
                self._known[name] = status, False
            elif before != status:
                self._known[name] = status, True
            elif may_grow and status[0] > 0:
                self._known[name] = status, False
                arrived.append(self.folder / name)
        self._looked = True
        if arrived:
            yield tuple(arrived)

    def _files(self, stopped: Callable[[], bool]) -> dict[str, tuple[int, int]]:
        """Return size and time of modification of the films by path; none while the folder cannot be read."""
        found: dict[str, tuple[int, int]] = {}
        folders, unreadable = [""], list[str]()
        while folders and not stopped():
            folder = folders.pop()
            try:
                with os.scandir(self.folder / folder) as entries:
                    for entry in entries:
                        if hidden(entry.name):
                            continue
                        name, ending = os.path.join(folder, entry.name), os.path.splitext(entry.name)[1].lower()
                        if entry.is_dir(follow_symlinks=False):
                            folders.append(name)
                        elif (ending in IMAGES or not ending) and entry.is_file():
                            status = entry.stat()
                            found[name] = (status.st_size, status.st_mtime_ns)
            except OSError:
                unreadable.append(os.path.join(folder, ""))
        if "" in unreadable:
            return {}
        for name in self._known.keys() - found.keys():
            if not stopped() and not name.startswith(tuple(unreadable)):
                del self._known[name]  # it was moved away, and may come back
        return found
