"""The keys that steer a run: each writes a command into the run's folder, and the log answers it."""

from __future__ import annotations

from typing import cast

from cxrtui.errors import CxrtuiError
from cxrtui.runs.folder import Run
from cxrtui.runs.state import RunState
from cxrtui.tui.monitor.pending import Pending
from cxrtui.tui.page import Page
from cxrtui.tui.routes import ResumeRun

SETTLED = ("finished", "stopped", "failed", "interrupted", "unreadable", "empty", "reading", "")
"""Status words of a run that takes no commands."""


class SteeringActions:
    """Actions of the Monitor screen that give its run a command."""

    run: Run
    state: RunState
    pending: Pending
    alive: bool

    @property
    def _page(self) -> Page[None]:
        return cast("Page[None]", self)

    def show_state(self) -> None:
        """Show the commands that the run has not answered yet."""
        raise NotImplementedError

    def command(self, command: str) -> None:
        """Give the run a command; if the disk refuses, say so."""
        try:
            self.run.command(command)
        except CxrtuiError as error:
            self._page.notify(str(error), severity="error", markup=False)
            return
        self.pending.add(command)
        self.show_state()

    def expect(self, command: str) -> None:
        """Show that the run has not yet answered `command`, which the application has given."""
        self.pending = Pending(command)
        self.alive = self._page.dashboard.is_alive(self.run)
        self.show_state()

    def action_pause(self) -> None:
        """Pause the run, or let a paused run go on."""
        paused = "pause" in self.pending or (self.state.status == "paused" and "resume" not in self.pending)
        self.command("resume" if paused else "pause")

    def action_checkpoint(self) -> None:
        """Save a checkpoint."""
        self.command("checkpoint")

    def action_stop(self) -> None:
        """Save a checkpoint and stop."""
        self.command("stop")
        self._page.notify("The run saves a checkpoint and stops; r goes on with it later.", title="Stopping")

    def action_stop_after_epoch(self) -> None:
        """Stop at the end of the epoch under way, or take that back."""
        self.command("keep-going" if "stop-after-epoch" in self.pending else "stop-after-epoch")

    def action_resume(self) -> None:
        """Resume the run from its checkpoint, in this dashboard."""
        self._page.go(ResumeRun(self.run))
