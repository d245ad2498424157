"""The messages and the small widgets of the Data screen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.console import Group
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Input, Static

from cxrtui.tui.surveys import Survey
from cxrtui.tui.widgets.find import matches

if TYPE_CHECKING:
    from cxrtui.data.inspect.report import Report


class Surveyed(Message):
    """A thread has counted the films of the folder under the cursor."""

    def __init__(self, survey: Survey) -> None:
        super().__init__()
        self.survey = survey


class PathInput(Input):
    """Takes the path; the key down moves to the folders."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("down", "screen.folders", "Folders", key_display="↓")]


class ReportBox(VerticalScroll):
    """Shows the report; enter sets up a training on its films."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "screen.train", "Train", show=False)]

    def compose(self) -> ComposeResult:
        """Put the headline above one or two columns of sections."""
        self.border_title = "report"
        yield Static(id="report-head")
        with Horizontal(id="report-columns"):
            yield Static(classes="report-column", id="report-left")
            yield Static(classes="report-column", id="report-right")

    def say(self, text: str) -> None:
        """Show `text` where no report is."""
        self.query_one("#report-head", Static).update(Text(text))

    def draw(self, report: Report, words: str, width: int, columns: int) -> None:
        """Draw the sections of the report that have `words`, in so many columns of `width` cells."""
        from cxrtui.data.inspect.find import narrowed
        from cxrtui.data.inspect.page import headline, height, section_view, shown_sections

        sections = shown_sections(report)
        if words.strip():
            narrow = [narrowed(section, partial(matches, words)) for section in sections]
            sections = [section for section in narrow if section is not None]
        cut, filled, half = len(sections), 0, sum(map(height, sections)) / 2
        if columns > 1:
            for place, section in enumerate(sections):
                filled += height(section)
                if filled >= half:
                    cut = place + 1
                    break
        self.query_one("#report-head", Static).update(headline(report))
        views = [section_view(section, report, width) for section in sections]
        self.query_one("#report-left", Static).update(Group(*views[:cut]))
        self.query_one("#report-right", Static).update(Group(*views[cut:]))
