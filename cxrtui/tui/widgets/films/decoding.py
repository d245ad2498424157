"""Decodes films ahead of the cursor: the one that is looked at, then those beside it; and keeps them a while."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from textual.message import Message
from textual.message_pump import MessagePump

from cxrtui.errors import CxrtuiError
from cxrtui.printable import printable
from cxrtui.tui import threads
from cxrtui.tui.backend import OpenedFilm
from cxrtui.tui.widgets.films.pixels import Grey, levels

BYTES_MOST = 192 << 20
"""Pixels that are kept of films that were looked at, or may be next."""


@dataclass(frozen=True)
class Look:
    """A film as it was decoded, or in `error` why it was not; `identity` is of its file at that time."""

    levels: tuple[Grey, ...] | None
    opened: OpenedFilm | None
    error: str
    identity: tuple[int, int]

    @property
    def bytes(self) -> int:
        """The memory that it takes."""
        return sum(level.nbytes for level in self.levels or ()) + 1024


class Decoded(Message):
    """The film at `path`, which the screen wants, was decoded."""

    def __init__(self, path: Path, look: Look) -> None:
        super().__init__()
        self.path, self.look = path, look


class Films:
    """Decodes films for a screen in two threads: one for the film that is wanted, one for those that may be next."""

    def __init__(self, target: MessagePump, open_film: Callable[[Path], OpenedFilm]) -> None:
        self._target, self._open = target, open_film
        self._kept: OrderedDict[Path, Look] = OrderedDict()
        self._turn = threading.Condition()
        self._now: tuple[Path, Look | None] | None = None  # what is wanted, and what the screen has of it
        self._next: list[Path] = []
        self._stopped = False

    def start(self) -> None:
        """Start the threads."""
        threads.start("decode", self._work_now)
        threads.start("decode ahead", self._work_ahead)

    def stop(self) -> None:
        """End the threads once they have decoded what they are at."""
        with self._turn:
            self._stopped = True
            self._turn.notify_all()

    def has(self, path: Path) -> bool:
        """Return whether the film is at hand."""
        with self._turn:
            return path in self._kept

    def want(self, path: Path, beside: Sequence[Path] = ()) -> Look | None:
        """Return the film if it is at hand, else None; `Decoded` follows then, and if the file has changed since.

        `beside` are films that may be wanted next; they are decoded meanwhile.
        """
        with self._turn:
            look = self._kept.get(path)
            if look is not None:
                self._kept.move_to_end(path)
            self._now, self._next = (path, look), [item for item in beside if item != path]
            self._turn.notify_all()
        return look

    def _work_now(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._stopped or self._now is not None)
                if self._stopped or self._now is None:
                    return
                wanted = self._now
            look = self._look(wanted[0])
            with self._turn:
                if self._now is wanted:  # else another film is wanted meanwhile
                    self._now = None
                    self._turn.notify_all()
            if look is not wanted[1] and not self._stopped:
                self._target.post_message(Decoded(wanted[0], look))

    def _work_ahead(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._stopped or (self._next and self._now is None))
                path = self._next.pop(0) if self._next else None
            if self._stopped:
                return
            if path is not None:
                self._look(path)

    def _look(self, path: Path) -> Look:
        """Return the film, decoded now unless it is kept and its file is the same."""
        try:
            status = path.stat()
            identity = (status.st_size, status.st_mtime_ns)
        except OSError:
            identity = (-1, 0)
        with self._turn:
            kept = self._kept.get(path)
        if kept is not None and kept.identity == identity:
            return kept
        try:
            opened = self._open(path)
            look = Look(levels(opened.values), opened, "", identity)
        except (CxrtuiError, OSError, MemoryError) as problem:
            look = Look(None, None, printable(problem) or type(problem).__name__, identity)
        except Exception as problem:  # the thread must go on, and the screen must show it
            look = Look(None, None, f"{type(problem).__name__}: {printable(problem)}", identity)
        with self._turn:
            self._kept[path] = look
            self._kept.move_to_end(path)
            while len(self._kept) > 1 and sum(item.bytes for item in self._kept.values()) > BYTES_MOST:
                self._kept.popitem(last=False)
        return look
