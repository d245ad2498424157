"""The Evaluate screen on evaluations of the real writers, and on files that are damaged, old or of somebody else."""

from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot

from cxrtui.console.evaluation import evaluation_lines
from cxrtui.console.plots import plot_lines
from cxrtui.errors import UsageError
from cxrtui.evaluation.report.evaluations import Evaluation, check_kept_name
from cxrtui.evaluation.wording import estimate
from cxrtui.files import write_atomic
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.tui.app import Dashboard
from cxrtui.tui.evaluate.content import view_of
from cxrtui.tui.evaluate.screen import VIEWS, EvaluateScreen
from cxrtui.tui.routes import OpenEvaluate, OpenMonitor
from cxrtui.tui.widgets.charts.chart import Chart
from tests.tui import evaluated, logs
from tests.tui.screen_text import shows, text_of, until

pytestmark = pytest.mark.slow


def body_of(run: Run, name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((run.evaluation / f"{name}.json").read_text())
    return read


def screen_of(pilot: Pilot[int]) -> EvaluateScreen:
    assert isinstance(pilot.app.screen, EvaluateScreen)
    return pilot.app.screen


async def opened(pilot: Pilot[int], run: Run) -> EvaluateScreen:
    app = pilot.app
    assert isinstance(app, Dashboard)
    app.open(OpenEvaluate(run))
    await until(pilot, lambda: isinstance(app.screen, EvaluateScreen) and app.screen.look.word != "reading")
    await until(pilot, lambda: not screen_of(pilot).look.working)
    return screen_of(pilot)


async def test_the_numbers_are_those_of_the_files(dashboard: Dashboard) -> None:
    run = evaluated.write(dashboard.workspace.checkpoints, "done", leaks=evaluated.LEAKS)
    evaluated.write_other(run, "other-hospital")
    test, other = body_of(run, "test"), body_of(run, "other-hospital")
    async with dashboard.run_test(size=(200, 50)) as pilot:
        await shows(pilot, "✔ finished", "E Evaluate")
        await pilot.press("E")
        await shows(pilot, "by source", "test (2/3)")
        screen, lines = screen_of(pilot), text_of(pilot).splitlines()
        assert lines[1].strip().startswith(f"! {evaluated.LEAKS}")
        for metric in ("auroc", "sensitivity", "brier"):
            assert estimate(metric, test["estimates"][metric]) in text_of(pilot)
        realised = estimate("sensitivity", test["operating_point"]["realised"]["sensitivity"])
        counts = test["counts"]
        await shows(pilot, f"{counts['tp']}/{counts['positive']}", f"✓ {counts['tp']} (", f"{realised} where 90 % was",
                    "before, ", "largest gap in", "within one source", "~ rests on fewer than 10")  # fmt: skip
        curves = {chart.id: {line.key: line for line in chart._lines} for chart in screen.query(Chart)}
        roc = curves["evaluate-roc"]
        assert np.column_stack([roc["roc"].x, roc["roc"].y]).tolist() == sorted(test["curves"]["roc"])
        assert roc["here"].y[0] == counts["tp"] / counts["positive"]
        ends = [row for row in test["curves"]["reliability"] if row["films"]]
        assert curves["evaluate-reliability"]["ends"].y[:2].tolist() == [ends[0]["share_low"], ends[0]["share_high"]]
        await pilot.press("w")
        await shows(pilot, "125 films carry no patient")  # the split is by patient as far as patients are known
        await pilot.press("escape", "s")
        await shows(pilot, "other-hospital (other films) (3/3)", "w: all 4")
        assert estimate("auroc", other["estimates"]["auroc"]) in text_of(pilot)
        await pilot.press("w")
        await shows(pilot, "1 film left out", "12 lateral", "1 file could not be read", evaluated.LEAKS)
        await pilot.press("escape", "up")
        await shows(pilot, "test (2/3)")
        (run.evaluation / "other-hospital.json").unlink()
        await shows(pilot, "test (2/2)")
        await pilot.press("x")
        await until(pilot, lambda: (dashboard.workspace.root / "exports" / "done" / "report.html").exists())
        await pilot.press("escape", "enter")
        await shows(pilot, "Monitor · done", "E Evaluate")
        await pilot.press("E")
        await shows(pilot, "Evaluate · done", "by source")


async def test_the_report_of_a_run_that_diverged_is_written_and_read(dashboard: Dashboard) -> None:
    from cxrtui.evaluation.report import material
    from cxrtui.evaluation.report.page import page

    events = [dataclasses.replace(event, loss=1e308) if isinstance(event, ev.StepDone) and event.step > 5 else event
              for event in logs.finished("done")]  # fmt: skip
    run = logs.write(dashboard.workspace.checkpoints, "done", events)
    (run.folder / "config.toml").write_text("")
    dashboard.backend = dataclasses.replace(
        dashboard.backend, report=lambda run, target: write_atomic(target, page(material.read(run)))
    )
    async with dashboard.run_test(size=(80, 24), notifications=True) as pilot:
        dashboard.open(OpenEvaluate(run))
        await shows(pilot, "Evaluate · done")
        await pilot.press("x")
        file = dashboard.workspace.root / "exports" / "done" / "report.html"
        await until(pilot, file.exists)
    assert "the loss of 283 of 288 steps is no finite number or huge" in file.read_text()


async def test_damaged_old_and_foreign_files_leave_the_rest(dashboard: Dashboard) -> None:
    run = evaluated.write(dashboard.workspace.checkpoints, "done", one_class=True)
    whole = (run.evaluation / "validation.json").read_text()
    (run.evaluation / "validation.json").write_text(whole[: len(whole) // 2])
    evaluated.write_other(run, "theirs", run="somebody-elses")
    evaluated.write_other(run, "odd", estimates={"auroc": 3, "accuracy": None}, subgroups=[{"column": 3}])
    (run.evaluation / "list.json").write_text("[1, 2]")
    async with dashboard.run_test(size=(60, 18)) as pilot:
        screen = await opened(pilot, run)
        assert [view.name for view in screen.look.views] == ["validation", "test", "odd"]
        for words in ("validation.json is no evaluation", "theirs.json is of another model", "list.json is no"):
            assert words in " ".join(screen.look.problems)
        await shows(pilot, "not shown", "list.json")
        for name in ("more", "and-more"):
            (run.evaluation / f"{name}.json").write_text("")
        await shows(pilot, "not shown (w: all 5)")
        await pilot.resize_terminal(80, 24)
        await pilot.press("w")
        await shows(pilot, "What speaks against test")
        await pilot.press("end")
        await shows(pilot, "theirs.json is of another model")
        await pilot.press("escape")
        await shows(pilot, "! All 93 films are positive (COVID-19): PPV, NPV, average precision")
        await pilot.press("s")
        await shows(pilot, "odd (other films)")
        await pilot.resize_terminal(60, 18)
        for _ in VIEWS:
            await pilot.press("v")
            await shows(pilot, "odd (other films)")
        await pilot.press("s")
        await shows(pilot, "validation (1/3)")
    view = next(view for view in screen.look.views if view.name == "odd")
    assert "The metrics of odd cannot be read." in view.cautions
    assert view.figures["roc"].lines


async def test_the_key_of_warnings_is_there_where_there_are_some(dashboard: Dashboard) -> None:
    run = evaluated.write(dashboard.workspace.checkpoints, "done")
    evaluated.write_other(run, "odd")
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await opened(pilot, run)
        await shows(pilot, "test (2/3)")
        await until(pilot, lambda: "w Warnings" not in text_of(pilot))  # the footer follows a moment later
        await pilot.press("s")
        await shows(pilot, "odd (other films)", "w Warnings")


async def test_a_run_without_an_evaluation_and_an_old_one(dashboard: Dashboard) -> None:
    checkpoints = dashboard.workspace.checkpoints
    stopped = logs.write(checkpoints, "stopped", logs.stopped())
    old = logs.write(checkpoints, "old", logs.finished("old"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await opened(pilot, stopped)
        await shows(pilot, "This run has no evaluation", "before it ended")
        await pilot.press("v", "s", "w", "escape")
        dashboard.open(OpenMonitor(stopped))
        await shows(pilot, "Monitor · stopped")
        assert "E Evaluate" not in text_of(pilot)
        await pilot.press("escape")
        await opened(pilot, old)  # neither files nor intervals: those of counts alone
        await shows(pilot, "test (2/2)", "93.5 % [86.", "cannot be read", "not shown")


@pytest.fixture(scope="module")
def body(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return body_of(evaluated.write(tmp_path_factory.mktemp("checkpoints"), "done", one_class=True), "test")


def test_any_part_may_be_anything(body: dict[str, Any]) -> None:
    none = dict.fromkeys(body["counts"], 0)
    for key, value in (("counts", {**none, "positive": 3, "negative": 2}), ("counts", none)):
        assert view_of(Evaluation("test", {**body, key: value, "prevalence_stated": True})).name == "test"
    for key in body:
        for value in (None, 3, "x", [], {}, [[1]], {"tp": None}, {"method": "platt"}, {"roc": [[1, "x"], 3]}):
            view = view_of(Evaluation("test", {**copy.deepcopy(body), key: value}), "")
            assert view.name == "test"
    assert view_of(Evaluation("test", {})).cautions


def test_films_of_one_class_are_said_on_the_command_line_too(body: dict[str, Any]) -> None:
    text = "\n".join(evaluation_lines(body))
    assert text.startswith("All 93 films are positive (COVID-19): PPV, NPV")
    assert [line.split()[0] for line in text.splitlines() if "one class" in line] == ["PPV", "NPV", "average", "F1"]
    assert "precision" not in "\n".join(plot_lines(body["curves"], body["labels"], fine=True))


def test_a_kept_evaluation_does_not_take_the_place_of_a_split() -> None:
    for name in ("test", "validation", "../x", ""):
        with pytest.raises(UsageError):
            check_kept_name(name)
    check_kept_name(Path("rsna-2").name)
