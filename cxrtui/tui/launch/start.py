"""The start of the run that the form describes, after a check of all its fields and of its initial weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from textual import on
from textual.message import Message
from textual.widgets import Button, Static

from cxrtui.errors import CxrtuiError
from cxrtui.settings.config import Config
from cxrtui.tui import threads
from cxrtui.tui.keys import key_of
from cxrtui.tui.launch import questions
from cxrtui.tui.launch.checks import FIELDS, RUN_NAME, Note, notes
from cxrtui.tui.launch.menus import Menus
from cxrtui.tui.questions import Notice
from cxrtui.tui.routes import OpenSearch, OpenWeights, StartRun
from cxrtui.tui.surveys import Survey
from cxrtui.tui.wording import in_keys
from cxrtui.weights import hub, shelf


class WeightsChecked(Message):
    """A thread has read a file of initial weights: the run may `start`, or there is an `error`."""

    def __init__(self, file: Path, error: str, start: Callable[[], None]) -> None:
        super().__init__()
        self.file, self.error, self.start = file, error, start


class StartPage(Menus):
    """A form's page that starts the run which the form describes."""

    survey: Survey
    """The films that were found at the path in the form."""

    def check(self) -> None:
        """Check the form in a thread."""
        raise NotImplementedError

    def show_notes(self, found: Mapping[str, Note], problem: str = "") -> None:
        """Show the notes, and what is to correct."""
        raise NotImplementedError

    async def reveal(self, key: str) -> None:
        """Go to the field of a setting."""
        raise NotImplementedError

    def keep(self) -> None:
        """Keep the form for the next time."""
        raise NotImplementedError

    def busy(self) -> str:
        """Return why no run can start in this dashboard; empty if one can."""
        trainer = self.dashboard.trainer
        if trainer.active and trainer.run is not None:
            key = key_of("launch", "start_detached")
            return f"run {trainer.run.name} trains here; stop it first, or start this one detached ({key})"
        return ""

    @on(Button.Pressed, "#start")
    async def action_start(self) -> None:
        """Start the run and watch it; if a field is wrong, go to the first such field."""
        await self._start(detached=False)

    async def action_start_detached(self) -> None:
        """Start the run as a process of its own and watch it."""
        await self._start(detached=True)

    async def action_search(self) -> None:
        """Set up a search of good settings, whose trials share those of the form."""
        if (chosen := await self._right(alone=True)) is not None:
            self.keep()
            self.go(OpenSearch(chosen[0]))

    async def _right(self, *, alone: bool) -> tuple[Config, hub.Published | None] | None:
        """Return the configuration and the weights that are to be fetched, or say what is wrong and return None.

        `alone` says that no training of this dashboard is needed.
        """
        found = notes(self.values, self.dashboard.workspace, self.survey, self.base)
        wrong = next((key for key in FIELDS if key in found and not found[key].ok), None)
        if wrong or (self.busy() and not alone):
            self.show_notes(found)
            if wrong:
                await self.reveal(wrong)
            return None
        try:
            chosen = self.config()
            return chosen, shelf.check(chosen.model.init, chosen.model.width, chosen.model.stages)
        except CxrtuiError as error:
            self.app.push_screen(Notice("Not started", in_keys(str(error))))
            return None

    async def _start(self, *, detached: bool) -> None:
        values = self.values
        right = await self._right(alone=detached)
        if right is None:
            return
        chosen, published = right

        def start(answer: str | None = "yes") -> None:
            if answer == "yes":
                self.keep()
                self.go(StartRun(chosen, values[RUN_NAME.key].strip(), detached=detached))

        if published is not None:
            self.app.push_screen(questions.fetch(published), start)
        elif (place := shelf.locate(chosen.model.init)) is not None and place.is_file():
            self._check_weights(place, chosen, start)
        else:
            start()

    def _check_weights(self, file: Path, chosen: Config, start: Callable[[], None]) -> None:
        """Check in a thread whether a run can begin with a file that is not on the shelf, before the run is made."""
        self.query_one("#launch-why", Static).update(f"reading {file.name}…")

        def work() -> None:
            try:
                self.dashboard.backend.check_weights(file, chosen)
                error = ""
            except CxrtuiError as problem:
                error = str(problem)
            self.post_message(WeightsChecked(file, error, start))

        threads.start("check weights", work)

    @on(WeightsChecked)
    def _weights_checked(self, message: WeightsChecked) -> None:
        self.check()
        if not message.error:
            message.start()
            return

        def answered(answer: str | None) -> None:
            if answer:
                self.go(OpenWeights(to_port=str(message.file)))

        self.app.push_screen(questions.not_from_file(message.error), answered)
