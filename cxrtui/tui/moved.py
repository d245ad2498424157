"""The question where the films of a resumed run are now, which is asked if they are missing or others are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input, Static

from cxrtui.errors import OtherFilmsError
from cxrtui.printable import printable, printable_lines
from cxrtui.runs.state import RunState
from cxrtui.settings.config import Config
from cxrtui.tui.door import titled
from cxrtui.tui.front import Front
from cxrtui.tui.keys import bindings, key_of
from cxrtui.tui.widgets.suggest import PathSuggester
from cxrtui.tui.wording import in_fields

ADVICE = "The same films, in another place or folder."


def why_ask(settings: Config, state: RunState) -> str:
    """Return why the user must be asked where the films are before a run is resumed; empty if that is not needed.

    Args:
        settings: the run's own settings, which have the old paths of the films.
        state: the state of the run, which may have failed last because other films were there.
    """
    from cxrtui.data.sources.naming import absent

    if missing := absent(settings.data.source):
        return f"Its films are not at {', '.join(map(printable, missing))} any more."
    failed = state.failed if state.status == "failed" else None
    return failed.message if failed is not None and failed.error == OtherFilmsError.__name__ else ""


class MovedScreen(Front[tuple[str, ...] | None]):
    """Asks for a path for each of the run's sources. Its result is the absolute paths, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("moved"),
        Binding("pageup", "scroll('page_up')", show=False),
        Binding("pagedown", "scroll('page_down')", show=False),
    ]

    def __init__(self, name: str, why: str, sources: Sequence[str]) -> None:
        super().__init__()
        self._name_of_run, self._why, self._sources = name, why, tuple(sources)

    def compose(self) -> ComposeResult:
        """Show the reason, an input for each source, a note, and the buttons."""
        with Vertical(classes="dialog") as box:
            box.border_title = titled(f"Where are the films of {self._name_of_run} now?")
            with VerticalScroll(id="moved-why", can_focus=False):
                yield Static(printable_lines(in_fields(self._why)), markup=False)
            with VerticalScroll(id="moved-sources", can_focus=False):
                for source in self._sources:
                    yield Input(source, placeholder="folder or table of the same films", compact=True,
                                suggester=PathSuggester(), select_on_focus=False)  # fmt: skip
            yield Static(ADVICE, id="moved-note", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button(f"Go on ({key_of('moved', 'go_on')})", variant="primary", compact=True, id="moved-go")
                yield Button(f"Cancel ({key_of('moved', 'cancel')})", compact=True, id="moved-cancel")

    def on_mount(self) -> None:
        """Say if there is more text than fits."""
        self.watch(self.query_one("#moved-why"), "show_vertical_scrollbar", self._say_more)

    def _say_more(self, more: bool) -> None:
        self.query_one(".dialog").border_subtitle = "pgup pgdn: the rest" if more else ""

    def action_scroll(self, where: str) -> None:
        """Show another part of a long reason."""
        getattr(self.query_one("#moved-why"), f"scroll_{where}")(animate=False)

    @on(Input.Changed)
    def _typed(self) -> None:
        """Say no more what was wrong with a path that is not there now."""
        self._say(ADVICE)

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        if event.input is self.query(Input).last():
            self.action_go_on()
        else:
            self.focus_next()

    @on(Button.Pressed, "#moved-go")
    def action_go_on(self) -> None:
        """Return the typed paths if all of them exist."""
        from cxrtui.data.sources.naming import absent, absolute

        fields = list(self.query(Input))
        for field in fields:
            text = field.value.strip()
            missing = absent([absolute(text)]) if text else ["(nothing typed)"]
            if missing:
                self._say(f"✗ no such file or folder: {printable(missing[0])}", wrong=True)
                field.focus()
                return
        self.dismiss(tuple(absolute(field.value.strip()) for field in fields))

    def _say(self, note: str, wrong: bool = False) -> None:
        shown = self.query_one("#moved-note", Static)
        shown.set_class(wrong, "-wrong")
        shown.update(note)

    @on(Button.Pressed, "#moved-cancel")
    def action_cancel(self) -> None:
        """Leave the run as it is."""
        self.dismiss(None)
