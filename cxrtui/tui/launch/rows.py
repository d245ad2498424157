"""The lines of the form, one for each setting, and the sections that open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Collapsible, Static

from cxrtui.settings.listing import Setting
from cxrtui.tui.launch.checks import Note
from cxrtui.tui.launch.form_input import FormInput
from cxrtui.tui.launch.form_select import FormSelect

PATHS = ("data.source", "data.splits", "model.init")
"""Settings that take paths, which are edited; all except the first also take words, which are typed anew."""

CHANGED, NOTHING = "•", "–"


class Row(Horizontal):
    """Shows the label of a setting, its value, and a note on it."""

    def __init__(self, setting: Setting, text: str, suggester: Suggester | None) -> None:
        super().__init__(classes="field")
        self._setting, self._text, self._suggester = setting, text, suggester

    def compose(self) -> ComposeResult:
        """Use a list if there are choices, else an input."""
        item = self._setting
        yield Static(f"  {item.label}", classes="field-label")
        if item.choices and not item.several:
            yield FormSelect(item.choices, self._text, compact=True, name=item.key)
        else:
            yield FormInput(self._text, compact=True, name=item.key, suggester=self._suggester,
                            placeholder=item.default_text or NOTHING, paths=item.key in PATHS,
                            words=item.key != PATHS[0])  # fmt: skip
        yield Static("", classes="field-note", name=item.key, markup=False)

    @property
    def key(self) -> str:
        """The key of the setting."""
        return self._setting.key

    def show(self, note: Note) -> None:
        """Show the note, and mark a value that is not the default."""
        said = self.query_one(".field-note", Static)
        said.update(note.text if note.ok else f"✗ {note.text}")
        said.set_class(not note.ok, "-wrong")
        label = self.query_one(".field-label", Static)
        label.update(f"{CHANGED if note.changed else ' '} {self._setting.label}")
        label.set_class(note.changed, "-changed")


class Section(Collapsible):
    """Holds the settings that the form does not show at first; their lines are made when the section is opened."""

    def __init__(self, name: str, settings: Sequence[Setting], row: Callable[[Setting], Widget]) -> None:
        """Make a closed section; `row` makes the line of a setting."""
        super().__init__(title=name, name=name)
        self.settings = settings
        self._row = row
        self._filled = False

    async def on_collapsible_expanded(self) -> None:
        """Make the lines when the section is opened for the first time."""
        await self.fill()

    def scroll_visible(self, *args: Any, **options: Any) -> None:
        """Scroll to the section where the cursor is on it; opening all of them leaves the form where the cursor is."""
        if self.has_focus_within:
            super().scroll_visible(*args, **options)

    async def fill(self) -> None:
        """Make the lines if they are not there yet."""
        if not self._filled:
            self._filled = True
            await self.query_one(Collapsible.Contents).mount_all([self._row(item) for item in self.settings])

    def show(self, changed: int, wrong: int) -> None:
        """Show in the title how many settings there are, how many are changed, and how many are wrong."""
        parts = [f"{self.name} · {len(self.settings)} more"]
        parts += [f"{CHANGED} {changed} changed"] if changed else []
        parts += [f"✗ {wrong} wrong"] if wrong else []
        self.title = " · ".join(parts)
        self.set_class(bool(wrong), "-wrong")
