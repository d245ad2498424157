"""The Launch screen: it checks the form as it is typed, and starts the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import Resize
from textual.message import Message
from textual.suggester import Suggester
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Button, Input, Select, Static
from textual.widgets.collapsible import CollapsibleTitle

from cxrtui.errors import CxrtuiError
from cxrtui.settings import config as configs
from cxrtui.settings.config import Config, DataConfig
from cxrtui.training.estimate import Forecast
from cxrtui.tui import threads
from cxrtui.tui.keys import bindings
from cxrtui.tui.launch.checking import Check, Checked, Checker
from cxrtui.tui.launch.checks import FIELDS, RUN_NAME, Note, notes
from cxrtui.tui.launch.earlier import keep_last
from cxrtui.tui.launch.forecast import Forecaster, lines, short
from cxrtui.tui.launch.form import Form
from cxrtui.tui.launch.protocols import ProtocolPage
from cxrtui.tui.launch.rows import PATHS, Section
from cxrtui.tui.launch.suggest import ClassSuggester
from cxrtui.tui.launch.written import many_lines
from cxrtui.tui.routes import OpenData, OpenWeights
from cxrtui.tui.surveys import Survey, Surveys, deciding
from cxrtui.tui.widgets.suggest import PathSuggester
from cxrtui.weights import shelf

LOOK_AFTER = 0.3
SIDE = 150
"""Width from which on forecast and command are shown beside the form."""
CHECK_AFTER = 0.1
STANDBY_AFTER = 1.0  # seconds, in which the screen itself may need the processors


class Surveyed(Message):
    """A thread has looked into the data folder."""

    def __init__(self, survey: Survey) -> None:
        super().__init__()
        self.survey = survey


class Forecasted(Message):
    """A thread has a forecast of the run."""

    def __init__(self, found: Forecast) -> None:
        super().__init__()
        self.found = found


class LaunchScreen(ProtocolPage):
    """Shows the form and starts the run that it describes."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("launch", "everywhere")
    sections = ("launch", "everywhere", "form")
    where = "New run"
    place = "Launch"
    AUTO_FOCUS = "Input"

    def __init__(self, texts: Mapping[str, str] | None = None, check: Check = notes) -> None:
        """Set up a run; `texts` are the first texts of fields, and `check` makes the notes, in a thread."""
        super().__init__()
        self._texts, self._notes = dict(texts or {}), check
        self.base = Config()
        self._left_out = ""
        self.survey = Survey()
        self._timer: Timer | None = None
        self._check_timer: Timer | None = None
        self._looked_for: tuple[str, DataConfig] | None = None
        self._at_first: dict[str, str] = {}
        self._fitting: Mapping[str, str] = {}

    def _read_defaults(self) -> None:
        """Read the workspace's cxrtui.toml, if there is one."""
        self.base, self._left_out = configs.load_or_default(self.dashboard.workspace.config_file)

    def compose_body(self) -> ComposeResult:
        """Put the form above a bar with its state and the button."""
        self._read_defaults()
        self._checker = Checker(self, self.dashboard.workspace, self.base, self._notes)
        self._surveys = Surveys(self.dashboard.backend, lambda survey: self.post_message(Surveyed(survey)))
        self._forecaster = Forecaster(self.dashboard, lambda found: self.post_message(Forecasted(found)))
        with Horizontal(id="launch-body"):
            yield Form(self.base, self._texts, self._suggester)
            with VerticalScroll(id="launch-side", classes="box", can_focus=False) as side:
                side.border_title = "the run"
                yield Static("", id="launch-forecast", markup=False)
                yield Static("", id="launch-command", markup=False)
        with Horizontal(id="launch-bar"):
            with Vertical(id="launch-state"):
                yield Static("", id="launch-why", markup=False)
                yield Static("", id="launch-short", markup=False)
            yield Button("Make it fit", id="fit", compact=True)
            yield Button("Start training (^s)", id="start", variant="primary", compact=True)

    @property
    def _form(self) -> Form:
        return self.query_one(Form)

    def _suggester(self, key: str) -> Suggester | None:
        if key in ("data.positive", "data.negative"):
            return ClassSuggester(lambda: self.survey.found)
        if key == "model.init":
            return PathSuggester(self._weights)
        return PathSuggester() if key in PATHS else None

    def _weights(self) -> list[str]:
        """Return the names that the field of initial weights suggests: those on the shelf now, imagenet and random."""
        here = [item.name for item in shelf.entries(self.dashboard.workspace.models) if item.present]
        return [*here, "imagenet", "random"]

    def on_mount(self) -> None:
        """Check the first texts of the form."""
        if self._left_out:
            self.notify(self._left_out, title="cxrtui.toml is left out", severity="warning", markup=False)
        self._at_first = self.values
        self.check()
        self.set_timer(STANDBY_AFTER, self._prepare_standby)

    def _prepare_standby(self) -> None:
        """Let a process get ready for the run, so that it starts sooner."""
        if not self.dashboard.trainer.active:
            threads.start("standby", self.dashboard.backend.prepare_standby)

    def on_screen_resume(self) -> None:
        """Check again, because the shelf or the films may have changed while another screen was in front."""
        if self.is_mounted:
            self._looked_for = None
            self.check()

    def on_unmount(self) -> None:
        """End the survey and the forecast under way, and the process that waits for a run if none was started."""
        self._surveys.cancel()
        self._forecaster.cancel()
        if not self.dashboard.trainer.active:
            threads.start("no standby", self.dashboard.backend.dismiss_standby)

    @on(Resize)
    def _show_side(self, event: Resize) -> None:
        """Show forecast and command beside the form where there is room."""
        self.set_class(event.size.width >= SIDE, "-side")

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
        self._check_timer = self.set_timer(CHECK_AFTER, self.check)

    def check(self) -> None:
        """Check the form in a thread."""
        values = self.values
        if RUN_NAME.key not in values:  # the form is not there yet
            return
        self._look_later(values["data.source"].strip(), deciding(self._data(values)))
        self._checker.start(values, self.survey)

    @on(Checked)
    def _checked(self, message: Checked) -> None:
        """Show the notes; offer the start when all is right."""
        if not self._checker.latest(message) or message.values != self.values:  # another check follows
            return
        self.show_notes(message.found, message.problem)
        if message.config is None:
            self._forecaster.cancel()
            for name in ("#launch-short", "#launch-forecast", "#fit"):
                self.query_one(name).display = False
        else:
            self._forecaster.ask(message.config, message.films)
        self.query_one("#launch-command", Static).update(many_lines(message.command) if message.command else "")

    @on(Forecasted)
    def _forecasted(self, message: Forecasted) -> None:
        """Show what the run will take."""
        for name, text in (("short", short(message.found)), ("forecast", "\n".join(lines(message.found)))):
            shown = self.query_one(f"#launch-{name}", Static)
            shown.update(text)
            shown.display = True
            shown.set_class(message.found.tight, "-wrong")
        self._fitting = message.found.instead
        self.query_one("#fit").display = bool(self._fitting)

    @on(Button.Pressed, "#fit")
    def _make_fit(self) -> None:
        """Put the settings with which the run fits into the memory into the form."""
        self.fill(self._fitting)
        self.query_one("#start").focus()

    def show_notes(self, found: Mapping[str, Note], problem: str = "") -> None:
        """Show the notes, and what is to correct; offer the start if nothing is."""
        self._form.show(found)
        wrong = [FIELDS[key].label for key, note in found.items() if not note.ok]
        listed = f"to fill in or correct: {', '.join(wrong)}" if wrong else problem or self.busy()
        counting = self.survey.path != self.values["data.source"].strip()
        ready = "counting films …" if counting else "✔ ready to start"
        self.query_one("#launch-why", Static).update(f"✗ {listed}" if listed else ready)
        self.query_one("#start", Button).disabled = bool(listed)

    def _look_later(self, text: str, data: DataConfig) -> None:
        """Look into the data folder in a thread, once the typing rests; what is looked into is not wanted any more."""
        if (text, data) == self._looked_for:
            return
        self._looked_for = text, data
        self._surveys.cancel()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(LOOK_AFTER, partial(self._look, text, data))

    def _look(self, text: str, data: DataConfig) -> None:
        if text:
            self._surveys.ask(text, data)

    @on(Surveyed)
    def _surveyed(self, message: Surveyed) -> None:
        if message.survey.path == self.values["data.source"].strip():
            self.survey = message.survey
            self.check()

    def focus_next(self, selector: Any = "*") -> Widget | None:
        """Go to the next field; the titles of groups are passed over, so that a row of texts fits a row of fields."""
        return self._to_field(super().focus_next, selector)

    def focus_previous(self, selector: Any = "*") -> Widget | None:
        """Go to the field before."""
        return self._to_field(super().focus_previous, selector)

    def _to_field(self, move: Callable[[Any], Widget | None], selector: Any) -> Widget | None:
        widget = move(selector)
        for _ in self.focus_chain:
            if not isinstance(widget, CollapsibleTitle):
                break
            widget = move(selector)
        return widget

    def action_line_below(self) -> None:
        """Go to the next line, also to the title of a group."""
        super().focus_next()

    def action_line_above(self) -> None:
        """Go to the line before, also to the title of a group."""
        super().focus_previous()

    @on(Input.Submitted)
    def _next_field(self) -> None:
        self.focus_next()

    def fill(self, texts: Mapping[str, str]) -> None:
        """Put these texts into their fields."""
        self._form.fill(texts)

    async def reveal(self, key: str) -> None:
        """Go to the field of a setting."""
        await self._form.reveal(key)

    def action_data(self) -> None:
        """Look at the films that the form names."""
        self.go(OpenData(self.values["data.source"].strip(), self._data(self.values)))

    def _data(self, values: Mapping[str, str]) -> DataConfig:
        """Return the settings of the films, those of the workspace if the form's are not valid."""
        try:
            return configs.with_values(self.base, {key: text.strip() for key, text in values.items()
                                                   if key.startswith("data.")}).data  # fmt: skip
        except CxrtuiError:  # the note beside the field shows it
            return self.base.data

    def action_weights(self) -> None:
        """Choose, fetch or port the initial weights."""
        self.go(OpenWeights(self.values["model.init"].strip()))

    def action_sections(self) -> None:
        """Show every setting, or only those that most runs set."""
        self._form.toggle()

    def action_back(self) -> None:
        """Go back to the runs; the form is kept for the next time."""
        self.keep()
        self.dismiss()

    def keep(self) -> None:
        """Keep the form for the next time, unless it is as it was at first."""
        if (values := self.values) != self._at_first:
            threads.start("keep the form", keep_last, self.dashboard.workspace, values)
