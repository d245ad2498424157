"""The Data screen: it shows the report of ``cxrtui data inspect`` and sets up a training on the same films."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import BindingType
from textual.widgets import DirectoryTree, Input

from cxrtui.data.films import printable
from cxrtui.errors import CxrtuiError
from cxrtui.settings.config import DataConfig, as_text, load_or_default
from cxrtui.tui import threads
from cxrtui.tui.inspect.duplicates.screen import DuplicatesScreen
from cxrtui.tui.inspect.duplicates.writing import Plan, take_back
from cxrtui.tui.inspect.layout import DataLayout
from cxrtui.tui.inspect.parts import ReportBox
from cxrtui.tui.inspect.reading import Reading, Reported
from cxrtui.tui.keys import bindings, key_of
from cxrtui.tui.widgets.find import FindLine
from cxrtui.tui.widgets.picker import Folders
from cxrtui.tui.wording import in_fields

if TYPE_CHECKING:
    from cxrtui.data.inspect.report import Report


class DataScreen(DataLayout):
    """Shows a path, folders and the report. Its result is texts for the form of a new run on these films."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("data", "everywhere")
    sections = ("data", "everywhere")
    where = "Data"
    place = "Data"

    def __init__(self, source: str = "", data: DataConfig | None = None) -> None:
        """Begin at `source`; `data` has the settings of the form below, by default the workspace's are read."""
        super().__init__(source, data)
        self._of_form = data is not None
        self._asked = ""
        self._written: list[Plan] = []  # what the Duplicates screen wrote, the last at the end

    def on_mount(self) -> None:
        """Report at once if a path is known; else wait until one is typed."""
        self._reading = Reading(self, self.dashboard.backend.inspect)
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
        self._reading.cancel()

    # --- the report

    def _inspect(self, text: str) -> None:
        self._asked, self._shown = text, None
        self._say(f"reading {printable(text)}…")
        self._reading.start(text, self._data or DataConfig())

    @on(Reported)
    def _reported(self, message: Reported) -> None:
        if message.job != self._reading.job:
            return
        if message.error:
            undo = f" · {self._taken_back.removesuffix(' · ')}" if self._written else ""  # it may be what is wrong
            self._say(f"✗ {printable(in_fields(message.error))}{undo}")
        elif message.report is None:
            self._say(message.progress)
        else:
            self._shown = (self._asked, message.report)
            self.remove_class("-browsing").add_class("-reported")
            self._draw()
            self.query_one(ReportBox).scroll_home(animate=False)
            self.query_one(ReportBox).focus()
            self._say(f"✔ read in {self._reading.seconds:.1f} s · t sets up a training on these films · "
                      f"{_copies(message.report)}{self._taken_back}b shows the folders")  # fmt: skip

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
        self.dismiss({**chosen, **self._corrections})

    @property
    def _corrections(self) -> dict[str, str]:
        """The files of corrections, for the form, if the Duplicates screen has written any."""
        if not self._written or self._data is None:
            return {}
        return {"data.exclude": self._data.exclude, "data.groups": self._data.groups}

    @property
    def _taken_back(self) -> str:
        """What the note says of what was written here."""
        return f"{key_of('data', 'undo')} takes back what was written · " if self._written else ""

    def action_duplicates(self) -> None:
        """Show the copies of films as pairs."""
        found = self._shown[1].duplicates if self._shown is not None else None
        if self._shown is None:
            self._say("✗ no report yet: i reports on the folder under the cursor")
        elif found is None or not found.relations:
            self._say("no film of this report is a copy of another")
        else:
            self.app.push_screen(DuplicatesScreen(found, self._data or DataConfig()), self._wrote)

    def _wrote(self, plan: Plan | None) -> None:
        """Report again, with what the Duplicates screen has written."""
        if plan is not None:
            self._written.append(plan)
            self._data = plan.data
            self.notify(f"{plan.summary}; {key_of('data', 'undo')} takes it back.", title="Written", markup=False)
            self._inspect(self._asked)

    @work
    async def action_undo(self) -> None:
        """Take back what the Duplicates screen wrote last, and report again."""
        if not self._written:
            self._say("nothing was written here that could be taken back")
            return
        plan = self._written[-1]
        try:
            await threads.result_of("take back", take_back, plan)
        except CxrtuiError as error:
            self._say(f"✗ {error}")
            return
        self._written.pop()
        self._data = plan.before
        self.notify(f"{', '.join(plan.names)}: as before.", title="Taken back", markup=False)
        if self._asked:
            self._inspect(self._asked)

    def action_back(self) -> None:
        """Show the whole report again, or go back to the screen below."""
        if self.query_one(FindLine).clear_words():
            return
        self._reading.cancel()
        self.dismiss(self._corrections if self._of_form and self._written else None)


def _copies(report: Report) -> str:
    """Return what the note says of the copies in the report, if there are any."""
    found = report.duplicates
    if found is None or not found.relations:
        return ""
    conflicts = f", {len(found.conflicts):,} in conflict" if found.conflicts else ""
    number = f"{len(found.relations):,} pair{'s' * (len(found.relations) != 1)} of copies{conflicts}"
    return f"{key_of('data', 'duplicates')} shows {number} · "
