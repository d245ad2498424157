"""The form of a new study: which settings vary, and how they are searched; all others are those of the run's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import DescendantFocus
from textual.suggester import SuggestFromList
from textual.widgets import Button, Checkbox, Input, Select, Static

from cxrtui.errors import ConfigError, CxrtuiError
from cxrtui.settings import tuning
from cxrtui.settings.config import Config
from cxrtui.settings.listing import BY_KEY
from cxrtui.settings.space import SearchedSetting
from cxrtui.settings.tuning import TuneConfig
from cxrtui.tui.door import titled
from cxrtui.tui.keys import bindings
from cxrtui.tui.page import Page
from cxrtui.tui.questions import Notice
from cxrtui.tui.routes import OpenTune
from cxrtui.tui.threads import result_of
from cxrtui.tui.tune import new_plan
from cxrtui.tui.tune.new_plan import FIELDS, NAME, WORKERS, Field
from cxrtui.tui.widgets.form_select import FormSelect


class Tick(Checkbox):
    """A mark, and not only a colour, says whether it is ticked."""

    @property
    def BUTTON_INNER(self) -> str:  # type: ignore[override]
        """The mark."""
        return "■" if self.value else " "


class SearchedRow(Vertical):
    """A setting that may vary: ticked or not, and its values as ``--vary`` takes them."""

    def __init__(self, item: SearchedSetting, *, ticked: bool = True) -> None:
        super().__init__(classes="search-row")
        self.key, self._text, self._ticked = item.key, item.text, ticked

    def compose(self) -> ComposeResult:
        """Put the values beside the tick, and below them what is wrong with them."""
        with Horizontal(classes="search-line"):
            yield Tick(self.key, value=self._ticked, compact=True, classes="search-tick")
            yield Input(self._text, compact=True, name=self.key, select_on_focus=False)
            yield Static(BY_KEY[self.key].about, classes="search-help", markup=False)
        yield Static("", classes="search-note", markup=False)

    @property
    def ticked(self) -> bool:
        """Whether the setting varies."""
        return self.query_one(Tick).value

    @property
    def text(self) -> str:
        """The values."""
        return self.query_one(Input).value.strip()

    def check(self) -> bool:
        """Say what is wrong with the values, and return whether nothing is."""
        problem = new_plan.problem_of_values(self.key, self.text) if self.ticked else ""
        return _say(self, problem)


class FieldRow(Vertical):
    """A field of the search."""

    def __init__(self, item: Field, text: str) -> None:
        super().__init__(classes="search-row")
        self.item, self._text = item, text

    def compose(self) -> ComposeResult:
        """Use a list if there are choices, else an input."""
        with Horizontal(classes="search-line"):
            yield Static(f"    {self.item.name}", classes="search-tick", markup=False)
            if self.item.choices:
                yield FormSelect(self.item.choices, self._text, compact=True, name=self.item.name)
            else:
                yield Input(self._text, compact=True, name=self.item.name,
                            placeholder="date and time" if self.item.name == NAME else "")  # fmt: skip
            yield Static(self.item.about, classes="search-help", markup=False)
        yield Static("", classes="search-note", markup=False)

    @property
    def text(self) -> str:
        """What is typed or chosen."""
        if self.item.choices:
            return str(self.query_one(Select).value)
        return self.query_one(Input).value.strip()

    def check(self) -> bool:
        """Say what is wrong with the text, and return whether nothing is."""
        return _say(self, new_plan.problem_of(self.item.name, self.text))


def _say(row: Vertical, problem: str) -> bool:
    note = row.query_one(".search-note", Static)
    note.update(f"✗ {problem}")
    note.display = bool(problem)
    return not problem


class SearchForm(VerticalScroll):
    """Scrolls the rows; up and down go from field to field."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("form")


