"""Asks for the file that the settings of the form are saved to."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from cxrtui.printable import printable
from cxrtui.tui.door import titled
from cxrtui.tui.front import Front
from cxrtui.tui.keys import bindings, key_of
from cxrtui.tui.widgets.suggest import PathSuggester
from cxrtui.workspace import expand

ADVICE = "What the file holds already is kept, also its comments; these settings are put into it."


class SaveScreen(Front[Path | None]):
    """Asks for a path. Its result is the path, or None."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("save")

    def __init__(self, path: Path) -> None:
        """Offer `path` at first."""
        super().__init__()
        self._path = path

    def compose(self) -> ComposeResult:
        """Show an input, a note, and the buttons."""
        with Vertical(classes="dialog", id="save") as box:
            box.border_title = titled("Save the settings to")
            yield Input(str(self._path), compact=True, suggester=PathSuggester(), select_on_focus=False)
            yield Static(ADVICE, id="save-note", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button(f"Save ({key_of('save', 'save')})", variant="primary", compact=True, id="save-yes")
                yield Button(f"Cancel ({key_of('save', 'cancel')})", compact=True, id="save-no")

    @on(Input.Submitted)
    @on(Button.Pressed, "#save-yes")
    def action_save(self) -> None:
        """Return the typed path, if a file can be there."""
        text = self.query_one(Input).value.strip()
        path = expand(text).absolute()
        if not text or path.is_dir():
            self._say(f"✗ {printable(path)} is a folder; name a file" if text else "✗ name a file")
        elif not path.parent.is_dir():
            self._say(f"✗ there is no folder {printable(path.parent)}")
        else:
            self.dismiss(path)

    def _say(self, text: str) -> None:
        self.query_one("#save-note", Static).update(text)

    @on(Input.Changed)
    def _typed(self) -> None:
        self._say(ADVICE)

    @on(Button.Pressed, "#save-no")
    def action_cancel(self) -> None:
        """Save nothing."""
        self.dismiss(None)
