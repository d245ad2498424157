"""The keys of the Runs screen that lead to the other screens."""

from __future__ import annotations

from cxrtui.runs.folder import Run
from cxrtui.tui.page import Page
from cxrtui.tui.routes import (
    OpenClassify,
    OpenData,
    OpenEvaluate,
    OpenLaunch,
    OpenMonitor,
    OpenProtocol,
    OpenTune,
    OpenWeights,
    ResumeRun,
)


class WaysOut(Page[None]):
    """Actions that open another screen, some of them for the run under the cursor."""

    @property
    def chosen(self) -> Run | None:
        """The run under the cursor."""
        raise NotImplementedError

    def action_open(self) -> None:
        """Open the run in the monitor."""
        if run := self.chosen:
            self.go(OpenMonitor(run))

    def action_evaluate(self) -> None:
        """Look at the evaluations of the run."""
        if run := self.chosen:
            self.go(OpenEvaluate(run))

    def action_new(self) -> None:
        """Open the form for a new run."""
        self.go(OpenLaunch())

    def action_data(self) -> None:
        """Look at films."""
        self.go(OpenData())

    def action_weights(self) -> None:
        """Look at the shelf of initial weights."""
        self.go(OpenWeights())

    def action_tune(self) -> None:
        """Look at the searches of settings."""
        self.go(OpenTune())

    def action_protocols(self) -> None:
        """Look at the protocols."""
        self.go(OpenProtocol())

    def action_resume(self) -> None:
        """Resume the run."""
        if run := self.chosen:
            self.go(ResumeRun(run))

    def action_classify(self) -> None:
        """Classify films."""
        self.go(OpenClassify(self.chosen))
