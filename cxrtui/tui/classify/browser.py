"""The browser: a field for a path, the folders as a tree, and in its place what a filter finds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from cxrtui.printable import printable
from cxrtui.tui.classify.found import FoundFilms
from cxrtui.tui.widgets.lines import Lines
from cxrtui.tui.widgets.picker import IMAGES, Picker
from cxrtui.tui.widgets.suggest import PathSuggester
from cxrtui.workspace import expand


class Field(Input):
    """A field; escape leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back", key_display="esc")]

    class Left(Message):
        """Escape was pressed."""

        def __init__(self, field: Field) -> None:
            super().__init__()
            self.field = field

        @property
        def control(self) -> Field:
            """The field."""
            return self.field

    def action_leave(self) -> None:
        """Leave the field."""
        self.post_message(self.Left(self))


class Browser(Vertical):
    """Where films are selected. What is selected is kept when the folder changes."""

    class Changed(Message):
        """The selection, the folder or the filter changed."""

    class Cursor(Message):
        """The cursor is on another film or folder."""

    class Refused(Message):
        """A typed path leads nowhere."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, root: Path, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box")
        self._root = root
        self._aim: Path | None = None  # the cursor goes there once the tree has read its folder

    def compose(self) -> ComposeResult:
        """Put the two fields above the tree; the list of what was found takes its place while there is a filter."""
        yield Field(compact=True, id="place", placeholder="path of films", suggester=PathSuggester(suffixes=IMAGES))
        yield Field(compact=True, id="find", placeholder="words of a name")
        yield Picker(self._root, id="picker")
        yield FoundFilms(lambda path: path in self.picker.chosen, id="found")

    def on_mount(self) -> None:
        """Show the folder."""
        self.border_title = "films"
        self.query_one("#find").display = self.found.display = False
        self._show_place()

    # --- what is where

    @property
    def picker(self) -> Picker:
        """The tree."""
        return self.query_one(Picker)

    @property
    def found(self) -> FoundFilms:
        """The list of what the filter finds."""
        return self.query_one(FoundFilms)

    @property
    def chosen(self) -> list[Path]:
        """The selected films, in the order in which they were selected."""
        return list(self.picker.chosen)

    @property
    def root(self) -> Path:
        """The folder that is shown."""
        return Path(self.picker.path)

    @property
    def filtered(self) -> bool:
        """Whether the list of what was found is shown in place of the tree."""
        return self.found.display

    @property
    def path_under_cursor(self) -> Path | None:
        """The film or folder under the cursor."""
        return self.found.path_under_cursor if self.filtered else self.picker.path_under_cursor

    @property
    def film_under_cursor(self) -> Path | None:
        """The film under the cursor; None where a folder is, or nothing."""
        return self.path_under_cursor if self.filtered else self.picker.film_under_cursor

    @property
    def has_cursor(self) -> bool:
        """Whether the tree or the list has the focus."""
        return self.picker.has_focus or self.found.has_focus

    def beside(self, count: int = 2) -> list[Path]:
        """Return the films that are `count` lines or less from the cursor, the next ones first."""
        result = []
        for by in (by for step in range(1, count + 1) for by in (step, -step)):
            if self.filtered:
                path = self.found.path_at(self.found.cursor + by)
            else:
                path = self.picker.film_at(self.picker.cursor_line + by)
            if path is not None:
                result.append(path)
        return result

    def step(self, by: int) -> None:
        """Move the cursor to the next (1) or previous (-1) film."""
        if self.filtered:
            self.found.cursor += by
            return
        line = self.picker.cursor_line + by
        while 0 <= line <= self.picker.last_line:
            if self.picker.film_at(line) is not None:
                self.picker.cursor_line = line
                return
            line += by

    def focus_list(self) -> None:
        """Give the focus to the tree, or to the list that takes its place."""
        (self.found if self.filtered else self.picker).focus()

    # --- selecting

    def tick(self) -> None:
        """Select or unselect the film under the cursor; open or close a folder."""
        if not self.filtered:
            self.picker.action_tick()
        elif (path := self.path_under_cursor) is not None:
            self.picker.toggle(path)
            self.found.refresh()

    def choose_all(self) -> int:
        """Select all that the filter finds, or else the films of the folder under the cursor; return how many."""
        if not self.filtered:
            return self.picker.choose_folder()
        self.picker.choose(self.found.matches)
        self.found.refresh()
        return len(self.found.matches)

    def choose_none(self) -> None:
        """Unselect all."""
        self.picker.choose_none()
        self.found.refresh()

    @on(Picker.Chosen)
    def _chosen_changed(self) -> None:
        self._show_counts()
        self.post_message(self.Changed())

    def _show_counts(self) -> None:
        words = []
        if self.filtered:
            words.append(f"{len(self.found.matches)} found")
        if self.picker.chosen:
            words.append(f"{len(self.picker.chosen)} selected")
        self.border_subtitle = " · ".join(words)

    # --- the field for a path

    def _show_place(self) -> None:
        self.query_one("#place", Field).value = printable(self.root)

    def type_place(self) -> None:
        """Let the user type a path."""
        field = self.query_one("#place", Field)
        field.focus()
        field.action_end(select=False)

    def open(self, folder: Path, film: Path | None = None) -> None:
        """Show another folder, with the cursor on `film`."""
        self.clear_filter()
        self._aim = film
        self.picker.path = folder
        self._show_place()
        self.post_message(self.Changed())

    @on(Input.Submitted, "#place")
    def _placed(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip().strip("'\"").removeprefix("file://")
        stay = text in ("", printable(self.root))  # a name that is not printable cannot be typed
        path = self.root if stay else Path(os.path.abspath(expand(text)))
        if path.is_dir():
            self.open(path)
        elif path.is_file():
            self.open(path.parent, path)
            self.picker.choose([path])
        else:
            self.post_message(self.Refused(f"✗ there is no file or folder {printable(path)}"))
            return
        self.focus_list()

    @on(Field.Left, "#place")
    def _place_left(self) -> None:
        self._show_place()
        self.focus_list()

    @on(Picker.DirectoryRead)
    def _directory_read(self) -> None:
        """Put the cursor on the film that was asked for."""
        if self._aim is not None and self.picker.aim_at(self._aim):
            self._aim = None

    # --- the filter

    def type_filter(self) -> None:
        """Let the user type words that the names of films must have."""
        field = self.query_one("#find", Field)
        field.display = True
        field.focus()
        self.found.look_below(self.root)

    @on(Input.Changed, "#find")
    def _narrow(self) -> None:
        words = self.query_one("#find", Field).value.casefold().split()
        self.found.display, self.picker.display = bool(words), not words
        self.found.narrow(words)

    @on(Input.Submitted, "#find")
    @on(Field.Left, "#find")
    def _find_left(self, event: Message) -> None:
        event.stop()
        if not self.filtered:
            self.query_one("#find").display = False
        self.focus_list()

    def clear_filter(self) -> bool:
        """Show the tree again; return whether there was a filter."""
        field = self.query_one("#find", Field)
        shown = bool(field.display)
        field.value, field.display = "", False
        self.found.display, self.picker.display = False, True
        self.found.forget()
        self._show_counts()
        return shown

    @on(Lines.Moved, "#found")
    def _moved(self, event: Lines.Moved) -> None:
        event.stop()
        self._show_counts()
        self.post_message(self.Cursor())

    @on(Lines.Entered, "#found")
    def _entered(self, event: Lines.Entered) -> None:
        event.stop()
        self.tick()
