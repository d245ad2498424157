"""The dashboard: it opens screens, and tells how runs and jobs end. Everything else is in the screens."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on, work
from textual.driver import Driver

from cxrtui.errors import EXIT_FAULT
from cxrtui.evaluation.protocols.folder import ProtocolFolder
from cxrtui.printable import printable
from cxrtui.runs.folder import Run
from cxrtui.runs.glance import summary
from cxrtui.runs.status import status_word
from cxrtui.search.study import Study
from cxrtui.settings.config import Config
from cxrtui.tui import farewell, memory, routes, threads
from cxrtui.tui.backend import Backend
from cxrtui.tui.collecting import Collecting
from cxrtui.tui.driver import TerminalDriver
from cxrtui.tui.going import Going, unsaved
from cxrtui.tui.page import Page, place_of
from cxrtui.tui.quit import QuitScreen, UnsavedScreen
from cxrtui.tui.runs.screen import RunsScreen
from cxrtui.tui.screens import load, screen_of
from cxrtui.tui.signals import Ending
from cxrtui.tui.weights.jobs import Job, Jobs
from cxrtui.workspace import Workspace

if TYPE_CHECKING:
    from cxrtui.tui.launch.screen import LaunchScreen

LISTEN_EVERY = 0.5


class Dashboard(Going):
    """The application. Its result is the exit code."""

    TITLE = "cxrtui"
    CSS_PATH: ClassVar[list[str | Path]] = sorted(Path(__file__).parent.rglob("*.tcss"))  # type: ignore[assignment]

    def __init__(
        self, workspace: Workspace, backend: Backend | None = None, driver: type[Driver] | None = None
    ) -> None:
        super().__init__(workspace, backend, driver)
        self.jobs = Jobs(workspace.models, self.backend)
        self.collecting = Collecting(lambda: self.typed_at)
        self._reported: Job | None = None  # the last job whose end was reported
        self.opening: routes.Route | None = None  # what the command line asks for
        self.ending = Ending(self.trainer)
        self._ending_shown = False
        self.note = ""  # what the user must be told at the start

    def on_mount(self) -> None:
        """Open the runs, and above them what the command line asks for."""
        self.keep_theme()
        self.push_screen(RunsScreen())
        self.call_after_refresh(threads.start, "import screens", load)
        self.set_interval(LISTEN_EVERY, self.collecting.look)
        self.set_interval(LISTEN_EVERY, self._report_job)
        self.set_interval(LISTEN_EVERY, self._end)
        self.set_interval(LISTEN_EVERY, self._notice_ends)
        if self.opening is not None:
            self.open(self.opening)
        if self.note:
            self.notify(self.note, severity="warning", markup=False)

    def on_unmount(self) -> None:
        """Ask a running training and a running job to end."""
        failed = self.return_code == EXIT_FAULT and self._exception is not None
        self.trainer.signal(f"The dashboard has failed ({type(self._exception).__name__})" if failed else "")
        self.jobs.cancel()

    def _report_job(self) -> None:
        """Report that a job of the shelf has ended, unless the Weights screen is open and shows it."""
        job = self.jobs.job
        if job is None or not job.ended or job is self._reported:
            return
        if job.cancelled or any(place_of(screen) == "Weights" for screen in self.screen_stack):
            return
        self._reported = job
        self.notify(job.news, title="Weights", severity=job.severity, markup=False)
        if self._form is not None:
            self._form.on_screen_resume()

    def _notice_ends(self) -> None:
        """Notice that the run of this dashboard, or one that is watched, has ended."""
        watched = self.monitors
        live = {screen.run.folder: screen.run for screen in watched if screen.alive}
        here = {screen.run.folder for screen in watched}
        if (own := self.trainer.run) is not None:
            here.add(own.folder)
            if self.trainer.active:
                live[own.folder] = own
        for folder, run in self.live.items():
            if folder in here and folder not in live:
                self._tell_end(run)
        self.live = live

    @work
    async def _tell_end(self, run: Run) -> None:
        """Say on the screen, unless it shows the run, and by the terminal that a run has ended."""
        state = await threads.result_of(f"read end of {run.name}", summary, run)
        word = status_word(state, alive=False)
        text = f"Run {printable(run.name)} is {word}"
        if word == "failed" and state.failed is not None:
            text += f": {state.failed.message}"
        if not (place_of(self.screen) == "Monitor" and self.monitors[-1].run == run):
            self.notify(text, severity="information" if word == "finished" else "warning", markup=False)
        self.alert(text)

    def _end(self) -> None:
        """End once a signal asked for it and the run has saved its checkpoint."""
        if not self.ending.number:
            return
        if not self.trainer.active:
            self.exit(self.ending.code)
        elif not self._ending_shown:
            self._ending_shown = True
            self.notify("The run saves a checkpoint; then cxrtui ends. A second signal ends it at once.",
                        title="Ending on a signal", severity="warning", timeout=3600)  # fmt: skip

    @on(routes.Go)
    def _go(self, message: routes.Go) -> None:
        self.open(message.route)

    def open(self, route: routes.Route) -> None:
        """Do what a screen or the command line asks for; show an error in a notice."""
        match route:
            case routes.OpenMonitor(run, pending):
                self.watch_run(run, pending)
            case routes.OpenData() | routes.OpenWeights():
                self.push_screen(screen_of(route, self.jobs), self._set_up)
            case routes.OpenSearch():
                self.push_screen(screen_of(route, self.jobs), self._searched)
            case routes.OpenTune(Study()) | routes.OpenProtocol(ProtocolFolder()):
                self._in_place(screen_of(route, self.jobs))
            case routes.StartRun(config, run=Run() as run):
                self.attempt("Not started", partial(self.train, run, config))
            case routes.StartRun(config, name, detached=True):
                self.attempt("Not started", partial(self.detach, config, name))
            case routes.StartRun(config, name):
                self.attempt("Not started", partial(self.launch, config, name))
            case routes.ResumeRun(run, config):
                self.resume(run, config)
            case _:
                self.push_screen(screen_of(route, self.jobs))

    @property
    def _form(self) -> LaunchScreen | None:
        """The form of a new run, if it is in front."""
        return cast("LaunchScreen", self.screen) if place_of(self.screen) == "Launch" else None

    def _set_up(self, texts: Mapping[str, str] | None) -> None:
        """Put what was chosen on a screen into the form below it, or else into a new one."""
        if texts and self._form is not None:
            self._form.fill(texts)
        elif texts:
            self.open(routes.OpenLaunch(texts))

    def _in_place(self, screen: Page[Any]) -> None:
        """Show a study or a protocol, in the place of the form if it was made there."""
        if self._form is not None:
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    def _searched(self, route: routes.OpenTune | None) -> None:
        """Show the study that was made."""
        if route is not None:
            self.open(route)

    @property
    def written(self) -> int:
        """Bytes that were written to the terminal; 0 without one."""
        return self._driver.written if isinstance(self._driver, TerminalDriver) else 0

    async def action_quit(self) -> None:
        """Quit; ask first while a run trains here, or a screen holds what is not written."""
        if isinstance(self.screen, (QuitScreen, UnsavedScreen)):
            return
        if held := unsaved(self.screen_stack):
            self.push_screen(UnsavedScreen(held), lambda answer: self._quit() if answer == "quit" else None)
        else:
            self._quit()

    def _quit(self) -> None:
        """Quit; ask first while a run trains here."""
        if self.trainer.active and self.trainer.run is not None:
            self.push_screen(QuitScreen(self.trainer))
        else:
            self.exit(self.trainer.exit_code)


def honour_no_color() -> None:
    """Remove an empty NO_COLOR, which means nothing; Textual takes it for a wish."""
    if os.environ.get("NO_COLOR") == "":
        del os.environ["NO_COLOR"]


def run_app(
    workspace: Workspace, *, launch: Config | None = None, attach: Run | None = None, resume: bool = False,
    tune: routes.OpenTune | None = None,
) -> int:  # fmt: skip
    """Show the dashboard until the user leaves it.

    Args:
        workspace: the dashboard shows its runs.
        launch: train with this configuration in this process: the run `attach` if it is given, else a new one.
        attach: without `launch` and `resume`, watch this run, which is live in another process or finished.
        resume: resume `attach` from its checkpoint, in this process.
        tune: show this study and start its workers.

    Returns:
        The exit code of the run that was trained here last, else 0.
    """
    honour_no_color()
    note = memory.open_at(memory.default_file())  # before the dashboard, which takes its theme from there
    app, answer = Dashboard(workspace, driver=TerminalDriver), None
    app.note = note
    if attach is not None and resume:
        app.opening = routes.ResumeRun(attach, launch)
    elif launch is not None:
        app.opening = routes.StartRun(launch, run=attach)
    elif attach is not None:
        app.opening = routes.OpenMonitor(attach)
    elif tune is not None:
        app.opening = tune
    app.collecting.begin()
    with app.ending.handled():
        with suppress(OSError):  # Textual writes to a terminal that has gone
            answer = app.run()
        if app.return_code and answer is None:  # after a fault of a screen the run must not lose its steps
            answer = EXIT_FAULT
            app.trainer.finish()
        code = app.trainer.exit_code if answer is None else answer
        farewell.say(app.trainer, code)
        memory.flush()
        return threads.leave(code, at_once=bool(app.ending.number))
