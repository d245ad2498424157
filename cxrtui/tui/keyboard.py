"""Keys in turn: each is done with before the next one is looked at, so that it acts where the one before has led.

Textual hands a key to the widget that has the focus when the key arrives, and acts on it later, when it has come up
through the widgets. Of keys that are typed quickly, pasted, or read late because a training keeps the processor busy,
all would go to the widget and the screen that the first of them leaves.
"""

from __future__ import annotations

import time
from collections import deque

from textual.app import App
from textual.driver import Driver
from textual.events import Event, Key, Paste
from textual.message_pump import MessagePump

PATIENCE = 10.0
"""Seconds after which a key no longer waits for one that is not done with: the keyboard never stays blocked."""


class KeysInTurn(App[int]):
    """An application that takes keys and pastes one after the other."""

    def __init__(self, driver: type[Driver] | None = None) -> None:
        super().__init__(driver_class=driver)
        self._typed: deque[Event] = deque()
        self._turn = 0  # counts keys, so that one that was given up does not end the turn of another
        self._taken_at = 0.0  # when the key that is under way was taken; 0: none is

    async def on_event(self, event: Event) -> None:
        """Put a key or a paste in line; everything else is Textual's."""
        if not isinstance(event, (Key, Paste)) or event.is_forwarded:
            await super().on_event(event)
            return
        self._typed.append(event)
        if not self._taken_at or time.monotonic() - self._taken_at > PATIENCE:
            await self._take()

    async def _take(self) -> None:
        """Act on the next key, and come back once nothing of it is under way."""
        self._taken_at = 0.0
        if not self._typed or not self._running:
            return
        self._turn += 1
        self._taken_at = time.monotonic()
        target = self.focused or self.screen
        await super().on_event(self._typed.popleft())
        self._follow(target, self._turn, (target, None))

    def _follow(self, node: MessagePump | None, turn: int, then: tuple[MessagePump | None, ...]) -> None:
        """Go the way of the key, from `node` up: behind it in each queue, and so after it.

        The first time the key itself comes up and does what it is bound to do; the second time what the widget then has
        to say, as that it was submitted; the last time (None) a screen that opened or was come back to takes the focus.
        """
        while node is not None and node is not self:
            if node.call_later(self._follow, node._parent, turn, then):
                return
            node = node._parent  # it was removed
        self.call_later(self._came_up, turn, then)

    async def _came_up(self, turn: int, then: tuple[MessagePump | None, ...]) -> None:
        if turn != self._turn or not self._running:
            return
        if then:
            self._follow(then[0] or self.focused or self.screen, turn, then[1:])
        else:
            await self._take()