class NewStudyScreen(Page[OpenTune | None]):
    """Asks what to search over `config`. Its result opens the study that was made and starts its workers."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("search", "everywhere")
    sections = ("search", "everywhere", "form")
    where = "New study"
    AUTO_FOCUS = "Tick"

    def __init__(self, config: Config) -> None:
        super().__init__()
        self._config = config
        self._making = False

    def compose_body(self) -> ComposeResult:
        """Put the searched settings above the fields of the search, and a bar below them."""
        try:
            tune, space, ticked = new_plan.defaults(self._config, self.dashboard.workspace)
            self._left_out = ""
        except ConfigError as error:
            space = tuning.space_of(pretrained=self._config.model.init != "random")
            tune, ticked, self._left_out = TuneConfig(), frozenset(item.key for item in space), str(error)
        texts = new_plan.first_texts(tune)
        with SearchForm(id="search-form", classes="box", can_focus=False) as form:
            form.border_title = "new study"
            yield Static("settings that vary, each with its values: LOW..HIGH, LOW..HIGH:log, or a list a,b,c",
                         classes="search-head", markup=False)  # fmt: skip
            with Vertical(id="search-space"):
                for item in space:
                    yield SearchedRow(item, ticked=item.key in ticked)
            with Horizontal(classes="search-line"):
                yield Static("    another", classes="search-tick")
                yield Input(compact=True, id="search-another", placeholder="optim.momentum=0.8..0.99, then enter",
                            suggester=SuggestFromList([f"{key}=" for key in BY_KEY]))  # fmt: skip
            yield Static("the search", classes="search-head")
            for field in FIELDS:
                yield FieldRow(field, texts[field.name])
        with Horizontal(id="search-bar"):
            yield Static("", id="search-state", markup=False)
            yield Button("Start search (^s)", id="search-start", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Check the first texts."""
        if self._left_out:
            self.notify(self._left_out, title="[tune] of cxrtui.toml is left out", severity="warning", markup=False)
        self._check()

    @property
    def texts(self) -> dict[str, str]:
        """The texts of the fields, by name."""
        return {row.item.name: row.text for row in self.query(FieldRow)}

    @property
    def varied(self) -> dict[str, str]:
        """The values of the settings that are ticked, by key."""
        return {row.key: row.text for row in self.query(SearchedRow) if row.ticked}

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Checkbox.Changed)
    def _check(self) -> None:
        """Say what is wrong, or what the study will train."""
        wrong = [row for row in (*self.query(SearchedRow), *self.query(FieldRow)) if not row.check()]
        right = not wrong
        text = "✗ correct what is marked"
        if right:
            try:
                plan = new_plan.plan_of(self._config, self.texts, self.varied)
                text = f"✔ {new_plan.summary(plan, new_plan.workers_of(self.texts[WORKERS]))}"
            except ConfigError as error:
                text, right = f"✗ {error}", False
        if not self._making:
            self.query_one("#search-state", Static).update(text)
            self.query_one("#search-start", Button).disabled = not right

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Show on the border the help of the field under the cursor."""
        row = next((node for node in event.widget.ancestors if isinstance(node, (SearchedRow, FieldRow))), None)
        text = ""
        if isinstance(row, SearchedRow):
            text = BY_KEY[row.key].about
        elif row is not None:
            text = row.item.about
        self.query_one(SearchForm).border_subtitle = titled(text)

    @on(Input.Submitted, "#search-another")
    async def _add(self, event: Input.Submitted) -> None:
        """Let one more setting vary."""
        event.stop()
        text = event.value.strip()
        if not text:
            self.focus_next()
            return
        try:
            (item,) = tuning.parse_vary([text])
        except ConfigError as error:
            self.notify(str(error), title="Not searched", severity="warning", markup=False)
            return
        for row in self.query(SearchedRow):
            if row.key == item.key:
                row.query_one(Input).value = item.text
                row.query_one(Tick).value = True
                break
        else:
            await self.query_one("#search-space").mount(SearchedRow(item))
        event.input.value = ""
        self._check()

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    def action_line_below(self) -> None:
        """Go to the next field."""
        self.focus_next()

    def action_line_above(self) -> None:
        """Go to the field before."""
        self.focus_previous()

    @on(Button.Pressed, "#search-start")
    def action_start(self) -> None:
        """Make the study."""
        if not self._making and not self.query_one("#search-start", Button).disabled:
            self._make(self.texts, self.varied)

    @work
    async def _make(self, texts: Mapping[str, str], varied: Mapping[str, str]) -> None:
        """Check and make it in a thread, for there may be thousands of combinations."""
        self._making = True
        self.query_one("#search-state", Static).update("checking the combinations of extreme values …")
        try:
            plan = new_plan.plan_of(self._config, texts, varied)
            study = await result_of("make study", new_plan.make, self.dashboard.workspace, texts[NAME], plan)
        except CxrtuiError as error:
            self._making = False
            self._check()
            self.app.push_screen(Notice("Not started", str(error)))
            return
        self.dismiss(OpenTune(study, new_plan.workers_of(texts[WORKERS])))

    def action_back(self) -> None:
        """Go back to the form of the run."""
        self.dismiss(None)
