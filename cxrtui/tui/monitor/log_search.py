"""The log of a run with the field for a search below it."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input

from cxrtui.runs.state import RunState
from cxrtui.tui.monitor.log import LogPanel


class SearchField(Input):
    """The field of what is sought."""

    BINDINGS = [Binding("escape", "leave", "End search", show=False)]  # noqa: RUF012

    def action_leave(self) -> None:
        """End the search."""
        self.value = ""
        self.post_message(self.Submitted(self, ""))


class LogBox(Vertical):
    """Shows the log; `ask` opens the field."""

    def compose(self) -> ComposeResult:
        """Put the log above the field, which is hidden at first."""
        yield LogPanel(id="log")
        field = SearchField(placeholder="search in the log", id="log-search", compact=True)
        field.display = False
        yield field

    def show(self, state: RunState) -> None:
        """Show the lines of `state.log`."""
        self.query_one(LogPanel).show(state)

    def ask(self) -> None:
        """Open the field."""
        field = self.query_one(SearchField)
        field.display = True
        field.focus()

    def step(self, by: int) -> None:
        """Show the next match (`by` 1) or the one before (-1); if nothing is sought, open the field."""
        log = self.query_one(LogPanel)
        if log.searching:
            log.step(by)
        else:
            self.ask()

    def leave(self) -> bool:
        """End the search, and return whether there was one."""
        if not self.query_one(LogPanel).searching:
            return False
        self.query_one(SearchField).value = ""  # which ends the search, and lets the next one begin with no words
        return True

    @on(Input.Changed, "#log-search")
    def _sought(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one(LogPanel).search(event.value)

    @on(Input.Submitted, "#log-search")
    def _submitted(self, event: Input.Submitted) -> None:
        """Close the field; what was sought stays marked, and n and N go through it."""
        event.stop()
        self.query_one(SearchField).display = False
        self.query_one(LogPanel).focus()
