"""The lines of the form, one for each setting, and the groups that they are in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Collapsible, Static

from cxrtui.settings.listing import Setting
from cxrtui.settings.sections import FILES
from cxrtui.tui.launch.checks import Note
from cxrtui.tui.launch.form_input import FormInput
from cxrtui.tui.widgets.form_select import FormSelect

PATHS = ("data.source", *FILES, "model.init")
"""Settings that take paths, which are edited; all except the first also take words, which are typed anew."""

CHANGED, NOTHING = "•", "–"


def help_of(setting: Setting) -> str:
    """Return what a setting means, its limits and its default, as one line."""
    default = setting.default_text and f"default {setting.default_text}"
    return " · ".join(filter(None, (setting.about, setting.allowed, default)))


class Row(Vertical):
    """Shows the label of a setting, its value, and a note on it.

    On a narrow screen the note is on a line below while the cursor is on the value, or if it says what is wrong.
    """

    def __init__(self, setting: Setting, text: str, suggester: Suggester | None) -> None:
        super().__init__(classes="field")
        self._setting, self._text, self._suggester = setting, text, suggester

    def compose(self) -> ComposeResult:
        """Use a list if there are choices, else an input."""
        item = self._setting
        with Horizontal(classes="field-line"):
            yield Static(f"  {item.label}", classes="field-label")
            if item.choices and not item.several:
                yield FormSelect(item.choices, self._text, compact=True, name=item.key)
            else:
                yield FormInput(self._text, compact=True, name=item.key, suggester=self._suggester,
                                placeholder=item.default_text or NOTHING, paths=item.key in PATHS,
                                words=item.key != PATHS[0])  # fmt: skip
            yield Static("", classes="field-note", name=item.key, markup=False)
        yield Static(help_of(item), classes="field-help", markup=False)

    @property
    def key(self) -> str:
        """The key of the setting."""
        return self._setting.key

    def show(self, note: Note) -> None:
        """Show the note, or the help if there is nothing to note, and mark a value that is not the default."""
        shown = self.query_one(".field-note", Static)
        text = help_of(self._setting) if note.ok and note.text.startswith(self._setting.about) else note.text
        shown.update(text if note.ok else f"✗ {text}")
        shown.set_class(not note.ok, "-wrong")
        self.set_class(not note.ok, "-wrong")
        self.query_one(".field-help", Static).update(text if note.ok else f"✗ {text}")
        label = self.query_one(".field-label", Static)
        label.update(f"{CHANGED if note.changed else ' '} {self._setting.label}")
        label.set_class(note.changed, "-changed")


class Section(Collapsible, inherit_css=False):
    """A group of settings: those that most runs set, and below them the others, whose lines are made when it opens."""

    # Textual's own style has a rule for `:focus-within`, see `Page.watch_focused`.
    DEFAULT_CSS = """
    Section { width: 1fr; height: auto; }
    Section.-collapsed > Contents { display: none; }
    """

    def __init__(
        self, name: str, title: str, first: Sequence[Setting], others: Sequence[Setting],
        row: Callable[[Setting], Widget],
    ) -> None:  # fmt: skip
        """Make a closed group; `row` makes the line of a setting."""
        super().__init__(title=title, name=name)
        self.settings = (*first, *others)
        self._heading, self._first, self._others = title, first, others
        self._row = row
        self._filled = False

    def compose(self) -> ComposeResult:
        """Put the settings that most runs set between the title and the others."""
        yield self._title
        yield from map(self._row, self._first)
        yield self.Contents()

    def holds(self, key: str) -> bool:
        """Return whether the setting is one of those that are shown only when the group is open."""
        return any(item.key == key for item in self._others)

    async def on_collapsible_expanded(self) -> None:
        """Make the lines when the group is opened for the first time."""
        await self.fill()

    def scroll_visible(self, *args: Any, **options: Any) -> None:
        """Scroll to the group where the cursor is on it; opening all of them leaves the form where the cursor is."""
        if self.has_focus_within:
            super().scroll_visible(*args, **options)

    async def fill(self) -> None:
        """Make the lines if they are not there yet."""
        if not self._filled:
            self._filled = True
            await self.query_one(Collapsible.Contents).mount_all([self._row(item) for item in self._others])

    def show(self, changed: int, wrong: int) -> None:
        """Show in the title how many settings it opens, how many are changed, and how many are wrong."""
        count = len(self._others)
        more = [f"{count} {'more' if self._first else 'settings'}"] if count else []
        parts = [self._heading, *more]
        parts += [f"{CHANGED} {changed} changed"] if changed else []
        parts += [f"✗ {wrong} wrong"] if wrong else []
        self.title = " · ".join(parts)
        self.set_class(bool(wrong), "-wrong")
