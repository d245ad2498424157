"""The Launch screen: it checks the form as it is typed, and starts the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import Suggester
from textual.timer import Timer
from textual.widgets import Button, Input, Select, Static

from cxrtui.errors import CxrtuiError
from cxrtui.settings import config as configs
from cxrtui.settings.config import Config
from cxrtui.tui import threads
from cxrtui.tui.keys import bindings
from cxrtui.tui.launch import questions
from cxrtui.tui.launch.checks import FIELDS, RUN_NAME, Note, Survey, notes, problem, settings
from cxrtui.tui.launch.form import Form
from cxrtui.tui.launch.rows import Section
from cxrtui.tui.launch.suggest import ClassSuggester
from cxrtui.tui.page import Page
from cxrtui.tui.questions import Notice
from cxrtui.tui.routes import OpenData, OpenWeights, StartRun
from cxrtui.tui.widgets.suggest import PathSuggester
from cxrtui.weights import shelf
from cxrtui.workspace import Workspace, expand

Check = Callable[[Mapping[str, str], Workspace, Survey, Config], dict[str, Note]]
LOOK_AFTER = 0.3
CHECK_AFTER = 0.1


class Surveyed(Message):
    """A thread has looked into the data folder."""

    def __init__(self, survey: Survey) -> None:
        super().__init__()
        self.survey = survey


class Checked(Message):
    """Check `number` of the texts `values` has ended: it has a note on each field and the problem of all together."""

    def __init__(self, number: int, values: Mapping[str, str], found: dict[str, Note], problem: str) -> None:
        super().__init__()
        self.number, self.values, self.found, self.problem = number, values, found, problem


class WeightsChecked(Message):
    """A thread has read a file of initial weights: the run may `start`, or there is an `error`."""

    def __init__(self, file: Path, error: str, start: Callable[[], None]) -> None:
        super().__init__()
        self.file, self.error, self.start = file, error, start


class LaunchScreen(Page[None]):
    """Shows the form and starts the run that it describes."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("launch", "everywhere")
    sections = ("launch", "everywhere")
    where = "New run"

    def __init__(self, texts: Mapping[str, str] | None = None, check: Check = notes) -> None:
        """Set up a run; `texts` are the first texts of fields, and `check` makes the notes, in a thread."""
        super().__init__()
        self._texts, self._notes = dict(texts or {}), check
        self.base = Config()
        self._left_out = ""
        self.survey = Survey()
        self._timer: Timer | None = None
        self._check_timer: Timer | None = None
        self._looked_for = ""
        self._checks = 0

    def _read_defaults(self) -> None:
        """Read the workspace's cxrtui.toml, if there is one."""
        self.base, self._left_out = configs.load_or_default(self.dashboard.workspace.config_file)

    def compose_body(self) -> ComposeResult:
        """Put the form above a bar with its state and the button."""
        self._read_defaults()
        yield Form(self.base, self._texts, self._suggester)
        with Horizontal(id="launch-bar"):
            yield Static("", id="launch-why", markup=False)
            yield Button("Start training (^s)", id="start", variant="primary", compact=True)

    @property
    def _form(self) -> Form:
        return self.query_one(Form)

    def _suggester(self, key: str) -> Suggester | None:
        if key in ("data.positive", "data.negative"):
            return ClassSuggester(lambda: self.survey.found)
        if key == "model.init":
            return PathSuggester(self._weights)
        return PathSuggester() if key in ("data.source", "data.splits") else None

    def _weights(self) -> list[str]:
        """Return the names that the field of initial weights suggests: those on the shelf now, imagenet and random."""
        here = [item.name for item in shelf.entries(self.dashboard.workspace.models) if item.present]
        return [*here, "imagenet", "random"]

    def on_mount(self) -> None:
        """Check the first texts of the form."""
        if self._left_out:
            self.notify(self._left_out, title="cxrtui.toml is left out", severity="warning", markup=False)
        self._check()

    def on_screen_resume(self) -> None:
        """Check again, because the shelf may have changed while another screen was in front."""
        if self.is_mounted:
            self._check()

    @property
    def values(self) -> dict[str, str]:
        """The form's texts by key, for the fields that exist so far."""
        return self._form.values if self.query(Form) else {}

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Section.Expanded)
    def _check_later(self) -> None:
        """Check once the typing rests. A thread does it, so that reading files never delays a key."""
        if self._check_timer is not None:
            self._check_timer.stop()
        self._check_timer = self.set_timer(CHECK_AFTER, self._check)

    def _check(self) -> None:
        values = self.values
        if RUN_NAME.key not in values:  # the form is not there yet
            return
        self._look_later(values["data.source"].strip())
        self._checks += 1
        threads.start("check the form", self._work, self._checks, values, self.survey)

    def _work(self, number: int, values: Mapping[str, str], survey: Survey) -> None:
        workspace = self.dashboard.workspace
        found = self._notes(values, workspace, survey, self.base)
        right = all(note.ok for note in found.values())
        self.post_message(Checked(number, values, found, problem(self.base, values, workspace.models) if right else ""))

    @on(Checked)
    def _checked(self, message: Checked) -> None:
        """Show the notes; offer the start when all is right."""
        # Threads may end in another order than they began, so the result of an older check is ignored.
        if message.number == self._checks and message.values == self.values:  # else another check follows
            self._say(message.found, message.problem)

    def _say(self, found: Mapping[str, Note], problem: str = "") -> None:
        self._form.show(found)
        wrong = [FIELDS[key].label for key, note in found.items() if not note.ok]
        listed = f"to fill in or correct: {', '.join(wrong)}" if wrong else problem or self._busy()
        self.query_one("#launch-why", Static).update(f"✗ {listed}" if listed else "✔ ready to start")
        self.query_one("#start", Button).disabled = bool(listed)

    def _busy(self) -> str:
        trainer = self.dashboard.trainer
        if trainer.active and trainer.run is not None:
            return f"run {trainer.run.name} trains here; stop it first"
        return ""

    def _look_later(self, text: str) -> None:
        """Look into the data folder in a thread, once the typing rests."""
        if text == self._looked_for:
            return
        self._looked_for = text
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(LOOK_AFTER, lambda: self._look(text))

    def _look(self, text: str) -> None:
        def work() -> None:

            try:
                found = self.dashboard.backend.survey(expand(text))
                survey = Survey.of(text, found, self.base.data.views)
            except (CxrtuiError, OSError) as error:
                survey = Survey(text, error=str(error))
            self.post_message(Surveyed(survey))

        if text:
            threads.start("look into data", work)

    @on(Surveyed)
    def _surveyed(self, message: Surveyed) -> None:
        if message.survey.path == self.values["data.source"].strip():
            self.survey = message.survey
            self._check()

    @on(Input.Submitted)
    def _next_field(self) -> None:
        self.focus_next()

    @on(Button.Pressed, "#start")
    async def action_start(self) -> None:
        """Start the run and watch it; if a field is wrong, go to the first such field."""
        values = self.values
        found = notes(values, self.dashboard.workspace, self.survey, self.base)
        wrong = next((key for key in FIELDS if key in found and not found[key].ok), None)
        if wrong or self._busy():
            self._say(found)
            if wrong:
                await self._form.reveal(wrong)
            return
        try:
            chosen = settings(self.base, values, self.dashboard.workspace.models)
            published = shelf.check(chosen.model.init, chosen.model.width, chosen.model.stages)
        except CxrtuiError as error:
            self.app.push_screen(Notice("Not started", str(error)))
            return

        def start(answer: str | None = "yes") -> None:
            if answer == "yes":
                self.go(StartRun(chosen, values[RUN_NAME.key].strip()))

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
        self._check()
        if not message.error:
            message.start()
            return

        def answered(answer: str | None) -> None:
            if answer:
                self.go(OpenWeights(to_port=str(message.file)))

        self.app.push_screen(questions.not_from_file(message.error), answered)

    def fill(self, texts: Mapping[str, str]) -> None:
        """Put these texts into their fields."""
        self._form.fill(texts)

    def action_data(self) -> None:
        """Look at the films that the form names."""
        values = self.values
        try:
            classes = {key: values[key] for key in ("data.positive", "data.negative")}
            data = configs.with_values(self.base, classes).data
        except CxrtuiError:  # the note beside the field shows it
            data = self.base.data
        self.go(OpenData(values["data.source"].strip(), data))

    def action_weights(self) -> None:
        """Choose, fetch or port the initial weights."""
        self.go(OpenWeights(self.values["model.init"].strip()))

    def action_sections(self) -> None:
        """Show every setting, or only those that most runs set."""
        self._form.toggle()

    def action_back(self) -> None:
        """Go back to the runs."""
        self.dismiss()
