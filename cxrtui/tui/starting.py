"""Starts, resumes and watches runs for the application."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual.driver import Driver

from cxrtui.errors import CxrtuiError, UsageError
from cxrtui.runs import advice
from cxrtui.runs.folder import Run
from cxrtui.runs.glance import summary
from cxrtui.runs.listing import fresh_name, new_run
from cxrtui.settings.config import Config, load, with_values
from cxrtui.tui import threads
from cxrtui.tui.backend import Backend
from cxrtui.tui.demo import DemoScreen
from cxrtui.tui.moved import MovedScreen, why_ask
from cxrtui.tui.page import place_of
from cxrtui.tui.questions import Notice
from cxrtui.tui.shell import Shell
from cxrtui.tui.trainer import Trainer
from cxrtui.workspace import Workspace

if TYPE_CHECKING:
    from cxrtui.tui.monitor.screen import MonitorScreen


class Starting(Shell):
    """An application that trains at most one run of its own, starts others detached, and watches any."""

    def __init__(
        self, workspace: Workspace, backend: Backend | None = None, driver: type[Driver] | None = None
    ) -> None:
        super().__init__(workspace, driver)
        self.backend = backend or Backend()
        self.trainer = Trainer(self.backend)
        self.live: dict[Path, Run] = {}
        """The runs whose end will be told, by folder."""

    def attempt(self, title: str, action: partial[None]) -> None:
        """Do it; show an error in a notice of this title."""
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

    def detach(self, config: Config, name: str) -> None:
        """Start a new run that outlives the dashboard, and watch it once it has begun.

        Raises:
            UsageError: the name is taken.
        """
        run, form = new_run(self.workspace.checkpoints, name), self.screen

        def work() -> None:
            try:
                self.backend.detach(run, config)
            except CxrtuiError as error:
                self.call_later(self.push_screen, Notice("Not started", str(error)))
            else:
                self.call_later(begun)

        def begun() -> None:
            self.notify(f"Run {run.name} goes on by itself, also when cxrtui ends.", title="Started", markup=False)
            if self.screen is form:
                self.watch_run(run)

        self.notify(f"Run {run.name} starts in a process of its own …", timeout=2, markup=False)
        threads.start(f"detach {run.name}", work)

    def train(self, run: Run, config: Config | None, *, resume: bool = False) -> None:
        """Train `run` as this dashboard's own and watch it; without `config`, use the run's own.

        Raises:
            UsageError: another run trains here, or some process trains this one.
        """
        if self.is_alive(run):
            raise UsageError(advice.not_yet(run))
        self.trainer.start(run, config, resume=resume)
        self.live[run.folder] = run  # it may end before the next look
        if place_of(self.screen) == "Monitor":
            self.monitors[-1].expect("resume" if resume else "")
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
            self.attempt("Not resumed", go_on)
            return

        def answered(sources: tuple[str, ...] | None) -> None:
            if sources is not None:
                moved = with_values(settings, {"data.source": sources})
                self.attempt("Not resumed", partial(self.train, run, moved, resume=True))

        self.push_screen(MovedScreen(run.name, why, settings.data.source), answered)

    @property
    def monitors(self) -> list[MonitorScreen]:
        """The monitors that are open, the last one above the others."""
        return [cast("MonitorScreen", screen) for screen in self.screen_stack if place_of(screen) == "Monitor"]

    def watch_run(self, run: Run, pending: str = "") -> None:
        """Open the monitor; `pending` is a command that the run has not answered yet."""
        from cxrtui.tui.monitor.screen import MonitorScreen  # see `screens`

        screen = MonitorScreen(run, pending)
        if place_of(self.screen) in ("Monitor", "Launch"):
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    def action_demo(self) -> None:
        """Draw synthetic films, and train a small network on them."""
        try:
            self.trainer.check_free()
        except CxrtuiError as error:
            self.push_screen(Notice("Not started", str(error)))
            return

        def drawn(settings: Config | None) -> None:
            if settings is not None:
                name = f"demo-{fresh_name(self.workspace.checkpoints)}"
                self.attempt("Not started", partial(self.launch, settings, name))

        self.push_screen(DemoScreen(self.workspace.root), drawn)
