"""A list in front of a screen, from which one item is chosen; typing filters it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from cxrtui.tui.door import titled
from cxrtui.tui.front import Front

ASK_FILTER = 8
"""Number of items from which on there is a field that filters them."""


class Item(NamedTuple):
    """A line of the list, and the text that is shown below the list while the cursor is on it."""

    title: str
    about: str


class FilterInput(Input):
    """Takes a filter; up, down and the page keys move in the list below it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "screen.move('cursor_up')", show=False),
        Binding("down", "screen.move('cursor_down')", show=False),
        Binding("pageup", "screen.move('page_up')", show=False),
        Binding("pagedown", "screen.move('page_down')", show=False),
    ]


class Pick(Front[int | None]):
    """Shows items. Its result is the index of the chosen one, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Cancel", show=False)]

    def __init__(
        self, title: str, items: Sequence[Item], hint: str = "enter chooses · esc leaves the form as it is"
    ) -> None:
        super().__init__()
        self._title, self._items, self._hint = title, items, hint
        self._listed: list[int] = []

    def compose(self) -> ComposeResult:
        """Show a box with the filter, the list and a text about the item under the cursor."""
        with Vertical(classes="dialog", id="pick") as box:
            box.border_title, box.border_subtitle = titled(self._title), titled(self._hint)
            if len(self._items) >= ASK_FILTER:
                yield FilterInput(placeholder="type to filter", compact=True, id="pick-filter")
            yield OptionList(id="pick-list", compact=True)
            yield Static("", id="pick-about", markup=False)

    def on_mount(self) -> None:
        """Show all items."""
        self._list("")

    def _list(self, words: str) -> None:
        """Show the items that contain every one of `words`."""
        wanted = words.casefold().split()
        self._listed = [place for place, item in enumerate(self._items)
                        if all(word in f"{item.title} {item.about}".casefold() for word in wanted)]  # fmt: skip
        shown = self.query_one(OptionList)
        shown.clear_options()
        shown.add_options([Option(Text(self._items[place].title, no_wrap=True)) for place in self._listed])
        shown.highlighted = 0 if self._listed else None
        self.query_one("#pick-about", Static).update("" if self._listed else "nothing here has all of these words")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._list(event.value)

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index < len(self._listed):
            self.query_one("#pick-about", Static).update(self._items[self._listed[event.option_index]].about)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._listed[event.option_index])

    @on(Input.Submitted)
    def _entered(self) -> None:
        place = self.query_one(OptionList).highlighted
        if place is not None:
            self.dismiss(self._listed[place])

    def action_move(self, how: str) -> None:
        """Move the cursor of the list."""
        getattr(self.query_one(OptionList), f"action_{how}")()
