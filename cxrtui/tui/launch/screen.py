"""Launch: the form for a new run, checked as it is typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.suggester import Suggester
from textual.timer import Timer
from textual.widgets import Button, Input, Select, Static

from cxrtui.errors import CxrtuiError
from cxrtui.settings import config as configs
from cxrtui.settings.config import Config
from cxrtui.tui import threads
from cxrtui.tui.keys import bindings
from cxrtui.tui.launch.form import FIELDS, RUN_NAME, Note, Survey, initial, notes, settings
from cxrtui.tui.launch.form_input import FormInput
from cxrtui.tui.launch.form_select import FormSelect
from cxrtui.tui.page import Page
from cxrtui.tui.questions import Choice, Notice, Question
from cxrtui.tui.routes import OpenData, OpenWeights, StartRun
from cxrtui.tui.widgets.suggest import PathSuggester
from cxrtui.weights import hub, shelf
from cxrtui.workspace import expand

LOOK_AFTER = 0.3
CHECK_AFTER = 0.1


class Surveyed(Message):
    """A data folder was looked into."""

    def __init__(self, survey: Survey) -> None:
        super().__init__()
        self.survey = survey


class Checked(Message):
    """What check `number` has to say of each field, where the form's texts are `values`."""

    def __init__(self, number: int, values: Mapping[str, str], found: dict[str, Note]) -> None:
        super().__init__()
        self.number, self.values, self.found = number, values, found


class ClassSuggester(Suggester):
    """Completes the last of several class names, from those that the data folder has."""

    def __init__(self, screen: LaunchScreen) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._screen = screen

    async def get_suggestion(self, value: str) -> str | None:
        """The continuation of `value`."""
        head, comma, last = value.rpartition(",")
        word = last.lstrip()
        from cxrtui.data.findings import findings

        found = [item for label in self._screen.survey.found for item in findings(label)]
        match = next((name for name in found if word and name.casefold().startswith(word.casefold())), None)
        return head + comma + last[: len(last) - len(word)] + word + match[len(word) :] if match else None


class WeightsChecked(Message):
    """A file of first weights was read: `start` the run, or say the `error`."""

    def __init__(self, file: Path, error: str, start: Callable[[], None]) -> None:
        super().__init__()
        self.file, self.error, self.start = file, error, start


def _not_from_file(error: str) -> Question:
    """Why a run cannot begin with a file; what the file does not tell can be said where it is put on the shelf."""
    choices = [Choice("enter", "Close", "", "primary")]
    if "cxrtui weights port" in error:
        choices.insert(0, Choice("p", "Put it on the shelf", "port", "success"))
    return Question("Not started", error, *choices)


def _fetch_question(published: hub.Published) -> Question:
    """Whether published weights that are not on the shelf may come; the run fetches them before all else."""
    return Question(
        f"Fetch {published.name}?",
        f"{published.name} is not on the shelf yet. It is {published.size} from Hugging Face, {published.address}, "
        f"licence {published.licence}: {published.about}. The run fetches it first; a fetch that is cut goes on later.",
        Choice("y", "Fetch and train", "yes", "primary"),
        Choice("n", "Not now", ""),
    )


