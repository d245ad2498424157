"""The question of the Runs screen in which form, and where to, runs are exported."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Input, RadioButton, RadioSet

from cxrtui.tui.ask import Ask
from cxrtui.tui.widgets.suggest import PathSuggester

TABLES, BOARDS, REPORT, CLASSIFIER = "csv", "tensorboard", "report", "classifier"
_ID = "export-as-"  # before the ids of the forms: the style of another screen hides its own #report


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
