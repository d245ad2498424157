"""What the command palette finds: the keys of the screen in words, and the runs that were active last."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.app import SystemCommand
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.screen import Screen

from cxrtui.printable import printable
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import all_runs
from cxrtui.tui import threads
from cxrtui.tui.keys import KEYS, Key, shown
from cxrtui.tui.page import Page
from cxrtui.tui.routes import Go, OpenMonitor

LEFT_OUT = {"Keys"}
"""Textual's commands that are not offered: its panel of keys takes a third of the screen, and Help shows them."""
AT_FIRST = 8
"""Runs that are listed before anything is typed."""
MOST = 1000
"""Runs that are searched, the latest ones."""


def commands(screen: Screen[object]) -> Iterator[SystemCommand]:
    """Yield the actions of the table of keys that are possible on `screen`, each with its key."""
    if not isinstance(screen, Page):
        return
    found: dict[str, Key] = {}
    for section in screen.sections[:2]:
        for item in KEYS[section]:
            found.setdefault(item.action, item)
    for item in found.values():
        if item.action != "app.command_palette" and screen.check_action(item.action, ()):
            run = partial(screen.app.run_action, item.action, screen)
            yield SystemCommand(item.label, f"{shown(item.key)}: {item.help}", run)


class RecentRuns(Provider):
    """Finds runs of the workspace by their names."""

    async def startup(self) -> None:
        """List the runs, in a thread."""
        self._runs: list[Run] = []
        if isinstance(self.screen, Page):
            listed = await threads.result_of("list runs", all_runs, self.screen.dashboard.workspace.checkpoints)
            self._runs = listed[:MOST]

    async def discover(self) -> Hits:
        """Yield the latest runs."""
        for run in self._runs[:AT_FIRST]:
            title = self._title(run)
            yield DiscoveryHit(Content(title), partial(self._open, run), title, "Open the run in the monitor")

    async def search(self, query: str) -> Hits:
        """Yield the runs whose names match."""
        matcher = self.matcher(query)
        for run in self._runs:
            title = self._title(run)
            if (score := matcher.match(title)) > 0:  # Content, because a name in brackets is no markup
                yield Hit(score, Content(title), partial(self._open, run), title, "Open the run in the monitor")

    @staticmethod
    def _title(run: Run) -> str:
        return f"Go to run {printable(run.name)}"

    def _open(self, run: Run) -> None:
        self.app.post_message(Go(OpenMonitor(run)))
