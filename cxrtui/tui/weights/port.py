"""The form of a port: the file to put on the shelf, and its name there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from cxrtui.errors import UsageError
from cxrtui.tui.front import Front
from cxrtui.tui.keys import bindings, key_of
from cxrtui.tui.widgets.suggest import PathSuggester
from cxrtui.weights import input_range
from cxrtui.weights.hub import Published
from cxrtui.weights.shelf import is_shelf
from cxrtui.workspace import expand

FIELDS = (
    ("file", "File", "a .safetensors, .pth, .h5 or .msgpack file"),
    ("name", "Name", "on the shelf"),
    ("licence", "Licence", "of the weights; may stay empty"),
    ("range", "Range", "of one channel: -1024:1024, imagenet, 0:1"),
    ("prefix", "Prefix", "where the file holds several networks"),
    ("copy", "Copy", "ema: averaged weights; empty: plain ones"),
)
COPIES = ("", "plain", "ema")
_LAST = ("licence", "range", "prefix", "copy")


@dataclass(frozen=True)
class PortOrder:
    """The file to port and its options; with `force` it replaces a model of that name."""

    file: str
    name: str
    licence: str
    range: str = ""
    prefix: str = ""
    copy: str = ""
    force: bool = False


class PortScreen(Front[PortOrder | None]):
    """A small form in front of the shelf, which is checked while the user types. Its result is a `PortOrder`."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("port")

    def __init__(self, models: Path, missing: Published | None = None, last: PortOrder | None = None) -> None:
        """Make the form.

        Args:
            models: the shelf.
            missing: the published weights under the cursor; a file with their file's name gets their name.
            last: an earlier order that failed, for the user to correct.
        """
        super().__init__()
        self._models, self._missing = models, missing
        self._texts = {key: getattr(last, key) for key, *_ in FIELDS} if last else {}
        self._offered = ""  # the name that was made from the file's name

    def compose(self) -> ComposeResult:
        """Put a line for each field, the note, and the buttons."""
        with Vertical(classes="dialog") as box:
            box.border_title = "port a file of weights"
            for key, label, hint in FIELDS:
                with Horizontal(classes="port-field"):
                    yield Static(label, classes="field-label")
                    suggester = PathSuggester() if key == "file" else None
                    yield Input(self._texts.get(key, ""), name=key, placeholder=hint, compact=True,
                                suggester=suggester, select_on_focus=False)  # fmt: skip
            yield Static("", id="port-note", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button(f"Put it on the shelf ({key_of('port', 'port')})", variant="primary", compact=True,
                             id="port-go")  # fmt: skip
                yield Button(f"Cancel ({key_of('port', 'cancel')})", compact=True, id="port-cancel")

    def on_mount(self) -> None:
        """Check the first texts."""
        self._check()

    @property
    def values(self) -> dict[str, str]:
        """The texts by field."""
        return {item.name or "": item.value.strip() for item in self.query(Input)}

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        name = next(item for item in self.query(Input) if item.name == "name")
        if event.input.name == "file" and name.value == self._offered:
            self._offered = name.value = self._name_for(event.value.strip())
            name.cursor_position = len(name.value)
        self._check()

    def _name_for(self, file: str) -> str:
        if file.endswith("/"):
            return ""
        if self._missing is not None and expand(file).name == self._missing.file:
            return self._missing.name
        return re.sub(r"[^A-Za-z0-9._-]+", "-", expand(file).stem).strip("-._")[:64]

    def _check(self) -> None:
        wrong, note = self._problem(), self.query_one("#port-note", Static)
        replaced = not wrong and is_shelf(self._models / self.values["name"])
        note.set_class(bool(wrong) or replaced, "-wrong")
        note.update(f"✗ {wrong}" if wrong else f"! {self.values['name']} is there already and would be replaced"
                    if replaced else "the format is detected; the card lists what is taken and left")  # fmt: skip
        self.query_one("#port-go", Button).disabled = bool(wrong)

    def _problem(self) -> str:
        from cxrtui.weights.shelving import free_place

        values = self.values
        if not values["file"]:
            return "say which file; → takes what is suggested"
        try:
            if not expand(values["file"]).is_file():
                return "no such file"
            if not values["name"]:
                return "say what it is to be called on the shelf"
            free_place(self._models, values["name"], force=True)
            if values["range"]:
                input_range.parse(values["range"])
            if values["copy"] not in COPIES:
                return "the copy is ema, plain or empty"
        except UsageError as error:
            return str(error).removesuffix(", or put the new one in the place of a model by --force.")
        except (OSError, ValueError):
            return "no such file"
        return ""

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        if event.input.name in _LAST:  # the fields after the licence are rarely needed
            self.action_port()
        else:
            self.focus_next()

    @on(Button.Pressed, "#port-go")
    def action_port(self) -> None:
        """Return the order if the fields are right."""
        self._check()
        if not self._problem():
            values = self.values
            self.dismiss(PortOrder(**values, force=is_shelf(self._models / values["name"])))

    @on(Button.Pressed, "#port-cancel")
    def action_cancel(self) -> None:
        """Return None."""
        self.dismiss(None)
