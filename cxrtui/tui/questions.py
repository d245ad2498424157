"""Questions and messages that are shown in front of a screen and wait for an answer."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import Key
from textual.widgets import Button, Static

from cxrtui import RESEARCH_ONLY
from cxrtui.printable import printable_lines
from cxrtui.tui.door import titled
from cxrtui.tui.front import Front
from cxrtui.tui.keys import KEYS, bindings, shown
from cxrtui.tui.widgets.find import FindLine, matches

NEXT = "Move to the next part of the screen"

DIALOG_WIDTH, FRAME = 78, 8
"""Cells that a dialog takes at most, and those of its border, its padding and its scroll bar."""


@dataclass(frozen=True)
class Choice:
    """One possible answer: its key, its label, and the result that it gives to the question."""

    key: str
    label: str
    answer: str
    look: Literal["default", "primary", "success", "warning", "error"] = "default"


class Question(Front[str]):
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


class KeyHelp(Front[None]):
    """Shows the keys of a screen, from the table in `keys`; some of them can be found by words."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("keys")

    def __init__(self, *sections: str) -> None:
        super().__init__()
        self._sections = sections

    def compose(self) -> ComposeResult:
        """Show the sections of the screen, one below the other."""
        with VerticalScroll(classes="dialog help") as box:
            box.border_title = "Keys"
            yield FindLine("words of what a key does")
            yield Static(self._table(""), id="key-table")

    def _table(self, words: str) -> Text:
        """Return the keys that have these words, by section."""
        rows: list[tuple[str, str, str]] = []
        for section in self._sections:
            found = [item for item in KEYS[section] if matches(words, f"{shown(item.key)} {item.label} {item.help}")]
            if found:
                rows.append(("", section.capitalize(), "bold"))
                rows += [(shown(item.key), item.help, "") for item in found]
                rows.append(("", "", ""))
        if matches(words, NEXT):
            rows.append(("tab", NEXT, ""))
        rows = rows or [("", "no key has these words", "")]
        rows.append(("", RESEARCH_ONLY, "italic"))
        return _two_columns(rows, min(DIALOG_WIDTH, self.app.size.width) - FRAME)

    def on_mount(self) -> None:
        """Say where there is more than fits."""
        self.query_one(".dialog").focus()
        self.watch(self.query_one(".dialog"), "show_vertical_scrollbar", self._say_more)

    def _say_more(self, more: bool) -> None:
        self.query_one(".dialog").border_subtitle = f"{'pgup pgdn end: the rest · ' * more}/ finds · esc closes"

    def action_find(self) -> None:
        """Type words of what a key does."""
        self.query_one(FindLine).ask(self.query_one(".dialog"))

    @on(FindLine.Words)
    def _find(self, message: FindLine.Words) -> None:
        self.query_one("#key-table", Static).update(self._table(message.words))


def _two_columns(rows: Sequence[tuple[str, str, str]], width: int) -> Text:
    """Return rows of a key, its meaning and a style, `width` cells wide. Rich's table takes ten times as long."""
    first = max(cell_len(key) for key, _, _ in rows) + 2
    text = Text()
    for key, meaning, style in rows:
        lines = textwrap.wrap(meaning, max(16, width - first)) or [""]
        text.append(f"{key:>{first - 2}}  ", "bold").append(lines[0] + "\n", style)
        for line in lines[1:]:
            text.append(" " * first).append(line + "\n", style)
    text.right_crop(1)
    return text
