"""The line in which words are typed that a list is filtered or searched by; `/` shows it."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from cxrtui.tui.keys import bindings


def matches(words: str, text: str) -> bool:
    """Return whether `text` contains each of `words`, in any case and order."""
    text = text.casefold()
    return all(word in text for word in words.casefold().split())


class FindLine(Input):
    """Posts the words as they are typed. Enter goes to the list and keeps them; escape removes them."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("find")

    class Words(Message):
        """There are other words."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    def __init__(self, placeholder: str) -> None:
        super().__init__(placeholder=f"/ {placeholder}", compact=True, select_on_focus=False, classes="find-line")
        self._list: Widget | None = None
        self._hide()

    def _hide(self) -> None:
        self.display = False
        self.disabled = True  # a field that is not seen must not get the focus of a screen

    def ask(self, list_: Widget) -> None:
        """Show the line and type in it; the focus goes to `list_` afterwards."""
        self._list = list_
        self.display, self.disabled = True, False
        self.focus()

    def clear_words(self) -> bool:
        """Remove the words and hide the line; return whether it was shown."""
        shown = bool(self.display)
        self.value = ""
        if shown and self._list is not None:
            self._list.focus()
        self._hide()
        return shown

    def on_input_changed(self, event: Input.Changed) -> None:
        """Post the words."""
        event.stop()
        self.post_message(self.Words(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to the list."""
        event.stop()
        self.action_leave()

    def action_leave(self) -> None:
        """Go to the list; the words stay."""
        if not self.value.strip():
            self.clear_words()
        elif self._list is not None:
            self._list.focus()

    def action_clear(self) -> None:
        """Remove the words and go to the list."""
        self.clear_words()
