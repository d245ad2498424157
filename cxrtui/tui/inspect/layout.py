"""The layout of the Data screen: path, folders and report, and what is said of the folder under the cursor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.events import Resize
from textual.timer import Timer
from textual.widgets import Static, Tree

from cxrtui.data.films import printable
from cxrtui.settings.config import DataConfig, as_text
from cxrtui.tui.inspect.glance import may_hold_films, summary_of
from cxrtui.tui.inspect.parts import PathInput, ReportBox, Surveyed
from cxrtui.tui.keys import key_of
from cxrtui.tui.page import WIDE, Page
from cxrtui.tui.surveys import Surveys
from cxrtui.tui.widgets.find import FindLine, matches
from cxrtui.tui.widgets.picker import Folders
from cxrtui.tui.widgets.suggest import PathSuggester
from cxrtui.workspace import expand

if TYPE_CHECKING:
    from cxrtui.data.inspect.report import Report

_SURVEY_AFTER = 0.25  # seconds for which the cursor rests on a folder before its films are counted


class DataLayout(Page[Mapping[str, str]]):
    """Shows a path, folders and the report that is made of it (`screen`)."""

    def __init__(self, source: str, data: DataConfig | None) -> None:
        super().__init__()
        self._source = source
        self._data = data
        self._shown: tuple[str, Report] | None = None
        self._surveys: Surveys | None = None
        self._timer: Timer | None = None
        self._under_cursor = ""
        self._finds_folders = False  # whether the words are searched in the folders, and not in the report

    def compose_body(self) -> ComposeResult:
        """Put the path on top, and folders and report below it."""
        place = expand(self._source) if self._source else Path.cwd()
        with Container(id="data-path-box", classes="box") as box:
            box.border_title = "films: folder, CSV, LAYOUT:PATH; several by comma"
            yield PathInput(self._source, id="data-path", compact=True, placeholder="type a path, or choose below",
                            suggester=PathSuggester(), select_on_focus=False)  # fmt: skip
        yield FindLine("words of the report, or of a folder's name")
        with Horizontal(id="data-body"):
            yield Folders(place if place.is_dir() else Path.cwd(), id="data-tree", classes="box")
            yield ReportBox(id="report", classes="box")
        yield Static("", id="data-note", markup=False)

    def on_mount(self) -> None:
        """Get ready to count films."""
        self.query_one(Folders).border_title = "folders"
        self._surveys = Surveys(self.dashboard.backend, lambda survey: self.post_message(Surveyed(survey)))

    def on_unmount(self) -> None:
        """Cancel the count in progress."""
        if self._surveys is not None:
            self._surveys.cancel()

    def _say(self, text: str) -> None:
        self.query_one("#data-note", Static).update(text)

    # --- what is under the cursor

    @on(Tree.NodeHighlighted)
    def _moved(self) -> None:
        """Count the films of the folder under the cursor once the cursor rests; the count before is cancelled."""
        tree = self.query_one(Folders)
        path = tree.path_under_cursor if tree.has_focus else None
        if self._surveys is None or path is None:
            return
        self._surveys.cancel()
        if self._timer is not None:
            self._timer.stop()
        self._under_cursor = as_text((str(path),))
        if may_hold_films(path) and printable(path) == str(path):
            self._timer = self.set_timer(_SURVEY_AFTER, self._survey)
        else:
            self._summarise("")

    def _survey(self) -> None:
        assert self._surveys is not None
        self._summarise(f"counting the films of {printable(Path(self._under_cursor).name)}…")
        self._surveys.ask(self._under_cursor, self._data)

    @on(Surveyed)
    def _surveyed(self, message: Surveyed) -> None:
        if message.survey.path == self._under_cursor and self.query_one(Folders).has_focus:
            wide = self._shown is None and self.size.width >= WIDE
            self._summarise(summary_of(message.survey, key_of("data", "inspect"), lines=wide))

    def _summarise(self, text: str) -> None:
        """Show what is known of the folder under the cursor: in the place of the report, or in the line below."""
        if self._shown is None and self.size.width >= WIDE:
            self.query_one(ReportBox).say(text)
        else:
            self._say(text)

    # --- what is shown

    @on(Resize)
    def _draw(self) -> None:
        """Draw the report in one column, or in two on a wide screen."""
        if self._shown is not None:
            wide = self.size.width >= WIDE
            width = (self.size.width - 36 - 10) // 2 if wide else self.size.width - 6
            words = "" if self._finds_folders else self.query_one(FindLine).value
            self.query_one(ReportBox).draw(self._shown[1], words, width, 2 if wide else 1)

    def action_find(self) -> None:
        """Type words to find in the report, or in the folders if these have the focus."""
        tree, line = self.query_one(Folders), self.query_one(FindLine)
        line.clear_words()
        self._finds_folders = tree.has_focus or self._shown is None
        line.ask(tree if self._finds_folders else self.query_one(ReportBox))

    @on(FindLine.Words)
    def _find(self, message: FindLine.Words) -> None:
        if not self._finds_folders:
            self._draw()
            return
        tree = self.query_one(Folders)
        for line in range(tree.last_line + 1):
            node = tree.get_node_at_line((max(0, tree.cursor_line) + line) % (tree.last_line + 1))
            if message.words.strip() and node is not None and matches(message.words, str(node.label)):
                tree.move_cursor(node)
                return

    def action_browse(self) -> None:
        """Show the folders, or the report again."""
        if self._shown is not None and self.has_class("-browsing"):
            self.remove_class("-browsing")
            self.query_one(ReportBox).focus()
        else:
            self.action_folders()

    def action_folders(self) -> None:
        """Go to the folders."""
        self.add_class("-browsing")
        self.query_one(Folders).focus()
        self.call_after_refresh(self._moved)  # the cursor is on a folder already

    def action_up(self) -> None:
        """Show the folder above."""
        tree = self.query_one(Folders)
        tree.path = Path(tree.path).resolve().parent
