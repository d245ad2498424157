"""A protocol that is started from the form."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from cxrtui.errors import DataError
from cxrtui.settings.protocol import Plan
from cxrtui.tui.app import Dashboard
from cxrtui.tui.backend import Backend
from cxrtui.tui.launch.screen import LaunchScreen
from cxrtui.workspace import Workspace
from tests.tui.screen_text import shows

pytestmark = pytest.mark.slow


class Begins:
    """Remembers the plan that is begun; fails once `problem` is set."""

    def __init__(self) -> None:
        self.problem = ""
        self.plans: list[tuple[Path, str, Plan]] = []
        self.hold = threading.Event()

    def __call__(self, checkpoints: Path, name: str, plan: Plan) -> str:
        self.hold.wait(20)
        if self.problem:
            raise DataError(self.problem)
        self.plans.append((checkpoints, name, plan))
        return name or "kfold-1234"


async def chosen(pilot: Pilot[int], downs: int) -> None:
    await pilot.press("ctrl+y")
    await shows(pilot, "train and test as a study would", "leave-one-source-out")
    await pilot.press(*["down"] * downs, "enter")


async def test_a_protocol_shows_its_command_and_starts(workspace: Workspace, backend: Backend) -> None:
    begins = Begins()
    app = Dashboard(workspace, replace(backend, begin_protocol=begins))
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        form = LaunchScreen({"data.source": str(workspace.root), "model.init": "random", "optim.epochs": "7"})
        app.push_screen(form)
        await shows(pilot, "ready to start")
        await chosen(pilot, 3)
        await shows(pilot, "films that are tested")
        await pilot.press("enter")
        await shows(pilot, "Type the path of films.")
        await pilot.press(*"rsna,more", "enter")
        await shows(pilot, "--protocol external", "--external rsna", "--external more", "Start (s)")
        await pilot.press("escape")
        await chosen(pilot, 1)
        await shows(pilot, "--protocol patient-kfold", "--set optim.epochs=7", "Start (s)")
        begins.problem = "With fold 1 held out, the test split has no film of Normal"
        await pilot.press("s")
        await shows(pilot, "Its films are prepared and divided first")
        begins.hold.set()
        await shows(pilot, "Not started", "no film of Normal")
        await pilot.press("escape")
        begins.problem = ""
        await chosen(pilot, 1)
        await shows(pilot, "Start (s)")
        await pilot.press("s")
        await shows(pilot, "Protocol · kfold-1234", "P there shows its table")
        assert form not in app.screen_stack
        ((checkpoints, name, plan),) = begins.plans
        assert (checkpoints, name) == (workspace.checkpoints, "")
        assert (plan.protocol, plan.folds, plan.base.optim.epochs) == ("patient-kfold", 5, 7)
        assert plan.base.data.source == (str(workspace.root),)
