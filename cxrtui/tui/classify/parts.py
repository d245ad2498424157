"""The parts of the Classify screen and how they play together; `screen` adds the model and the classification."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.events import DescendantFocus
from textual.widgets import DirectoryTree, Static, Tree

from cxrtui.errors import CxrtuiError
from cxrtui.printable import printable
from cxrtui.runs.folder import Run
from cxrtui.settings import config
from cxrtui.tui import memory, threads
from cxrtui.tui.classify.browser import Browser
from cxrtui.tui.classify.film_box import FilmBox
from cxrtui.tui.classify.heat import OPACITY_STEP, Heat
from cxrtui.tui.classify.model_box import ModelBox
from cxrtui.tui.classify.results import Results
from cxrtui.tui.page import Page
from cxrtui.tui.widgets.films.film import Film, FilmActions
from cxrtui.tui.widgets.lines import Lines
from cxrtui.workspace import Workspace

THREE = 144  # width of the screen, cells, from which the three parts stand side by side
VIEWS = ("", "-results", "-film")
"""Classes of the screen's body: all parts, only the results, only the film."""


def _folder_key(workspace: Workspace) -> str:
    return f"classify.folder {workspace.root.absolute()}"


def _first_folder(workspace: Workspace, chosen: Run | None) -> Path:
    """Return the folder that was looked at last in this workspace, or that of the films of `chosen`, or this one."""
    found: list[str] = []

    def look() -> None:
        sources: tuple[str, ...] = ()
        if chosen is not None:
            with suppress(CxrtuiError):
                sources = config.load(chosen.config_file).data.source
        found.extend(filter(os.path.isdir, (memory.get(_folder_key(workspace), ""), *sources)))

    threads.start("look at folder", look).join(
        0.2
    )  # a file system that does not answer must not keep this from opening
    return Path(found[0]) if found else Path.cwd()


