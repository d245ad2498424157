"""The line above the list in which a filter is typed; under it stands what is wrong with the filter."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from cxrtui.runs.filter import Filter, FilterError, parse_while_typing
from cxrtui.tui.theme import BAD, FAINT

_HINT = "for example  data:dark lr>1e-4 status:done -tag:bad age<2d  or part of a name"


class FilterLine(Vertical):
    """A field for the filter. It filters as it is typed; a word with an error is left out until it is right."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "leave", "To the list", key_display="⏎"),
        Binding("escape", "clear", "Clear", key_display="esc"),
    ]

    class Changed(Message):
        """There is another filter."""

        def __init__(self, wanted: Filter) -> None:
            super().__init__()
            self.wanted = wanted

    class Left(Message):
        """The user goes back to the list."""

    def compose(self) -> ComposeResult:
        """Put the field above a line for its error."""
        yield Input(placeholder="filter", id="filter-field", compact=True, select_on_focus=False)
        yield Static(id="filter-error")

    def on_mount(self) -> None:
        """Hide the line until it is asked for."""
        self._hide()

    def _hide(self) -> None:
        self.display = False
        self.query_one(Input).disabled = True  # a field that is not seen must not get the focus of a screen

    @property
    def text(self) -> str:
        """What is typed."""
        return self.query_one(Input).value

    def ask(self) -> None:
        """Show the line, and type in it."""
        field = self.query_one(Input)
        self.display, field.disabled = True, False
        self._explain(None)
        field.focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        wanted, error = parse_while_typing(event.value)
        self._explain(error)
        self.post_message(self.Changed(wanted))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_leave()

    def _explain(self, error: FilterError | None) -> None:
        line = self.query_one("#filter-error", Static)
        if error is None:
            line.update(Text("" if self.text else _HINT, style=FAINT, no_wrap=True, overflow="ellipsis"))
            return
        mark = " " * error.start + "^" * max(1, error.end - error.start)
        if len(mark) + len(error.reason) + 1 > max(20, self.size.width - 2):  # no room behind the place
            mark = f"{self.text[error.start : error.end][:20]!r}:"
        line.update(Text(f"{mark} {error.reason}", style=BAD, no_wrap=True, overflow="ellipsis"))

    def action_clear(self) -> None:
        """Remove the filter and hide the line."""
        self.query_one(Input).value = ""
        self._hide()
        self.post_message(self.Changed(Filter()))
        self.post_message(self.Left())

    def action_leave(self) -> None:
        """Go to the list; the filter stays."""
        if not self.text.strip():
            self.action_clear()
            return
        self.post_message(self.Changed(parse_while_typing(f"{self.text} ")[0]))  # the last word is whole now
        self.post_message(self.Left())
