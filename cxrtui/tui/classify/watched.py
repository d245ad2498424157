"""The folder that a screen watches for films that come into it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual.message_pump import MessagePump

from cxrtui.printable import printable
from cxrtui.tui.classify.arrivals import LOOK_SECONDS, Arrivals
from cxrtui.tui.watch import Seen, Watch


class WatchedFolder:
    """At most one folder, and its films that have come while other films were classified."""

    def __init__(self, target: MessagePump) -> None:
        """Post a `Seen` to `target` when films have come."""
        self._target = target
        self._folder: Path | None = None
        self._watch: Watch[tuple[Path, ...]] | None = None
        self._waiting: list[Path] = []

    @property
    def at_work(self) -> bool:
        """Whether a folder is watched."""
        return self._watch is not None

    @property
    def name(self) -> str:
        """The name of the folder; empty if none is watched."""
        return printable(self._folder.name) if self._folder is not None else ""

    def start(self, folder: Path) -> None:
        """Watch `folder`."""
        self._folder = folder
        self._watch = Watch(self._target, Arrivals(folder).looks, LOOK_SECONDS,
                            lambda later, earlier: (*earlier, *later))  # fmt: skip
        self._watch.start("watch folder")

    def stop(self) -> None:
        """Watch no folder."""
        if self._watch is not None:
            self._watch.stop()
        self._folder = self._watch = None
        self._waiting = []

    def saw(self, message: Seen) -> bool:
        """Return whether the message is of this folder."""
        return message.watch is self._watch

    def wait(self, paths: Sequence[Path]) -> None:
        """Keep films until `waiting` is asked for."""
        self._waiting.extend(paths)

    def waiting(self) -> list[Path]:
        """Return the films that were kept, and keep none."""
        waiting, self._waiting = self._waiting, []
        return waiting
