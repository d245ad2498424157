"""This module follows logs for the screens: a thread reads, and the screen takes one immutable snapshot at a time.

The event loop never opens a log. The thread works in short blocks, so that the event loop is not delayed. A snapshot
that the screen has not taken yet is merged into the next one, so that a slow terminal never has to work through a
queue of old ones.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from textual.message import Message
from textual.message_pump import MessagePump

from cxrtui.tui import threads

T = TypeVar("T")
Looks = Callable[[Callable[[], bool]], Iterable[T]]
"""Yields snapshots until there is nothing new; its argument returns whether it must stop."""

_JOIN_SECONDS = 1.0  # a thread that reads from a hanging file system is not waited for any longer


class Seen(Message, bubble=False):
    """A watch has something new, which `take` returns."""

    def __init__(self, watch: Watch[Any]) -> None:
        super().__init__()
        self.watch = watch


class Watch(Generic[T]):
    """A reader thread of one screen, from `start` to `stop`."""

    def __init__(
        self, target: MessagePump, looks: Looks[T], every: float | None, merged: Callable[[T, T], T] | None = None
    ) -> None:
        """Watch for `target`, which gets a `Seen`.

        Args:
            target: the screen.
            looks: is called in the thread.
            every: seconds between two calls; None for a single call.
            merged: merges a later snapshot (first argument) with an earlier one that the screen has not taken.
        """
        self._target, self._looks, self._every = target, looks, every
        self._merged = merged or (lambda later, earlier: later)
        self._slot: list[T] = []
        self._slot_lock = threading.Lock()
        self._turn = threading.Condition()
        self._stopped = self._paused = self._hurried = False
        self._failure: Exception | None = None
        self._thread: threading.Thread | None = None

    def start(self, name: str) -> None:
        """Start the thread."""
        self._thread = threads.start(name, self._work)

    def stop(self) -> None:
        """Stop the thread, and wait until it has ended; nothing is posted afterwards."""
        with self._turn:
            self._stopped = True
            self._turn.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_JOIN_SECONDS)

    def pause(self) -> None:
        """Do not look until `look_now`, because another screen is in front."""
        with self._turn:
            self._paused = True

    def look_now(self) -> None:
        """Look at once."""
        with self._turn:
            self._paused, self._hurried = False, True
            self._turn.notify()

    def take(self) -> T | None:
        """Return the latest snapshot; None if it was taken already.

        Raises:
            Exception: the error of the thread, so that the screen fails with it.
        """
        if self._failure is not None:
            raise self._failure
        with self._slot_lock:
            return self._slot.pop() if self._slot else None

    def _is_stopped(self) -> bool:
        return self._stopped

    def _work(self) -> None:
        try:
            self._look_on()
        except Exception as error:  # `take` raises it in the screen's thread
            self._failure = error
            self._target.post_message(Seen(self))

    def _look_on(self) -> None:
        while not self._stopped:
            for snapshot in self._looks(self._is_stopped):
                if self._stopped:
                    return
                self._post(snapshot)
            if self._every is None:
                return
            with self._turn:
                self._turn.wait_for(lambda: self._stopped or self._hurried, self._every)
                self._turn.wait_for(lambda: self._stopped or not self._paused)
                self._hurried = False

    def _post(self, snapshot: T) -> None:
        with self._slot_lock:
            waiting = bool(self._slot)
            self._slot[:] = [self._merged(snapshot, self._slot[0]) if waiting else snapshot]
        if not waiting:
            self._target.post_message(Seen(self))
