"""A screen with a thread that looks at files, for as long as the screen is in front."""

from __future__ import annotations

from typing import Any, TypeVar

from textual.screen import ScreenResultType

from cxrtui.tui.page import Page
from cxrtui.tui.watch import Looks, Watch

T = TypeVar("T")


class WatchingPage(Page[ScreenResultType]):
    """Gets a `Seen` for what its thread has read; `message.watch.take` returns it."""

    _watch: Watch[Any] | None = None

    def follow(self, name: str, looks: Looks[T], every: float) -> None:
        """Start the thread `name`; `looks` and `every` are those of `Watch`."""
        self._watch = Watch(self, looks, every)
        self._watch.start(name)

    def look_now(self) -> None:
        """Read at once, because something has changed."""
        if self._watch is not None:
            self._watch.look_now()

    def on_unmount(self) -> None:
        """Stop reading."""
        if self._watch is not None:
            self._watch.stop()

    def on_screen_suspend(self) -> None:
        """Read nothing while another screen is in front, to leave the cores to that."""
        if self._watch is not None:
            self._watch.pause()

    def on_screen_resume(self) -> None:
        """Read at once when that screen closes."""
        self.look_now()