class ClassifyParts(FilmActions, Page[None]):
    """Shows the films to choose from, the one under the cursor, and the results."""

    heat: Heat

    def __init__(self, root: Path | None, chosen: Run | None) -> None:
        super().__init__()
        self._root, self._chosen = root, chosen
        self._view = 0
        self._held_until = 0.0
        self._of_film = False
        self._in_results = False  # whether the list that was used last is that of the results

    def compose_body(self) -> ComposeResult:
        """Put model and films on the left, preview and results on the right."""
        with Container(id="classify"):
            with Vertical(id="choose"):
                yield ModelBox(self.dashboard.backend.trained_on, id="model-box")
                yield Browser(self._root or _first_folder(self.dashboard.workspace, self._chosen), id="browser")
            yield FilmBox(self.dashboard.backend.open_film, id="film-box")
            yield Results(id="classified-box")
        yield Static("", id="classify-warning", markup=False)
        yield Static("", id="classify-note", markup=False)

    @property
    def browser(self) -> Browser:
        """The folders and the selection."""
        return self.query_one(Browser)

    @property
    def results(self) -> Results:
        """The results."""
        return self.query_one(Results)

    def the_film(self) -> Film:
        """Return the film that is shown."""
        return self.film_box.film

    @property
    def film_box(self) -> FilmBox:
        """The box of the film."""
        return self.query_one(FilmBox)

    def _say(self, text: str, *, hold: float = 0.0, of_film: bool = False) -> None:
        """Show a line; the progress of a job does not replace it for `hold` seconds.

        `of_film`: it is about the film that is shown, and goes with it.
        """
        self._held_until = time.monotonic() + hold
        self._of_film = of_film
        self.query_one("#classify-note", Static).update(text)

    # --- the film

    @on(Browser.Changed)
    def _keep_folder(self) -> None:
        """Begin in this folder next time."""
        folder = os.path.abspath(self.browser.root)
        if folder.isprintable():
            memory.set(_folder_key(self.dashboard.workspace), folder)

    @on(Browser.Refused)
    def _refused(self, message: Browser.Refused) -> None:
        self._say(message.text, hold=2.0)

    @on(Tree.NodeHighlighted)
    @on(Browser.Cursor)
    def _highlighted(self) -> None:
        film = self.browser.film_under_cursor
        if film is not None:
            self._show_film(film)
        elif self.film_box.path is not None:
            self.film_box.show_none()

    @on(Lines.Moved, "#classified")
    def _row_highlighted(self) -> None:
        if self.results.lines.has_focus:
            self._show_row()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Show the film of the list that the user goes to."""
        if event.widget is self.results.lines:
            self._in_results = True
            self._show_row()
        elif event.widget in (self.browser.picker, self.browser.found):
            self._in_results = False
            self._highlighted()

    def _show_row(self) -> None:
        """Show the film of the row under the cursor."""
        if (outcome := self.results.under_cursor) is not None:
            self._show_film(outcome.path)
            if not outcome.item.ok:  # the row may have no room for the error
                self._say(f"✗ {printable(outcome.path.name)}: {printable(outcome.item.error)}", of_film=True)

    @on(DirectoryTree.FileSelected)
    def _file_selected(self) -> None:
        self.browser.picker.action_tick()

    def _show_film(self, path: Path) -> None:
        """Show a film of the list that has the focus."""
        self.film_box.show(path, self.results.beside if self._in_results else self.browser.beside)
        self._show_verdict()

    def _show_verdict(self) -> None:
        """Show what was predicted of the film, if it was classified."""
        path, results = self.film_box.path, self.results
        outcome = results.outcomes.of(path) if path is not None else None
        self.film_box.predict(outcome, results.outcomes.model if results.earlier else "")

    # --- keys

    def action_tick(self) -> None:
        """Select or unselect the film under the cursor."""
        self.browser.tick()

    def action_all(self) -> None:
        """Select the folder's films, or what the filter finds."""
        if not self.browser.choose_all():
            self._say("no films in this folder" if not self.browser.filtered else "the filter finds no films")

    def action_none(self) -> None:
        """Unselect all."""
        self.browser.choose_none()

    def action_find(self) -> None:
        """Filter the films by words of their names."""
        self._to_view(0)
        self.browser.type_filter()

    def action_place(self) -> None:
        """Type a path."""
        self._to_view(0)
        self.browser.type_place()

    def action_up(self) -> None:
        """Show the folder above."""
        self.browser.open(self.browser.root.resolve().parent)

    def action_view(self) -> None:
        """Show all parts, only the results, or only the film."""
        self._to_view((self._view + 1) % len(VIEWS))

    def _to_view(self, view: int) -> None:
        self._view = view
        body = self.query_one("#classify")
        for place, name in enumerate(VIEWS):
            if name:
                body.set_class(place == view, name)
        if VIEWS[view] == "-results":
            self.results.lines.focus()
        elif VIEWS[view] == "-film":
            self.the_film().focus()
            if self.film_box.path is None:
                self._show_row()
        else:
            self.browser.focus_list()

    def _step(self, by: int) -> None:
        if self._in_results and self.results.outcomes.shown:
            self.results.lines.cursor += by
            self._show_row()
        else:
            self.browser.step(by)

    def action_next(self) -> None:
        """Show the next film."""
        self._step(1)

    def action_previous(self) -> None:
        """Show the previous film."""
        self._step(-1)

    def action_heat(self) -> None:
        """Show or hide the heat map."""
        self.heat.toggle()

    def action_heat_method(self) -> None:
        """Make the heat map in the next way."""
        self.heat.next_kind()

    def action_heat_more(self) -> None:
        """Make the colours fuller."""
        self.heat.change_opacity(OPACITY_STEP)

    def action_heat_less(self) -> None:
        """Make the colours fainter."""
        self.heat.change_opacity(-OPACITY_STEP)

    def action_sort(self) -> None:
        """Sort the results by the next column."""
        self.results.sort()

    def action_reverse(self) -> None:
        """Reverse the order of the results."""
        self.results.reverse()

    def action_only(self) -> None:
        """Show all results, or only some."""
        self.results.filter()
