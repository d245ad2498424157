"""The parts that all screens share: a title line, a footer, and a message if the terminal is too small."""

from __future__ import annotations

from typing import Any, Protocol, cast

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container
from textual.reactive import reactive
from textual.screen import Screen, ScreenResultType
from textual.widget import Widget
from textual.widgets import Static

from cxrtui import RESEARCH_ONLY
from cxrtui.printable import printable
from cxrtui.runs.folder import Run
from cxrtui.tui.backend import Backend
from cxrtui.tui.routes import Go, Route
from cxrtui.tui.trainer import Trainer
from cxrtui.tui.widgets.footer import KeysFooter
from cxrtui.workspace import Workspace

MIN_WIDTH, MIN_HEIGHT = 60, 18
NARROW = 76
WIDE, TALL = 110, 34
COMFORTABLE = 23

HOLDERS = ("box", "field")
"""Classes of the widgets that look different while one in them has the focus; they have the class ``-within`` then."""


class TitleLine(Widget):
    """Shows the name of the screen on the left, and the line about research use on the right."""

    where: reactive[str] = reactive("")

    def render(self) -> Text:
        """Draw both; the left one is shortened and then cut if there is no room."""
        left = f" cxrtui · {self.where}"
        room = max(8, self.size.width - cell_len(RESEARCH_ONLY) - 3)
        if cell_len(left) > room:
            left = f" {self.where}"
        if cell_len(left) > room:
            left = set_cell_size(left, room - 1) + "…"
        text = Text(set_cell_size(left, room), style="bold", no_wrap=True)
        return text.append(f"  {RESEARCH_ONLY} ", style="not bold italic")


class Services(Protocol):
    """The attributes and methods of the application that every screen may use."""

    workspace: Workspace
    backend: Backend
    trainer: Trainer

    @property
    def written(self) -> int:
        """Bytes that were written to the terminal."""

    def is_alive(self, run: Run) -> bool:
        """Return whether this or another process trains `run`."""

    def trains(self, run: Run) -> bool:
        """Return whether `run` trains in this dashboard."""

    def stops(self, run: Run) -> bool:
        """Return whether `run` trains in this dashboard and was asked to end."""


def place_of(screen: Screen[Any]) -> str:
    """Return the `Page.place` of a screen; empty if it has none."""
    return screen.place if isinstance(screen, Page) else ""


class Page(Screen[ScreenResultType]):
    """A full screen of the dashboard."""

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-too-narrow"), (MIN_WIDTH, "-slim"), (NARROW, "-narrow"), (WIDE, "-wide"),
    ]  # fmt: skip
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-too-short"), (MIN_HEIGHT, "-low"), (COMFORTABLE, "-short"), (TALL, "-tall"),
    ]  # fmt: skip

    where = ""
    place = ""
    """What the application knows this kind of screen by without importing it, such as a key of `going.PLACES`."""
    sections: tuple[str, ...] = ("everywhere",)
    """Sections of the table of keys, for the help and the palette."""

    @property
    def dashboard(self) -> Services:
        """The application."""
        return cast(Services, self.app)

    @property
    def unsaved(self) -> str:
        """What would be lost if the dashboard ended now, in words; empty for nothing."""
        return ""

    def watch_focused(self, before: Widget | None, now: Widget | None) -> None:
        """Mark what holds the focus.

        The stylesheets do not use ``:focus-within``: with each move of the focus, Textual would match its rules anew
        with all that is in the outermost widget to which one with it may apply, such as every line of a form.
        """
        left, entered = (set(widget.ancestors_with_self if widget else ()) for widget in (before, now))
        for node in left ^ entered:
            if any(node.has_class(name) for name in HOLDERS):
                node.set_class(node in entered, "-within")

    def go(self, route: Route) -> None:
        """Ask the application for another screen, or to train."""
        self.app.post_message(Go(route))

    def compose(self) -> ComposeResult:
        """Put the title above the body and the footer below it."""
        title = TitleLine()
        title.where = printable(self.where)
        yield title
        with Container(id="body"):
            yield from self.compose_body()
        yield Static(
            f"This terminal is too small for cxrtui.\nIt needs {MIN_WIDTH}×{MIN_HEIGHT} or more; 80×24 is comfortable."
            "\nA run that trains goes on.  q quits.",
            id="too-small",
        )
        yield KeysFooter()

    def compose_body(self) -> ComposeResult:
        """Yield the widgets between title and footer."""
        raise NotImplementedError
