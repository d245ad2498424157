"""The screens of studies, on a recorded one and on studies that change while they are seen."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Select

from cxrtui.runs import control
from cxrtui.runs.lock import RunLock
from cxrtui.search.optuna_study import Journal
from cxrtui.search.snapshot import Snapshot, look
from cxrtui.search.study import Plan, Study, new_study
from cxrtui.search.worker import at_work
from cxrtui.settings.config import Config, load
from cxrtui.settings.space import searched
from cxrtui.settings.tuning import TuneConfig
from cxrtui.tui.app import Dashboard
from cxrtui.tui.launch.screen import LaunchScreen
from cxrtui.tui.pick import Pick
from cxrtui.tui.questions import Question
from cxrtui.tui.routes import OpenLaunch, OpenTune
from cxrtui.tui.runs.screen import RunsScreen
from cxrtui.tui.tune.board import Leaderboard
from cxrtui.tui.tune.new import FieldRow, NewStudyScreen, SearchedRow, Tick
from cxrtui.tui.tune.screen import VIEWS, TuneScreen
from cxrtui.tui.tune.studies import StudiesScreen
from cxrtui.tui.widgets.charts.chart import Chart
from cxrtui.tui.widgets.early import amount
from cxrtui.workspace import Workspace
from tests.tui import logs, studies
from tests.tui.conftest import FakeDrive
from tests.tui.screen_text import shows, text_of, until
from tests.tui.terminal import Terminal

pytestmark = pytest.mark.slow

SPACE = (searched("optim.learning_rate", "1e-4..1e-2:log"), searched("optim.name", "adam,sgd"))


async def opened(pilot: Pilot[int], study: Study) -> TuneScreen:
    app = pilot.app
    assert isinstance(app, Dashboard)
    app.open(OpenTune(study))
    await until(pilot, lambda: isinstance(app.screen, TuneScreen) and app.screen.look.found is not None)
    assert isinstance(app.screen, TuneScreen)
    await until(pilot, lambda: app.screen.query_one(Leaderboard).row_count)
    return app.screen


def rows(screen: TuneScreen) -> list[list[str]]:
    """The cells of the leaderboard."""
    board = screen.query_one(Leaderboard)
    return [[cell.plain for cell in board.get_row_at(place)] for place in range(board.row_count)]


@pytest.fixture
def study(workspace: Workspace) -> Study:
    return studies.write(workspace.checkpoints)


@pytest.fixture
def small(workspace: Workspace) -> Callable[..., tuple[Study, Journal]]:
    """A study of two settings without a training, with its journal."""

    def make(name: str = "small", **tune: int) -> tuple[Study, Journal]:
        plan = Plan(TuneConfig(trials=6, startup=2, seeds=2, pruner="none", **tune), Config(), SPACE)
        made = new_study(workspace.checkpoints, name, plan)
        return made, Journal(made, plan)

    return make


class Workers:
    """Starts processes that are no workers: each dies at once with some last words."""

    def __init__(self) -> None:
        self.started: list[Study] = []
        self.shares: list[tuple[int, int]] = []
        self.processes: list[subprocess.Popen[bytes]] = []

    def __call__(self, study: Study, share: tuple[int, int]) -> subprocess.Popen[bytes]:
        self.started.append(study)
        self.shares.append(share)
        with (study.folder / "worker.log").open("ab") as log:
            self.processes.append(subprocess.Popen(["sh", "-c", "echo no room; exit 1"], stdout=log))
        return self.processes[-1]


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers()
    yield made
    for process in made.processes:
        process.wait()


def best(study: Study) -> tuple[Snapshot, int]:
    found = look(study)
    assert found.best is not None
    return found, found.best.number


async def test_all_of_a_study_is_seen_on_a_large_screen(dashboard: Dashboard, study: Study) -> None:
    found, number = best(study)
    assert found.best is not None
    assert found.result is not None
    async with dashboard.run_test(size=(200, 50)) as pilot:
        screen = await opened(pilot, study)
        await shows(pilot, "✔ finished", f"{len(found.trials)} of {found.plan.tune.trials} trials", "what decides")
        table = rows(screen)
        assert [int(row[0].split()[0]) for row in table] == [trial.number for trial in found.ranked]
        assert table[0][:3] == [f"{number} ★", amount("auroc", found.best.value), "✔ finished"]
        assert [row[1] for row in table] == [amount("auroc", trial.value) for trial in found.ranked]
        lines = {line.key: line for line in screen.query_one(Chart)._lines}
        assert lines["best"].y[-1] == found.best.value
        assert list(lines["trials"].x) == [trial.number for trial in found.trials if trial.state == "finished"]
        assert (lines["best"].y[1:] >= lines["best"].y[:-1]).all()
        for key, share in found.importances.items():
            bar = re.compile(rf"│ {key.partition('.')[2]} +[^│]* +{share:.1%} │")
            await until(pilot, lambda bar=bar: bar.search(text_of(pilot)))  # type: ignore[misc]
        seen = " ".join(text_of(pilot).replace("│", " ").split())
        for value in (found.result.promised, found.result.on("test").mean):
            assert f"{value:.4f}" in seen
        assert "parallel coordinates" in seen


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (200, 50)])
async def test_every_view_shows_its_part(dashboard: Dashboard, study: Study, size: tuple[int, int]) -> None:
    shares = look(study).importances
    first = max(shares, key=lambda key: shares[key])
    parts = {"trials": "learning_rate", "course": "best so far", "parallel": "best quarter", "result": "promised",
             "slices": f"{first.partition('.')[2]} {shares[first]:.0%}"}  # fmt: skip
    async with dashboard.run_test(size=size) as pilot:
        screen = await opened(pilot, study)
        await shows(pilot, "AUROC", "✔ finished")
        seen = []
        for _ in VIEWS:
            await pilot.press("v")
            view = screen._view
            seen.append(view)
            if view != "all":
                await shows(pilot, parts[view])
            await shows(pilot, "? Help")
        small = size[1] < 23
        assert seen == [*[view for view in VIEWS[1:] if not (small and view == "trials")], "all", *["course"] * small]


async def test_words_list_only_some_trials_and_the_cursor_stays_on_its_own(dashboard: Dashboard, study: Study) -> None:
    found, number = best(study)
    pruned = [trial.number for trial in found.ranked if trial.state == "pruned"]
    assert pruned
    async with dashboard.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, study)
        await pilot.press("slash", *"pruned")
        await until(pilot, lambda: [int(row[0].split()[0]) for row in rows(screen)] == pruned)
        await shows(pilot, f"{len(pruned)} of {len(found.trials)} trials", "is behind that of other trials")
        await pilot.press("enter", "down")
        await until(pilot, lambda: screen.trial is not None and screen.trial.number == pruned[1])
        await pilot.press("escape")
        await until(pilot, lambda: len(rows(screen)) == len(found.trials))
        assert screen.trial is not None
        assert screen.trial.number == pruned[1]
        await pilot.press("home")
        await until(pilot, lambda: screen.trial is not None and screen.trial.number == number)
        await pilot.press("v", "v", "left", "left")  # the chart's cursor takes that of the trials along
        chart = screen.query_one(Chart)
        await until(pilot, lambda: chart.cursor is not None)
        assert screen.trial.number == round(chart.cursor or 0)


async def test_a_trial_opens_as_its_run_and_of_several_one_is_chosen(
    dashboard: Dashboard, study: Study, small: Callable[..., tuple[Study, Journal]]
) -> None:
    found, number = best(study)
    name = found.trials[number - 1].runs[0]
    logs.write(dashboard.workspace.checkpoints, name, logs.finished(name))
    folds, journal = small(folds=2)
    trial = journal.ask().number
    for part in ("small-0001-f1", "small-0001-f2"):
        logs.write(dashboard.workspace.checkpoints, part, logs.finished(part))
        journal.note_run(trial, part)
    journal.finish(trial, [0.7, 0.9])
    async with dashboard.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, study)
        await pilot.press("enter")
        await shows(pilot, f"Monitor · {name}")
        await pilot.press("escape")
        await until(pilot, lambda: dashboard.screen is screen)
        await pilot.press("escape")
        await opened(pilot, folds)
        await shows(pilot, "0.800 ± 0.141", "2 runs")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(dashboard.screen, Pick))
        await pilot.press("down", "enter")
        await shows(pilot, "Monitor · small-0001-f2")


async def test_the_winner_becomes_a_configuration(dashboard: Dashboard, study: Study) -> None:
    found, number = best(study)
    settings = found.trials[number - 1].settings
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await opened(pilot, study)
        await pilot.press("u")
        await shows(pilot, "New run", "Learning rate")
        screen = dashboard.screen
        assert isinstance(screen, LaunchScreen)
        await until(pilot, lambda: settings.keys() <= screen.values.keys())
        values = screen.values
        for key, text in settings.items():
            assert values[key] == text, key
        assert (values["data.splits"], values["run.evaluate"]) == ("", "validation,test")
        assert values["data.size"] == str(found.plan.base.data.size)


async def test_the_winner_is_trained_anew_with_a_seed_that_nothing_had(
    dashboard: Dashboard, study: Study, drive: FakeDrive
) -> None:
    found, number = best(study)
    tune, left = found.plan.tune, []
    dashboard.backend = replace(dashboard.backend, detach=lambda run, config: left.append((run, config)))
    seed = found.plan.base.run.seed + tune.repeats + tune.seeds
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await opened(pilot, study)
        await pilot.press("t")
        await shows(pilot, f"Train trial {number} anew with seed {seed}?")
        await pilot.press("d")
        await until(pilot, lambda: left)
        run, config = left[0]
        assert run.name == f"{study.name}-{number:04}-seed{seed}"
        assert (config.run.seed, config.data.splits) == (seed, str(study.splits_file))
        assert config.optim.learning_rate == float(found.trials[number - 1].settings["optim.learning_rate"])
        await shows(pilot, f"Monitor · {run.name}")
        await pilot.press("escape", "t")
        await shows(pilot, f"with seed {seed + 1}?")
        await pilot.press("y")
        await until(pilot, lambda: drive.calls)
        name, config, _ = drive.calls[0]
        assert (name, config.run.seed) == (f"{study.name}-{number:04}-seed{seed + 1}", seed + 1)
        dashboard.trainer.signal()
        await until(pilot, lambda: not dashboard.trainer.active)


async def test_a_live_study_is_followed(dashboard: Dashboard, small: Callable[..., tuple[Study, Journal]]) -> None:
    study, journal = small()
    journal.finish(journal.ask().number, [0.7])
    second = journal.ask().number
    lock = RunLock(study.workers / "one")
    try:
        async with dashboard.run_test(size=(80, 24)) as pilot:
            screen = await opened(pilot, study)
            await shows(pilot, "▶ searching", "1 of 6 trials", "1 running", "1 worker here")
            board = screen.query_one(Leaderboard)
            assert board.chosen == 1
            journal.report(second, 3, 0.6)
            await shows(pilot, "▶ running 3/30")
            journal.finish(second, [0.8])
            await until(pilot, lambda: rows(screen)[0][:2] == ["2 ★", "0.800"])
            assert board.chosen == 2  # the best, for the cursor was not moved
            await pilot.press("down")
            await until(pilot, lambda: board.chosen == 1)
            journal.finish(journal.ask().number, [0.9])
            await until(pilot, lambda: rows(screen)[0][0] == "3 ★")
            assert (board.chosen, board.cursor_row) == (1, 2)
            await pilot.press("a")
            await shows(pilot, "3 of 16 trials")
            before = len(control.read(study.control_file))
            await pilot.press("s")
            await shows(pilot, "■ stopping")
            assert [word for word, _ in control.read(study.control_file)][before:] == ["stop"]
            await pilot.press("D")
            await until(pilot, lambda: isinstance(dashboard.screen, Question))
            await pilot.press("y")
            await shows(pilot, "is being worked on; stop it first (s)")
            await pilot.press("enter")
            lock.release()
            await shows(pilot, "! no worker here")
            study.journal.write_bytes(study.journal.read_bytes() + b"{\n{}\n")
            await shows(pilot, "✗ unreadable", "is damaged")
            assert len(rows(screen)) == 3  # what was known is still there
            await pilot.press("D")
            await until(pilot, lambda: isinstance(dashboard.screen, Question))
            await pilot.press("y")
            await until(pilot, lambda: isinstance(dashboard.screen, RunsScreen))
            assert not study.folder.exists()
    finally:
        lock.release()


async def test_workers_start_and_one_that_dies_says_why(
    dashboard: Dashboard, small: Callable[..., tuple[Study, Journal]], workers: Workers
) -> None:
    study, _ = small()
    dashboard.backend = replace(dashboard.backend, start_worker=workers)
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.open(OpenTune(study, workers=2))
        await until(pilot, lambda: len(workers.started) == 2)
        screen = dashboard.screen
        assert isinstance(screen, TuneScreen)
        assert screen._one is not None
        await until(pilot, lambda: screen._one.problem)
        assert [child.returncode for child in workers.processes[:1]] == [1]
        await until(pilot, lambda: screen.query_one("#tune-problem").display)
        await shows(pilot, "A worker ended with exit code 1: no room")
        await pilot.press("w")
        await until(pilot, lambda: workers.started == [study] * 3)
        assert workers.shares == [(0, 2), (1, 2), (0, 1)]


async def test_studies_are_listed_and_none_says_what_to_do(
    dashboard: Dashboard, small: Callable[..., tuple[Study, Journal]]
) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "No runs yet")
        await pilot.press("T")
        await shows(pilot, "No studies yet", "cxrtui tune --data FOLDER")
        _, journal = small("first")
        journal.finish(journal.ask().number, [0.75])
        broken, _ = small("second")
        broken.file.write_text("[tune]\ntrails = 3\n")
        await shows(pilot, "first", "! no worker here", "AUROC 0.750", "✗ unreadable")
        screen = dashboard.screen
        assert isinstance(screen, StudiesScreen)
        assert screen.target is not None
        await pilot.press("home" if screen.target.study.name == "second" else "down", "enter")
        await until(pilot, lambda: isinstance(dashboard.screen, TuneScreen))
        await pilot.press("escape")
        await until(pilot, lambda: dashboard.screen is screen)
        broken.file.unlink()
        await until(pilot, lambda: "second" not in text_of(pilot))
        await pilot.press("escape", "T")
        await shows(pilot, "Tune · first")  # the only one is opened at once
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(dashboard.screen, RunsScreen))


async def test_a_form_becomes_a_study(
    dashboard: Dashboard, workspace: Workspace, tmp_path: Path, workers: Workers
) -> None:
    (tmp_path / "films").mkdir()
    workspace.config_file.write_text("[tune]\ntrials = 7\n")
    dashboard.backend = replace(dashboard.backend, start_worker=workers)
    texts = {"data.source": str(tmp_path / "films"), "model.init": "random", "data.positive": "COVID-19",
             "data.negative": "No_findings", "optim.epochs": "3"}  # fmt: skip
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.open(OpenLaunch(texts))
        await shows(pilot, "ready to start")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(dashboard.screen, NewStudyScreen))
        screen = dashboard.screen
        assert isinstance(screen, NewStudyScreen)
        await shows(pilot, "optim.learning_rate", "10 settings · 7 trials of at most 3 epochs")
        first = screen.query(SearchedRow).first()
        first.query_one(Input).value = "1e-2..1e-4"
        await shows(pilot, "must rise", "✗ correct what is marked")
        first.query_one(Input).value = "1e-4..1e-2:log"
        for row in list(screen.query(SearchedRow))[2:]:
            row.query_one(Tick).value = False
        another = screen.query_one("#search-another", Input)
        another.focus()
        another.value = "model.unfreeze=1:stage4;2:stage4"
        await pilot.press("enter")
        await shows(pilot, "3 settings · 7 trials")
        fields = {row.item.name: row for row in screen.query(FieldRow)}
        fields["seeds"].query_one(Input).value = "1"
        await shows(pilot, "training of the best")
        fields["objective"].query_one(Select).focus()
        await pilot.press("down")  # it goes on, as from any other field, and opens no list
        assert fields["trials"].query_one(Input).has_focus
        await pilot.press("up", "l")
        assert fields["objective"].text == "loss"
        await pilot.press("ctrl+s")
        await shows(pilot, "The search would try model.unfreeze=1:stage4")
        await pilot.press("enter")
        list(screen.query(SearchedRow))[-1].query_one(Tick).value = False
        await shows(pilot, "2 settings · 7 trials")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(dashboard.screen, TuneScreen) and workers.started)
        assert not any(isinstance(screen, LaunchScreen) for screen in dashboard.screen_stack)
        plan = workers.started[0].read()
        assert [item.text for item in plan.space] == ["0.0001..0.01:log", "adam,adamw,sgd"]
        assert (plan.tune.trials, plan.base.optim.epochs) == (7, 3)
        assert plan.base.data.positive == ("COVID-19",)
        await shows(pilot, "· not begun")


def test_the_command_makes_a_study_starts_its_worker_and_shows_it(tmp_path: Path, phantom_films: Path) -> None:
    small = ("data.size=32", "model.width=4", "model.stages=1,1,1,1", "model.hidden=8", "optim.epochs=1")
    words = [word for item in small for word in ("--set", item)]
    with Terminal(
        "--workspace", str(tmp_path), "tune", "--data", str(phantom_films), "--init", "random", "--study", "mine",
        "--trials", "1", "--seeds", "0", "--vary", "model.dropout=0.1..0.5", *words, columns=120, rows=40,
    ) as terminal:  # fmt: skip
        terminal.shows("Tune · mine", "▶ searching", "1 of 1 trial", "✔ finished")
        study = Study(tmp_path / "checkpoints" / "mine")
        terminal.until(lambda: study.outcome_file.exists() and not at_work(study))
        terminal.press("q")
        assert terminal.wait() == 0
    found = look(study)
    assert found.counts == {"finished": 1}
    assert load(study.run("mine-0001").config_file).model.width == 4
