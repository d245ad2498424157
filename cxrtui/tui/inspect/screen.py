"""The Data screen: it shows the report of ``cxrtui data inspect`` and sets up a training on the same films."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.console import Group
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, VerticalScroll
from textual.events import Resize
from textual.message import Message
from textual.widgets import DirectoryTree, Input, Static

from cxrtui.data.films import printable
from cxrtui.errors import Cancelled, CxrtuiError
from cxrtui.settings.config import DataConfig, as_text, load_or_default
from cxrtui.tui import threads
from cxrtui.tui.keys import bindings
from cxrtui.tui.page import WIDE, Page
from cxrtui.tui.widgets.picker import Folders
from cxrtui.tui.widgets.suggest import PathSuggester
from cxrtui.workspace import expand

if TYPE_CHECKING:
    from cxrtui.data.inspect.report import Report

_TICK = 0.1


class Reported(Message):
    """A thread has progress, the report or an error; `job` is the number of the request."""

    def __init__(self, job: int, progress: str = "", report: Report | None = None, error: str = "") -> None:
        super().__init__()
        self.job, self.progress, self.report, self.error = job, progress, report, error


class PathInput(Input):
    """Takes the path; the key down moves to the folders."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("down", "screen.folders", "Folders", key_display="↓")]


class ReportBox(VerticalScroll):
    """Shows the report; enter sets up a training on its films."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "screen.train", "Train", show=False)]


class DataScreen(Page[Mapping[str, str]]):
    """Shows a path, folders and the report. Its result is texts for the form of a new run on these films."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("data", "everywhere")
    sections = ("data", "everywhere")
    where = "Data"

    def __init__(self, source: str = "", data: DataConfig | None = None) -> None:
        """Begin at `source`; `data` has the settings that a training would use, by default the workspace's."""
        super().__init__()
        self._source = source
        self._data = data
        self._job = 0
        self._begun = 0.0
        self._asked = ""
        self._shown: tuple[str, Report] | None = None

    def compose_body(self) -> ComposeResult:
        """Put the path on top, and folders and report below it."""
        place = expand(self._source) if self._source else Path.cwd()
        with Container(id="data-path-box", classes="box") as box:
            box.border_title = "films: folder, CSV, LAYOUT:PATH; several by comma"
            yield PathInput(self._source, id="data-path", compact=True, placeholder="type a path, or choose below",
                            suggester=PathSuggester(), select_on_focus=False)  # fmt: skip
        with Horizontal(id="data-body"):
            yield Folders(place if place.is_dir() else Path.cwd(), id="data-tree", classes="box")
            with ReportBox(id="report", classes="box") as report:
                report.border_title = "report"
                yield Static(id="report-head")
                with Horizontal(id="report-columns"):
                    yield Static(classes="report-column", id="report-left")
                    yield Static(classes="report-column", id="report-right")
        yield Static("", id="data-note", markup=False)

    def on_mount(self) -> None:
        """Report at once if a path is known; else wait until one is typed."""
        self.query_one(Folders).border_title = "folders"
        self.query_one("#data-path", Input).focus()
        self._say("enter reports on what is typed · → completes it · ↓ goes to the folders")
        if self._data is None:
            base, left_out = load_or_default(self.dashboard.workspace.config_file)
            self._data = base.data
            if left_out:
                self.notify(left_out, title="cxrtui.toml is left out", severity="warning", markup=False)
        if self._source:
            self._inspect(self._source)

    def on_unmount(self) -> None:
        """Cancel the reading in progress."""
        self._job += 1

    def _say(self, text: str) -> None:
        self.query_one("#data-note", Static).update(text)

    # --- the report

    def _inspect(self, text: str) -> None:
        self._job, self._begun = self._job + 1, time.monotonic()
        self._asked, self._shown = text, None
        self._say(f"reading {printable(text)}…")
        threads.start("inspect", self._work, self._job, text)

    def _work(self, job: int, text: str) -> None:
        said = 0.0

        def on_progress(stage: str, done: int, total: int) -> None:
            nonlocal said
            if job != self._job:
                raise Cancelled
            if time.monotonic() - said >= _TICK:
                said = time.monotonic()
                self.post_message(Reported(job, f"{stage}: {done:,}" + (f" of {total:,}" if total else "")))

        try:
            self.post_message(
                Reported(job, report=self.dashboard.backend.inspect(text, self._data or DataConfig(), on_progress))
            )
        except Cancelled:
            return
        except CxrtuiError as error:
            self.post_message(Reported(job, error=str(error)))
        except Exception as error:  # the screen must show it, because nobody else hears of it
            self.post_message(Reported(job, error=f"{type(error).__name__}: {error}"))

    @on(Reported)
    def _reported(self, message: Reported) -> None:
        if message.job != self._job:
            return
        if message.error:
            self._say(f"✗ {printable(message.error)}")
        elif message.report is None:
            self._say(message.progress)
        else:
            self._shown = (self._asked, message.report)
            self.remove_class("-browsing").add_class("-reported")
            self._draw()
            self.query_one(ReportBox).scroll_home(animate=False)
            self.query_one(ReportBox).focus()
            took = time.monotonic() - self._begun
            self._say(f"✔ read in {took:.1f} s · t sets up a training on these films · b shows the folders")

    @on(Resize)
    def _draw(self) -> None:
        """Draw the report in one column, or in two on a wide screen."""
        if self._shown is None:
            return
        from cxrtui.data.inspect.page import headline, height, section_view, shown_sections

        report = self._shown[1]
        sections = shown_sections(report)
        wide = self.size.width >= WIDE
        width = (self.size.width - 36 - 10) // 2 if wide else self.size.width - 6
        cut, filled, half = len(sections), 0, sum(map(height, sections)) / 2
        if wide:
            for place, section in enumerate(sections):
                filled += height(section)
                if filled >= half:
                    cut = place + 1
                    break
        self.query_one("#report-head", Static).update(headline(report))
        views = [section_view(section, report, width) for section in sections]
        self.query_one("#report-left", Static).update(Group(*views[:cut]))
        self.query_one("#report-right", Static).update(Group(*views[cut:]))

    # --- keys

    @on(Input.Submitted)
    def _submitted(self, message: Input.Submitted) -> None:
        if text := message.value.strip():
            self._inspect(text)

    @on(DirectoryTree.FileSelected)
    def action_inspect(self) -> None:
        """Report on the folder or file under the cursor, or on the path."""
        tree, field = self.query_one(Folders), self.query_one("#data-path", Input)
        if tree.has_focus and (path := tree.path_under_cursor) is not None:
            field.value = as_text((str(path),)) if printable(path) == str(path) else ""
            field.cursor_position = len(field.value)
            if not field.value:
                self._say(f"✗ {printable(path)} is not UTF-8 text; rename or link it.")
        if text := field.value.strip():
            self._inspect(text)

    def action_train(self) -> None:
        """Set up a run on the films of the report."""
        if self._shown is None:
            self._say("✗ no report yet: i reports on the folder under the cursor")
            return
        source, report = self._shown
        chosen = {"data.source": source, "data.positive": as_text(report.positive),
                  "data.negative": as_text(report.negative)}  # fmt: skip
        self.dismiss(chosen)

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

    def action_up(self) -> None:
        """Show the folder above."""
        tree = self.query_one(Folders)
        tree.path = Path(tree.path).resolve().parent

    def action_back(self) -> None:
        """Go back to the screen below."""
        self._job += 1
        self.dismiss()