class LaunchScreen(Page[None]):
    """The form."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("launch", "everywhere")
    sections = ("launch", "everywhere")
    where = "New run"

    def __init__(self, chosen: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._chosen = dict(chosen or {})  # texts of fields that begin with these
        self.base = Config()
        self._left_out = ""
        self.survey = Survey()
        self._timer: Timer | None = None
        self._check_timer: Timer | None = None
        self._looked_for = ""
        self._checks = 0

    def _read_defaults(self) -> None:
        """The workspace's cxrtui.toml, where there is one and it is right."""
        self.base, self._left_out = configs.load_or_default(self.dashboard.workspace.config_file)

    def compose_body(self) -> ComposeResult:
        """A line a field: label, value, what is to say of it."""
        self._read_defaults()
        with VerticalScroll(id="form", classes="box", can_focus=False) as form:
            form.border_title = "new run"
            for item in FIELDS:
                with Horizontal(classes="field"):
                    yield Static(item.label, classes="field-label")
                    value = self._chosen.get(item.key, initial(item.key, self.base))
                    if item.choices:
                        yield FormSelect(item.choices, value, compact=True, name=item.key)
                    else:
                        paths, words = item.key in ("data.source", "model.init"), item.key != "data.source"
                        yield FormInput(value, compact=True, name=item.key, suggester=self._suggester(item.key),
                                        placeholder=item.hint, paths=paths, words=words)  # fmt: skip
                    yield Static("", classes="field-note", name=item.key, markup=False)
        with Horizontal(id="launch-bar"):
            yield Static("", id="launch-why", markup=False)
            yield Button("Start training (^s)", id="start", variant="primary", compact=True)

    def _suggester(self, key: str) -> Suggester | None:
        if key in ("data.positive", "data.negative"):
            return ClassSuggester(self)
        if key == "model.init":
            return PathSuggester(self._weights)
        return PathSuggester() if key == "data.source" else None

    def _weights(self) -> list[str]:
        """What the field of initial weights offers: the shelf as it is now."""
        here = [item.name for item in shelf.entries(self.dashboard.workspace.models) if item.present]
        return [*here, "imagenet", "random"]

    def on_mount(self) -> None:
        """Check the defaults."""
        if self._left_out:
            self.notify(self._left_out, title="cxrtui.toml is left out", severity="warning", markup=False)
        self._check()

    def on_screen_resume(self) -> None:
        """The shelf may have changed behind another screen."""
        if self.is_mounted:
            self._check()

    @property
    def values(self) -> dict[str, str]:
        """The form's texts by key."""
        result = {widget.name or "": widget.value for widget in self.query(Input)}
        result.update({widget.name or "": str(widget.value) for widget in self.query(Select)})
        return result

    @on(Input.Changed)
    @on(Select.Changed)
    def _check_later(self) -> None:
        """Check once the typing rests, and off the UI's thread: neither files nor rules hold up a key."""
        if self._check_timer is not None:
            self._check_timer.stop()
        self._check_timer = self.set_timer(CHECK_AFTER, self._check)

    def _check(self) -> None:
        values = self.values
        if len(values) < len(FIELDS):
            return
        self._look_later(values["data.source"].strip())
        self._checks += 1
        threads.start("check the form", self._work, self._checks, values, self.survey)

    def _work(self, number: int, values: Mapping[str, str], survey: Survey) -> None:
        found = notes(values, self.dashboard.workspace, survey, self.base)
        self.post_message(Checked(number, values, found))

    @on(Checked)
    def _checked(self, message: Checked) -> None:
        """Say beside each field what is to say; offer the start when all is well."""
        # Threads may end in another order than they began: a check that knew less must not have the last word.
        if message.number == self._checks and message.values == self.values:  # else another check follows
            self._say(message.found)

    def _say(self, found: dict[str, Note]) -> None:
        for widget in self.query(".field-note").results(Static):
            note = found[widget.name or ""]
            widget.update(note.text if note.ok else f"✗ {note.text}")
            widget.set_class(not note.ok, "-wrong")
        wrong = [item.label for item in FIELDS if not found[item.key].ok]
        why = f"✗ to be filled in or put right: {', '.join(wrong)}" if wrong else self._busy() or "✔ ready to start"
        self.query_one("#launch-why", Static).update(why)
        self.query_one("#start", Button).disabled = bool(wrong or self._busy())

    def _busy(self) -> str:
        trainer = self.dashboard.trainer
        if trainer.active and trainer.run is not None:
            return f"✗ run {trainer.run.name} trains here; stop it first"
        return ""

    def _look_later(self, text: str) -> None:
        """Look into the data folder off the UI's thread, once the typing rests."""
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

    @on(FormInput.Pasted)
    def _pasted(self, message: FormInput.Pasted) -> None:
        """Fill the fields from this one on, an entry each; a list takes what it has, and else stays as it is."""
        fields = [widget for widget in self.query("Input, Select") if isinstance(widget, (Input, Select))]
        filled, left = fields[fields.index(message.field) :], []
        for widget, text in zip(filled, message.texts, strict=False):
            if isinstance(widget, Input):
                widget.value = text
                widget.cursor_position = len(text)
            elif text.strip() in next(item.choices for item in FIELDS if item.key == widget.name):
                widget.value = text.strip()
            elif text.strip():
                left.append(text.strip())
        left += [text for text in message.texts[len(filled) :] if text.strip()]
        filled[min(len(message.texts), len(filled)) - 1].focus()
        if left:
            self.notify(f"No field takes {', '.join(left)[:200]}.", title="Paste", severity="warning", markup=False)

    @on(Input.Submitted)
    def _next_field(self) -> None:
        self.focus_next()

    @on(Button.Pressed, "#start")
    def action_start(self) -> None:
        """Start the run and watch it."""
        values = self.values
        found = notes(values, self.dashboard.workspace, self.survey, self.base)
        if self._busy() or not all(note.ok for note in found.values()):
            self._say(found)
            wrong = next((item.key for item in FIELDS if not found[item.key].ok), None)
            for widget in self.query("Input, Select"):
                if widget.name == wrong:
                    widget.focus()
            return
        try:
            chosen = settings(self.base, values, self.dashboard.workspace.models)
            published = shelf.check(chosen.model.init, chosen.model.width, chosen.model.stages)
        except CxrtuiError as error:
            self.app.push_screen(Notice("Not started", str(error)))
            return

        def start(answer: str | None = "yes") -> None:
            if answer == "yes":
                self.go(StartRun(chosen, values[RUN_NAME].strip()))

        if published is not None:
            self.app.push_screen(_fetch_question(published), start)
        elif (place := shelf.locate(chosen.model.init)) is not None and place.is_file():
            self._check_weights(place, chosen, start)
        else:
            start()

    def _check_weights(self, file: Path, chosen: Config, start: Callable[[], None]) -> None:
        """Make sure that a run can begin with a file that is on no shelf, before one is made; off the UI's thread."""
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

        self.app.push_screen(_not_from_file(message.error), answered)

    def fill(self, chosen: Mapping[str, str]) -> None:
        """Put these texts into their fields."""
        for widget in self.query(Input):
            widget.value = chosen.get(widget.name or "", widget.value)

    def action_data(self) -> None:
        """Look at the films that the form names."""
        values = self.values
        try:
            classes = {key: values[key] for key in ("data.positive", "data.negative")}
            data = configs.with_values(self.base, classes).data
        except CxrtuiError:  # said beside its field
            data = self.base.data
        self.go(OpenData(values["data.source"].strip(), data))

    def action_weights(self) -> None:
        """Choose, fetch or port the initial weights."""
        self.go(OpenWeights(self.values["model.init"].strip()))

    def action_back(self) -> None:
        """Back to the runs."""
        self.dismiss()
