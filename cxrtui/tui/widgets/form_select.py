"""A list in a form that takes a typed or pasted word, as the other fields do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.events import Blur, Key
from textual.widgets import Select

from cxrtui.tui.keys import bindings

NEW_WORD = 1.0
"""Seconds between two keys after which the second key begins a new word."""


class FormSelect(Select[str]):
    """While the list is closed, typed letters select the choice that begins with them, if there is one.

    The arrows go on to the line below or above, as from any other field; enter and space open the list.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,ctrl+j", "take", "Open", show=False),  # a pasted line feed is ctrl+j
        *bindings("form"),
    ]

    def __init__(self, choices: Sequence[str], value: str, **options: Any) -> None:
        super().__init__([(choice, choice) for choice in choices], value=value, allow_blank=False, **options)
        self.choices = choices
        self._word = ""
        self._before: str = value  # what was chosen before the word was typed
        self._last = 0.0

    async def _on_key(self, event: Key) -> None:
        if self.expanded or not event.is_printable or event.character in (None, " "):
            return
        event.stop()
        event.prevent_default()
        if not self._word or event.time - self._last > NEW_WORD:
            self._word, self._before = "", str(self.value)
        self._last = event.time
        self._word += event.character or ""
        found = (choice for choice in self.choices if choice.casefold().startswith(self._word.casefold()))
        self.value = next(found, self._before)

    def _on_blur(self, event: Blur) -> None:
        del event
        self._word = ""

    def action_take(self) -> None:
        """After a typed word go to the next field; else open the list."""
        if self._word:
            self._word = ""
            self.screen.focus_next()
        else:
            self.action_show_overlay()
