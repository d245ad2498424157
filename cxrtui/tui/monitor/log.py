"""The panel that shows the readable log of a run."""

from __future__ import annotations

import time

from rich.text import Text
from textual.events import Resize
from textual.widgets import RichLog

from cxrtui.runs.describe import LogLine
from cxrtui.runs.state import RunState
from cxrtui.tui.theme import BAD, GOOD, WARN

KEPT = 400
MARKS = {"info": (" ", ""), "good": ("✔", GOOD), "warning": ("!", WARN), "error": ("✗", BAD)}


def line_text(line: LogLine) -> Text:
    """Return time, mark and text of a line; the mark means the same as the colour."""
    mark, style = MARKS.get(line.level, MARKS["info"])
    text = Text(time.strftime("%H:%M:%S ", time.localtime(line.time)), style="dim")
    return text.append(f"{mark} {line.text}", style=f"not dim {style}")


class LogPanel(RichLog):
    """Shows the lines of `state.log`, the newest at the bottom."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box", wrap=True, min_width=10, max_lines=2 * KEPT)
        self.border_title = "log"
        self._state = RunState()
        self._written = 0

    def show(self, state: RunState) -> None:
        """Write the new lines."""
        self._state = state
        width = self.scrollable_content_region.width
        if width <= 0:  # it is not laid out yet; on_resize calls this again
            return
        fresh = min(KEPT, len(state.log) - self._written)
        self._written = len(state.log)
        for line in state.log.tail(fresh) if fresh > 0 else []:
            self.write(line_text(line), width=width)

    def on_resize(self, event: Resize) -> None:
        """Wrap the lines to the new width."""
        self.clear()
        self._written = 0
        self.show(self._state)
