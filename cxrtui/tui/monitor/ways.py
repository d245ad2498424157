"""The keys of the Monitor screen that lead to other screens."""

from __future__ import annotations

from textual import work

from cxrtui.errors import CxrtuiError
from cxrtui.runs.folder import Run
from cxrtui.runs.state import RunState
from cxrtui.settings.config import load
from cxrtui.settings.listing import texts_of
from cxrtui.tui.monitor.failure import smaller_of
from cxrtui.tui.page import Page
from cxrtui.tui.questions import Notice
from cxrtui.tui.routes import OpenClassify, OpenEvaluate, OpenLaunch
from cxrtui.tui.threads import result_of


class WaysOut(Page[None]):
    """Actions that open another screen for the run that is shown."""

    run: Run
    state: RunState

    @work
    async def action_smaller(self) -> None:
        """Open the form with the settings of this run and with those by which it takes less memory."""
        try:
            config = await result_of("read settings", load, self.run.config_file)
        except CxrtuiError as error:
            self.app.push_screen(Notice("Not copied", str(error)))
            return
        self.go(OpenLaunch(texts_of(config) | smaller_of(self.state)))

    def action_evaluate(self) -> None:
        """Look at the evaluations of the run."""
        self.go(OpenEvaluate(self.run))

    def action_classify(self) -> None:
        """Classify with this run."""
        self.go(OpenClassify(self.run))
