"""Keys in turn: each key is handled completely before the next one, so that the next acts on the resulting screen.

Textual passes a key to the widget that has the focus when the key arrives, and acts on it later, when the key has gone
up through the widgets. If keys are typed quickly, pasted, or read late because a training keeps the processor busy,
all of them would go to the widget and the screen that the first of them leaves.
"""

from __future__ import annotations

import time
from collections import deque

from textual.app import App
from textual.driver import Driver
from textual.events import Event, Key, Paste
from textual.message_pump import MessagePump

PATIENCE = 10.0
"""Seconds after which a key no longer waits for an earlier one, so that the keyboard never stays blocked."""


class KeysInTurn(App[int]):
    """An application that handles keys and pastes one after the other."""

    def __init__(self, driver: type[Driver] | None = None) -> None:
        super().__init__(driver_class=driver)
        self._typed: deque[Event] = deque()
        self.typed_at = time.monotonic()
        """When the last key was pressed, by the monotonic clock; at first, when the application began."""
        self._turn = 0  # counts keys, so that a key that was given up does not end the turn of another
        self._taken_at = 0.0  # when the key that is being handled was taken; 0 if there is none

    async def on_event(self, event: Event) -> None:
        """Queue a key or a paste; Textual handles all other events."""
        if not isinstance(event, (Key, Paste)) or event.is_forwarded:
            await super().on_event(event)
            return
        self.typed_at = time.monotonic()
        self._typed.append(event)
        if not self._taken_at or time.monotonic() - self._taken_at > PATIENCE:
            await self._take()

    async def _take(self) -> None:
        """Handle the next key; `_follow` calls this again once that key is handled."""
        self._taken_at = 0.0
        if not self._typed or not self._running:
            return
        self._turn += 1
        self._taken_at = time.monotonic()
        target = self.focused or self.screen
        await super().on_event(self._typed.popleft())
        self._follow(target, self._turn, (target, None))

    def _follow(self, node: MessagePump | None, turn: int, then: tuple[MessagePump | None, ...]) -> None:
        """Follow the key from `node` up through each widget's queue, and so arrive after it.

        The first pass follows the key itself, which runs its binding. The second pass follows the messages that the
        widget then sends, for example that it was submitted. In the last pass (None) a new screen takes the focus.
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
