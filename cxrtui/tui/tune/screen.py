"""The screen of one study: its leaderboard, the course of the search, what decides, and the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.widgets import Static

from cxrtui.errors import CxrtuiError
from cxrtui.printable import printable
from cxrtui.process.gpus import ALONE, Share
from cxrtui.search.study import Study
from cxrtui.tui.door import titled
from cxrtui.tui.keys import bindings
from cxrtui.tui.page import COMFORTABLE, NARROW, Page
from cxrtui.tui.pick import Item, Pick
from cxrtui.tui.questions import Choice, Notice, Question
from cxrtui.tui.routes import OpenLaunch, OpenMonitor, StartRun
from cxrtui.tui.threads import result_of
from cxrtui.tui.tune import course, trained
from cxrtui.tui.tune.board import Leaderboard, explain
from cxrtui.tui.tune.page import StudyPage
from cxrtui.tui.tune.panels import Importances, ResultBox
from cxrtui.tui.tune.parallel import Parallel
from cxrtui.tui.tune.reading import Look, OneStudy
from cxrtui.tui.tune.slices import Slices, SlicesBox
from cxrtui.tui.tune.status import StudyStatus, word_of
from cxrtui.tui.watch import Seen
from cxrtui.tui.widgets.charts.actions import ChartActions
from cxrtui.tui.widgets.charts.chart import Chart
from cxrtui.tui.widgets.charts.curves import METRICS
from cxrtui.tui.widgets.find import FindLine

if TYPE_CHECKING:
    from cxrtui.search.optuna_study import TrialRecord

POLL_SECONDS = 1.0
BROAD = 150  # columns from which what decides, the result and parallel coordinates stand beside the trials
VIEWS = ("all", "trials", "course", "slices", "parallel", "result")
_NOT_FOR_TRIALS = ("unit", "smoother", "rougher", "raw")
"""Keys of charts that mean nothing where positions are trials."""


class TuneScreen(ChartActions, StudyPage):
    """Shows `study`; at first so many `workers` are started."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("tune", "everywhere", "chart")
    AUTO_FOCUS = "#tune-trials"
    HORIZONTAL_BREAKPOINTS = [*Page.HORIZONTAL_BREAKPOINTS, (BROAD, "-broad")]  # noqa: RUF012
    sections = ("tune", "everywhere", "chart")

    def __init__(self, study: Study, workers: int = 0) -> None:
        super().__init__()
        self.study = study
        self.where = f"Tune · {printable(study.name)}"
        self.look = Look(study)
        self._workers_wanted = workers
        self._stopping = False  # whether the workers were asked to stop and have not done so
        self._words = ""
        self._view = VIEWS[0]
        self._one: OneStudy | None = None

    def compose_body(self) -> ComposeResult:
        """Put the status above the panels."""
        yield StudyStatus(id="tune-status")
        yield Static(id="tune-problem", classes="box", markup=False)
        yield FindLine("trials: words of their rows, for example pruned or name=sgd")
        with Container(id="tune-board"):
            with Vertical(id="tune-main"):
                yield Chart("best so far", id="tune-course", empty="no trial has ended yet", unit="trial")
                yield Leaderboard(id="tune-trials")
            with Vertical(id="tune-side"):
                yield Parallel(id="tune-parallel")
                with Container(id="tune-lower"):
                    yield Importances(id="tune-importances")
                    yield ResultBox(id="tune-result")
            yield SlicesBox(id="tune-slices")

    def on_mount(self) -> None:
        """Start a thread that follows the study."""
        self.add_class("-tune-all")
        self.query_one("#tune-problem").border_title = "problem"
        self._one = OneStudy(self.dashboard.backend, self.study)
        self.follow(f"read study {self.study.name}", self._one.looks, POLL_SECONDS)
        self._show()
        if self._workers_wanted:
            self._start_first()

    @work
    async def _start_first(self) -> None:
        for index in range(self._workers_wanted):
            await self.begin_worker(self.study, (index, self._workers_wanted))

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.call_after_refresh(self._show)

    @on(Seen)
    def _seen(self, message: Seen) -> None:
        """Show what the thread has read."""
        look = message.watch.take()
        if look is None:
            return
        self.look = look
        self._stopping = self._stopping and look.found is not None and bool(look.found.workers)
        self._show()
        self.refresh_bindings()

    # --- what is shown

    @property
    def _word(self) -> str:
        if self.look.found is None:
            return "unreadable" if self.look.problem else "reading"
        if self.look.problem:
            return "unreadable"
        if self._stopping:
            return "stopping"
        starting = self._one is not None and self._one.starting
        return "starting" if starting and not self.look.found.workers else word_of(self.look.found)

    @property
    def _problem(self) -> str:
        """What the user must not miss: why the study cannot be read, or how its last worker failed."""
        if self.look.problem:
            return self.look.problem
        found = self.look.found
        if found is not None and found.outcome is not None and found.outcome.reason == "failed":
            return found.outcome.message
        return self._one.problem if self._one is not None and (found is None or not found.workers) else ""

    def _show(self) -> None:
        found = self.look.found
        self.query_one(StudyStatus).show(found, self._word)
        problem = self.query_one("#tune-problem", Static)
        problem.display = bool(self._problem)
        problem.update(self._problem)
        if found is not None:
            self.query_one(Leaderboard).show(found, self._words)
            self.query_one(Importances).show(found)
            self.query_one(ResultBox).show(found)
            self.set_class(found.result is not None, "-tune-done")
            self._explain()
        self.redraw_charts()

    def _explain(self) -> None:
        found, board = self.look.found, self.query_one(Leaderboard)
        if found is not None:
            board.border_subtitle = titled(explain(found, board.chosen))

    def redraw_charts(self) -> None:
        """Draw the curve, the slices and the parallel coordinates that are seen."""
        found, chosen = self.look.found, self.query_one(Leaderboard).chosen
        if found is None:
            return
        chart, metric = self.query_one(Chart), METRICS[found.plan.tune.objective]
        if chart.display:
            chart.show(course.lines(found), course.marks(found, chosen), title=metric.title, percent=metric.percent,
                       floor=metric.floor, ceiling=metric.ceiling)  # fmt: skip
        mode = self.chart_options.mode
        self.query_one(Parallel).show(found, chosen, mode)
        if self.query_one(SlicesBox).display:
            self.query_one(Slices).show(found, chosen, mode)

    @on(Leaderboard.Moved)
    def _another_trial(self) -> None:
        self._explain()
        self.redraw_charts()
        self.refresh_bindings()

    @on(Chart.Moved)
    def _pointed(self, message: Chart.Moved) -> None:
        """Put the cursor on the trial that the chart's cursor reads."""
        if message.chart.cursor is not None:
            self.query_one(Leaderboard).go_to(round(message.chart.cursor))

    @on(FindLine.Words)
    def _find(self, message: FindLine.Words) -> None:
        self._words = message.words
        self._show()

    # --- keys

    @property
    def target(self) -> Look | None:
        """The study."""
        return self.look

    @property
    def trial(self) -> TrialRecord | None:
        """The trial under the cursor, which is the best until the cursor is moved."""
        found, number = self.look.found, self.query_one(Leaderboard).chosen
        return next((trial for trial in found.trials if trial.number == number), None) if found is not None else None

    def start_worker(self, study: Study, share: Share) -> None:
        """Start a worker; the reader's thread watches whether it dies."""
        assert self._one is not None
        self._one.start_worker(share)

    async def begin_worker(self, study: Study, share: Share = ALONE) -> None:
        """Start a worker, and say that it starts until it is at work."""
        self._stopping = False
        await super().begin_worker(study, share)
        self._show()

    def asked_to_stop(self, study: Study) -> None:
        """Say so as the status until no worker is at work; of workers elsewhere nothing is seen here."""
        if self.look.found is not None and self.look.found.workers:
            self._stopping = True
            self._show()
        else:
            super().asked_to_stop(study)

    def deleted(self, study: Study) -> None:
        """Go back: there is nothing to show."""
        self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer keys for a trial only if one is under the cursor, and a stop only if a worker is at work."""
        if action in _NOT_FOR_TRIALS:
            return False
        if not self.is_mounted:
            return True
        if action in ("open", "use", "anew"):
            trial = self.trial
            return trial is not None and (action != "open" or bool(trial.runs))
        return True

    @property
    def _views(self) -> tuple[str, ...]:
        """The views in turn; where only the trials fit beside the status, they are the first."""
        small = self.size.height < COMFORTABLE or self.size.width < NARROW
        return tuple(view for view in VIEWS if view != ("trials" if small else ""))

    def action_view(self) -> None:
        """Show all parts, only the trials, the curve, the slices, the parallel coordinates or the result, in turn."""
        views = self._views
        current = self._view if self._view in views else VIEWS[0]
        self.see(views[(views.index(current) + 1) % len(views)])

    def see(self, view: str) -> None:
        """Show one of `VIEWS`."""
        self.remove_class(f"-tune-{self._view}")
        self._view = view
        self.add_class(f"-tune-{view}")
        focused = {"course": "#tune-course", "slices": "#tune-slices", "parallel": "#tune-parallel",
                   "result": "#tune-result"}.get(view, "#tune-trials")  # fmt: skip
        self.query_one(focused).focus()
        self.call_after_refresh(self._show)

    def action_find(self) -> None:
        """Type words of the trials that are listed."""
        if self._view not in ("all", "trials"):
            self.see("all")
        self.query_one(FindLine).ask(self.query_one(Leaderboard))

    def action_open(self) -> None:
        """Open the run of the trial in the monitor; of several, choose one."""
        trial = self.trial
        if trial is None or not trial.runs:
            return
        if len(trial.runs) == 1:
            self.go(OpenMonitor(self.study.run(trial.runs[0])))
            return

        def chosen(place: int | None) -> None:
            if place is not None:
                self.go(OpenMonitor(self.study.run(trial.runs[place])))

        items = [Item(name, "a fold or a seed of the trial") for name in trial.runs]
        self.app.push_screen(Pick(f"runs of trial {trial.number}", items, "enter opens · esc closes"), chosen)

    @work
    async def action_use(self) -> None:
        """Open the form with the configuration of the trial, to start it, change it, or save it as TOML."""
        found, trial = self.look.found, self.trial
        if found is None or trial is None:
            return
        try:
            texts = await result_of("read trial", trained.texts_of, found, trial)
        except CxrtuiError as error:
            self.app.push_screen(Notice("No configuration", str(error)))
            return
        self.go(OpenLaunch(texts))

    @work
    async def action_anew(self) -> None:
        """Train the trial's configuration with a seed that it had not, in this dashboard or by itself, after asking."""
        found, trial = self.look.found, self.trial
        if found is None or trial is None or self.asking:
            return
        self.asking = True
        try:
            name, seed, config = await result_of("read trial", trained.anew, found, trial)
            answer = await self.app.push_screen_wait(Question(
                f"Train trial {trial.number} anew with seed {seed}?",
                f"Run {printable(name)} has the films split as all trials have, and a seed that no trial had. At its "
                "end its test films are evaluated: each look at them makes their result less of a surprise.",
                Choice("y", "Train here", "here", "primary"),
                Choice("d", "Detached", "detached"),
                Choice("n", "Not now", ""),
            ))  # fmt: skip
        except CxrtuiError as error:
            self.app.push_screen(Notice("Not started", str(error)))
            return
        finally:
            self.asking = False
        if answer:
            self.go(StartRun(config, name, detached=answer == "detached"))

    def action_back(self) -> None:
        """Show all trials again if words were typed, else go back."""
        if not self.query_one(FindLine).clear_words():
            self.dismiss()
