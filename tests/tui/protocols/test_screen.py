"""The screens of protocols, on one whose table the real code has made and on others that are under way or damaged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cxrtui.errors import DataError
from cxrtui.evaluation.wording import estimate
from cxrtui.runs.lock import RunLock
from cxrtui.settings.protocol import Plan
from cxrtui.tui.app import Dashboard
from cxrtui.tui.backend import Backend
from cxrtui.tui.protocols.content import result_of
from cxrtui.tui.protocols.listing import ProtocolsScreen
from cxrtui.tui.protocols.screen import ProtocolScreen
from cxrtui.tui.protocols.table import TrainingsTable
from cxrtui.tui.routes import OpenProtocol
from cxrtui.workspace import Workspace
from tests.tui import logs, protocols_made
from tests.tui.screen_text import shows, text_of, until

pytestmark = pytest.mark.slow


def rows(screen: ProtocolScreen) -> list[list[str]]:
    table = screen.query_one(TrainingsTable)
    return [[cell.plain for cell in table.get_row_at(place)] for place in range(table.row_count)]


async def test_the_table_is_that_of_the_file_and_its_runs_open(dashboard: Dashboard) -> None:
    folder = protocols_made.write(dashboard.workspace.checkpoints)
    body = json.loads(folder.result_file.read_text())
    async with dashboard.run_test(size=(160, 40)) as pilot:
        await shows(pilot, "by-source-f3")
        await pilot.press("P")  # the only protocol is opened at once
        await shows(pilot, "Protocol · by-source", "✔ finished   3 of 3 trainings", "leave-one-source-out on ieee8023")
        screen = dashboard.screen
        assert isinstance(screen, ProtocolScreen)
        found = rows(screen)
        assert [row[0] for row in found] == [*protocols_made.SOURCES, "within sources", "pooled", "without pixels"]
        for row, training in zip(found, body["trainings"], strict=False):
            assert row[2:4] == [estimate("auroc", training["metrics"]["auroc"]),
                                estimate("auroc", training["baseline"])]  # fmt: skip
        pooled, without = body["pooled"], body["baseline"]["all"]
        assert found[3][2:5] == [estimate("auroc", pooled["auroc"]), estimate("auroc", without["auroc"]),
                                 estimate("accuracy", pooled["accuracy"])]  # fmt: skip
        assert found[4][2] == estimate("auroc", pooled["auroc_pooled"])
        for caution in body["cautions"]:
            assert caution[:60] in " ".join(text_of(pilot).split())
        await pilot.press("down", "enter")
        await shows(pilot, "Monitor · by-source-f2", "✔ finished")
        await pilot.press("escape", "E")
        await shows(pilot, "Evaluate · by-source-f2")
        await pilot.press("escape", "down", "down")
        await until(pilot, lambda: "E Evaluate" not in text_of(pilot))  # a row of all trainings has no run
        folder.result_file.write_text(folder.result_file.read_text()[:99])
        await shows(pilot, "result.json is no table", "Radiopaedia")


async def test_protocols_under_way_stopped_and_unreadable(
    workspace: Workspace, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[tuple[Path, str, Plan]] = []

    def begin(checkpoints: Path, name: str, plan: Plan) -> str:
        begun.append((checkpoints, name, plan))
        raise DataError("There is no film of Normal.")

    live = protocols_made.write(workspace.checkpoints, "live", done=1, protocol="kfold")
    halted = protocols_made.write(workspace.checkpoints, "halted", done=2)
    broken = workspace.checkpoints / "broken"
    broken.mkdir()
    (broken / "protocol.toml").write_text("[protocol]\nname = 3\n")
    run = logs.write(workspace.checkpoints, "live-f2", logs.midway("live-f2"))
    locks = [RunLock(live.lock_file), run.acquire()]
    app = Dashboard(workspace, replace(backend, begin_protocol=begin))
    try:
        async with app.run_test(size=(100, 24)) as pilot:
            app.open(OpenProtocol())
            await shows(pilot, "live", "▶ training", "1/3", "halted", "■ stopped", "2/3", "broken", "cannot be read")
            assert isinstance(app.screen, ProtocolsScreen)
            app.open(OpenProtocol(live))
            await shows(pilot, "! The folds are of films and not of patients", "1 of 3 trainings",
                        "Eurorad is held out now", "▶ training 10/30", "· to do")  # fmt: skip
            await pilot.press("s")
            await shows(pilot, "stopping…")
            assert (run.read_command() or ("", 0))[0] == "stop"
            await pilot.resize_terminal(60, 18)
            await shows(pilot, "▶ training 10/30")
            await pilot.press("escape")
            app.open(OpenProtocol(halted))
            await shows(pilot, "■ stopped   2 of 3 trainings", "g Go on")
            await pilot.press("g")
            await shows(pilot, "Not started", "There is no film of Normal")
            assert begun == [(workspace.checkpoints, "halted", protocols_made.plan())]
    finally:
        for lock in locks:
            lock.release()


def test_a_table_may_be_anything() -> None:
    for body in ({}, {"pooled": 3}, {"pooled": {}, "baseline": {}, "tested": {}, "classes": [1]}):
        assert result_of(body) is None
