"""Jump keys: a letter at each part of the screen that can have the focus; pressing the letter moves the focus there."""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Click, Key, Resize
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from cxrtui.tui.front import Front

LETTERS = "asdfghjkl" + "".join(letter for letter in ascii_lowercase if letter not in "asdfghjkl") + ascii_uppercase


def places(screen: Screen[object]) -> list[tuple[Widget, Offset]]:
    """Return the parts of `screen` that are seen and can have the focus, with their places, from the top left on."""
    found = []
    for widget in screen.focus_chain:
        region = screen.find_widget(widget).visible_region if widget.is_on_screen else None
        if region:
            found.append((widget, region.offset))
    return sorted(found, key=lambda item: (item[1].y, item[1].x))[: len(LETTERS)]


class JumpScreen(Front[Widget | None]):
    """Shows the letters. Its result is the part that was chosen, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", show=False)]

    def __init__(self, screen: Screen[object]) -> None:
        super().__init__()
        self._parts = dict(zip(LETTERS, places(screen), strict=False))
        self._first_size = True

    @property
    def empty(self) -> bool:
        """Whether there is nothing to choose."""
        return not self._parts

    def compose(self) -> ComposeResult:
        """Put each letter at the upper left corner of its part."""
        for letter, (_, place) in self._parts.items():
            mark = Static(letter, classes="jump-letter", markup=False)
            mark.styles.offset = (place.x, place.y)
            yield mark

    def on_key(self, event: Key) -> None:
        """Choose a part by its letter; any other key closes the letters."""
        event.stop()
        part = self._parts.get(event.character or "")
        self._close(part[0] if part else None)

    def on_click(self, event: Click) -> None:
        """Close the letters."""
        event.stop()
        self._close()

    def on_resize(self, event: Resize) -> None:
        """Close the letters when they are not at their places any more."""
        if not self._first_size:
            self._close()
        self._first_size = False

    def _close(self, part: Widget | None = None) -> None:
        if self.is_current:  # two events may ask for it, and only one screen is to close
            self.dismiss(part)
