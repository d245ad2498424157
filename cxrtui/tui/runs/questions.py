"""Questions of the Runs screen that are answered by typing: a note, tags, and where to export to."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, RadioButton, RadioSet, Static

from cxrtui.errors import CxrtuiError
from cxrtui.printable import printable_lines
from cxrtui.tui.door import titled
from cxrtui.tui.front import Front
from cxrtui.tui.theme import BAD
from cxrtui.tui.widgets.suggest import PathSuggester

T = TypeVar("T")

TABLES, BOARDS, REPORT, CLASSIFIER = "csv", "tensorboard", "report", "classifier"
_ID = "export-as-"  # before the ids of the forms: the style of another screen hides its own #report


class Ask(Front[T | None], Generic[T]):
    """A box with a field. Its result is what `read` makes of the text, or None for escape; an error keeps it open."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel", show=False)]

    def __init__(self, title: str, about: str, value: str, read: Callable[[str], T]) -> None:
        super().__init__()
        self._title, self._about, self._value, self._read = title, about, value, read

    def compose(self) -> ComposeResult:
        """Put the field under its explanation, and above a line for an error."""
        with Vertical(classes="dialog") as box:
            box.border_title, box.border_subtitle = titled(self._title), "enter: keep · esc: cancel"
            yield Static(printable_lines(self._about), markup=False)
            yield from self.compose_more()
            yield Input(self._value, id="answer", select_on_focus=False)
            yield Static(id="answer-error")

    def compose_more(self) -> ComposeResult:
        """Yield what stands between the explanation and the field."""
        yield from ()

    def on_mount(self) -> None:
        """Type in the field."""
        self.query_one("#answer", Input).focus()

    @on(Input.Submitted, "#answer")
    def _answered(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            answer = self._read(event.value)
        except CxrtuiError as error:
            self.query_one("#answer-error", Static).update(Text(str(error), style=BAD))
            return
        self.dismiss(answer)


class FormButton(RadioButton):
    """A button of which the mark, and not only the colour, says whether it is chosen."""

    @property
    def BUTTON_INNER(self) -> str:  # type: ignore[override]
        """The mark."""
        return "●" if self.value else " "


class AskExport(Ask[tuple[str, str]]):
    """Asks in which form, and into which folder, runs are exported; the result is both."""

    def __init__(self, what: str, form: str, folder: str) -> None:
        about = (f"{what}: a folder of its name, in the folder below, or of a classifier on the shelf. Up and down "
                 "choose the form.")  # fmt: skip
        super().__init__("Export", about, folder, self._chosen)
        self._form = form

    def compose_more(self) -> ComposeResult:
        """Offer the forms."""
        with RadioSet(id="export-form"):
            yield FormButton("tables: steps, validations, results (CSV)", self._form == TABLES, id=_ID + TABLES)
            yield FormButton("an event file for TensorBoard", self._form == BOARDS, id=_ID + BOARDS)
            yield FormButton("a report: a page for people (HTML)", self._form == REPORT, id=_ID + REPORT)
            yield FormButton(
                "a classifier on the shelf, for any machine", self._form == CLASSIFIER, id=_ID + CLASSIFIER
            )

    def _chosen(self, folder: str) -> tuple[str, str]:
        pressed = self.query_one("#export-form", RadioSet).pressed_button
        return (pressed.id or "").removeprefix(_ID) or TABLES if pressed is not None else TABLES, folder.strip() or "."

    def on_mount(self) -> None:
        """Complete paths."""
        field = self.query_one("#answer", Input)
        field.suggester = PathSuggester()
        super().on_mount()

    def key_up(self) -> None:
        """Choose the form above, while typing too."""
        self._step(-1)

    def key_down(self) -> None:
        """Choose the form below, while typing too."""
        self._step(1)

    def _step(self, by: int) -> None:
        """Choose the form `by` places further down, if there is one."""
        forms = self.query_one("#export-form", RadioSet)
        place = forms.pressed_index + by
        if 0 <= place < len(buttons := [*forms.query(RadioButton)]):
            buttons[place].value = True
