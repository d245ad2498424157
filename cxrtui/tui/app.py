"""The dashboard: it opens screens, and runs at most one training. Everything else is in the screens."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.driver import Driver
from textual.filter import LineFilter
from textual.screen import Screen

from cxrtui.errors import EXIT_FAULT, CxrtuiError, UsageError
from cxrtui.runs.folder import Run
from cxrtui.runs.glance import summary
from cxrtui.runs.listing import new_run
from cxrtui.settings.config import Config, load, with_values
from cxrtui.tui import farewell, routes
from cxrtui.tui.backend import Backend
from cxrtui.tui.classify.screen import ClassifyScreen
from cxrtui.tui.door import Door
from cxrtui.tui.driver import TerminalDriver
from cxrtui.tui.inspect.screen import DataScreen
from cxrtui.tui.keyboard import KeysInTurn
from cxrtui.tui.keys import KEYS, bindings
from cxrtui.tui.launch.screen import LaunchScreen
from cxrtui.tui.monitor.screen import MonitorScreen
from cxrtui.tui.moved import MovedScreen, why_ask
from cxrtui.tui.page import Page
from cxrtui.tui.questions import KeyHelp, Notice
from cxrtui.tui.quit import QuitScreen
from cxrtui.tui.runs.screen import RunsScreen
from cxrtui.tui.signals import Ending
from cxrtui.tui.theme import THEME
from cxrtui.tui.threads import leave
from cxrtui.tui.trainer import Trainer
from cxrtui.tui.weights.jobs import Job, Jobs
from cxrtui.tui.weights.screen import WeightsScreen
from cxrtui.workspace import Workspace

LISTEN_EVERY = 0.5


class Dashboard(KeysInTurn):
    """The application. Its result is the exit code."""

    TITLE = "cxrtui"
    CSS_PATH: ClassVar[list[str | Path]] = sorted(Path(__file__).parent.rglob("*.tcss"))  # type: ignore[assignment]
    BINDINGS: ClassVar[list[BindingType]] = bindings("everywhere")

    def __init__(
        self, workspace: Workspace, backend: Backend | None = None, driver: type[Driver] | None = None
    ) -> None:
        super().__init__(driver)
        self.workspace = workspace
        self.backend = backend or Backend()
        self.trainer = Trainer(self.backend)
        self.jobs = Jobs(workspace.models)
        self._door = Door()
        self._told: Job | None = None  # the last job whose end was reported
        self.opening: routes.Route | None = None  # what the command line asks for
        self.ending = Ending(self.trainer)
        self._said_ending = False

    def on_mount(self) -> None:
        """Open the runs, and above them what the command line asks for."""
        self.register_theme(THEME)
        self.theme = THEME.name
        self.push_screen(RunsScreen())
        self.set_interval(LISTEN_EVERY, self._report_job)
        self.set_interval(LISTEN_EVERY, self._end)
        if self.opening is not None:
            self.open(self.opening)

    def on_unmount(self) -> None:
        """Ask a running training and a running job to end."""
        failed = self.return_code == EXIT_FAULT and self._exception is not None
        self.trainer.signal(f"The dashboard has failed ({type(self._exception).__name__})" if failed else "")
        self.jobs.cancel()

    def _report_job(self) -> None:
        """Report that a job of the shelf has ended, unless the Weights screen is open and shows it."""
        job = self.jobs.job
        if job is None or not job.ended or job is self._told:
            return
        if job.cancelled or any(isinstance(screen, WeightsScreen) for screen in self.screen_stack):
            return
        self._told = job
        self.notify(job.news, title="Weights", severity=job.severity, markup=False)
        if isinstance(self.screen, LaunchScreen):
            self.screen.on_screen_resume()

    def _end(self) -> None:
        """End once a signal asked for it and the run has saved its checkpoint."""
        if not self.ending.number:
            return
        if not self.trainer.active:
            self.exit(self.ending.code)
        elif not self._said_ending:
            self._said_ending = True
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
            case routes.OpenLaunch(texts):
                self.push_screen(LaunchScreen(texts))
            case routes.OpenClassify(run):
                self.push_screen(ClassifyScreen(run))
            case routes.OpenData(source, data):
                self.push_screen(DataScreen(source, data), self._set_up)
            case routes.OpenWeights(name, to_port):
                self.push_screen(WeightsScreen(self.jobs, name, to_port), self._set_up)
            case routes.StartRun(config, run=Run() as run):
                self._attempt("Not started", partial(self.train, run, config))
            case routes.StartRun(config, name):
                self._attempt("Not started", partial(self.launch, config, name))
            case routes.ResumeRun(run, config):
                self.resume(run, config)

    def _set_up(self, texts: Mapping[str, str] | None) -> None:
        """Put what was chosen on a screen into the form below it, or else into a new one."""
        if texts and isinstance(self.screen, LaunchScreen):
            self.screen.fill(texts)
        elif texts:
            self.push_screen(LaunchScreen(texts))

    def _attempt(self, title: str, action: partial[None]) -> None:
        try:
            action()
        except CxrtuiError as error:
            self.push_screen(Notice(title, str(error)))

    def trains(self, run: Run) -> bool:
        """Return whether `run` trains in this dashboard."""
        return self.trainer.active and self.trainer.owns(run)

    def stops(self, run: Run) -> bool:
        """Return whether `run` trains in this dashboard and was asked to end."""
        return self.trainer.stopping and self.trainer.owns(run)

    def is_alive(self, run: Run) -> bool:
        """Return whether this or another process trains `run`."""
        return self.trains(run) or run.alive()

    def launch(self, config: Config, name: str) -> None:
        """Start a new run and watch it.

        Raises:
            UsageError: the name is taken, or another run trains here.
        """
        self.trainer.check_free()
        self.train(new_run(self.workspace.checkpoints, name), config)

    def train(self, run: Run, config: Config | None, *, resume: bool = False) -> None:
        """Train `run` in this process and watch it; without `config`, use the run's own.

        Raises:
            UsageError: another run trains here, or some process trains this one.
        """
        if self.is_alive(run):
            raise UsageError(f"Run {run.name} is live already.")
        self.trainer.start(run, config, resume=resume)
        if isinstance(self.screen, MonitorScreen):
            self.screen.expect("resume" if resume else "")
        else:
            self.watch_run(run, pending="resume" if resume else "")

    def resume(self, run: Run, config: Config | None = None) -> None:
        """Resume `run`; without `config`, use the run's own. If its films have moved, ask where they are now."""
        go_on = partial(self.train, run, config, resume=True)
        why, settings = "", None
        if config is None and not self.is_alive(run):
            with suppress(CxrtuiError):  # the training reports a configuration that cannot be read
                settings = load(run.config_file)
                why = why_ask(settings, summary(run))
        if not why or settings is None:
            self._attempt("Not resumed", go_on)
            return

        def answered(sources: tuple[str, ...] | None) -> None:
            if sources is not None:
                moved = with_values(settings, {"data.source": sources})
                self._attempt("Not resumed", partial(self.train, run, moved, resume=True))

        self.push_screen(MovedScreen(run.name, why, settings.data.source), answered)

    def watch_run(self, run: Run, pending: str = "") -> None:
        """Open the monitor; `pending` is a command that the run has not answered yet."""
        screen = MonitorScreen(run, pending)
        if isinstance(self.screen, LaunchScreen):
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    def action_keys(self) -> None:
        """Show the keys of the screen."""
        if isinstance(self.screen, Page):
            self.push_screen(KeyHelp(*self.screen.sections))

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own filters and the `Door`."""
        return [*super().get_line_filters(), self._door]

    async def action_quit(self) -> None:
        """Quit; ask first while a run trains here."""
        if isinstance(self.screen, QuitScreen):
            return
        if self.trainer.active and self.trainer.run is not None:
            self.push_screen(QuitScreen(self.trainer))
        else:
            self.exit(self.trainer.exit_code)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The commands of the palette: the keys of the screen in words, then what Textual's own add to them."""
        sections = screen.sections[:2] if isinstance(screen, Page) else ()
        told = {"Keys"}  # Textual's panel takes a third of the screen from the rest; Help shows the keys
        if screen.focused is not None and screen.focused.size.height < 2:
            told.add("Maximize")  # a field is no more than its line
        for item in {item.action: item for section in sections for item in KEYS[section]}.values():
            if screen.check_action(item.action, ()):
                told.add(item.label)
                yield SystemCommand(item.label, item.help, partial(self.run_action, item.action, screen))
        yield from (command for command in super().get_system_commands(screen) if command.title not in told)


