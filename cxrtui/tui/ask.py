"""A question that is answered by typing."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from cxrtui.errors import CxrtuiError
from cxrtui.printable import printable_lines
from cxrtui.tui.door import titled
from cxrtui.tui.front import Front
from cxrtui.tui.theme import BAD

T = TypeVar("T")


class Ask(Front[T | None], Generic[T]):
    """A box with a field. Its result is what `read` makes of the text, or None for escape; an error keeps it open."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel", show=False)]

    def __init__(self, title: str, about: str, value: str, read: Callable[[str], T]) -> None:
        super().__init__()
        self._title, self._about, self._value, self._read = title, about, value, read

    def compose(self) -> ComposeResult:
        """Put the field under its explanation, and above a line for an error."""
        with Vertical(classes="dialog") as box:
            box.border_title, box.border_subtitle = titled(self._title), "enter: keep · esc: cancel"
            yield Static(printable_lines(self._about), markup=False)
            yield from self.compose_more()
            yield Input(self._value, id="answer", select_on_focus=False)
            yield Static(id="answer-error")

    def compose_more(self) -> ComposeResult:
        """Yield what stands between the explanation and the field."""
        yield from ()

    def on_mount(self) -> None:
        """Type in the field."""
        self.query_one("#answer", Input).focus()

    @on(Input.Submitted, "#answer")
    def _answered(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            answer = self._read(event.value)
        except CxrtuiError as error:
            self.query_one("#answer-error", Static).update(Text(str(error), style=BAD))
            return
        self.dismiss(answer)
