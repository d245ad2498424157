"""Questions and messages that are shown in front of a screen and wait for an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from rich.table import Table
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from cxrtui import RESEARCH_ONLY
from cxrtui.printable import printable_lines
from cxrtui.tui.door import titled
from cxrtui.tui.keys import KEYS, shown


@dataclass(frozen=True)
class Choice:
    """One possible answer: its key, its label, and the result that it gives to the question."""

    key: str
    label: str
    answer: str
    look: Literal["default", "primary", "success", "warning", "error"] = "default"


class Question(ModalScreen[str]):
    """Asks a question. Its result is a choice's `answer`, or "" for escape. The first choice has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer('')", "Cancel", show=False),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
        Binding("pageup", "scroll('page_up')", show=False),
        Binding("pagedown", "scroll('page_down')", show=False),
        Binding("home", "scroll('home')", show=False),
        Binding("end", "scroll('end')", show=False),
    ]

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-roomy")]  # noqa: RUF012

    def __init__(self, title: str, body: str, *choices: Choice) -> None:
        super().__init__()
        self._title, self._body, self._choices = title, body, choices

    def compose(self) -> ComposeResult:
        """Show a box with the question and a row of buttons."""
        with Vertical(classes="dialog") as box:
            box.border_title = titled(self._title)
            with VerticalScroll(classes="dialog-text", can_focus=False):
                yield Static(printable_lines(self._body), markup=False)
            with Horizontal(classes="dialog-buttons"):
                for choice in self._choices:
                    label = f"{choice.label} ({shown(choice.key)})"
                    yield Button(label, variant=choice.look, name=choice.answer, compact=True)

    def on_mount(self) -> None:
        """Say where there is more than fits."""
        self.watch(self.query_one(".dialog-text"), "show_vertical_scrollbar", self._say_more)

    def _say_more(self, more: bool) -> None:
        self.query_one(".dialog").border_subtitle = "pgup pgdn end: the rest" if more else ""

    def action_scroll(self, where: str) -> None:
        """Show another part of a long text."""
        text = self.query_one(".dialog-text")
        getattr(text, f"scroll_{where}")(animate=False)

    def on_key(self, event: Key) -> None:
        """Answer by the key of a choice."""
        for choice in self._choices:
            if event.key == choice.key:
                event.stop()
                self.action_answer(choice.answer)
                return

    def action_answer(self, answer: str) -> None:
        """Give the answer."""
        self.dismiss(answer)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.action_answer(event.button.name or "")


class Notice(Question):
    """Shows a message until the user closes it."""

    def __init__(self, title: str, body: str) -> None:
        super().__init__(title, body, Choice("enter", "Close", "", "primary"))


class KeyHelp(ModalScreen[None]):
    """Shows the keys of a screen, from the table in `keys`."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark", "dismiss", "Close", show=False)]

    def __init__(self, *sections: str) -> None:
        super().__init__()
        self._sections = sections

    def compose(self) -> ComposeResult:
        """Show the sections of the screen, one below the other."""
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right", style="bold", no_wrap=True)
        table.add_column()
        for section in self._sections:
            table.add_row("", f"[b]{section.capitalize()}[/b]")
            for item in KEYS[section]:
                table.add_row(shown(item.key), item.help)
            table.add_row("", "")
        table.add_row("tab", "Move to the next part of the screen")
        table.add_row("^p", "Command palette: every command by name")
        table.add_row("", f"[i]{RESEARCH_ONLY}[/i]")
        with VerticalScroll(classes="dialog help") as box:
            box.border_title, box.border_subtitle = "Keys", "esc closes"
            yield Static(table)

    def on_mount(self) -> None:
        """Say where there is more than fits."""
        self.watch(self.query_one(".dialog"), "show_vertical_scrollbar", self._say_more)

    def _say_more(self, more: bool) -> None:
        self.query_one(".dialog").border_subtitle = "pgup pgdn end: the rest · esc closes" if more else "esc closes"