def run_app(
    workspace: Workspace, *, launch: Config | None = None, attach: Run | None = None, resume: bool = False
) -> int:
    """Show the dashboard until the user leaves it.

    Args:
        workspace: the dashboard shows its runs.
        launch: train with this configuration in this process: the run `attach` if it is given, else a new one.
        attach: without `launch` and `resume`, watch this run, which is live in another process or finished.
        resume: resume `attach` from its checkpoint, in this process.

    Returns:
        The exit code of the run that was trained here last, else 0.
    """
    app, answer = Dashboard(workspace, driver=TerminalDriver), None
    if attach is not None and resume:
        app.opening = routes.ResumeRun(attach, launch)
    elif launch is not None:
        app.opening = routes.StartRun(launch, run=attach)
    elif attach is not None:
        app.opening = routes.OpenMonitor(attach)
    gc.freeze()  # imported objects stay anyway, and a collection that visits all of them blocks the screen for 0.1 s
    with app.ending.handled():
        with suppress(OSError):  # Textual writes to a terminal that has gone
            answer = app.run()
        if app.return_code and answer is None:  # after a fault of a screen the run must not lose its steps
            answer = EXIT_FAULT
            app.trainer.finish()
        code = app.trainer.exit_code if answer is None else answer
        farewell.say(app.trainer, code)
        return leave(code, at_once=bool(app.ending.number))
