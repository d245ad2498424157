"""One side of a pair: the film in half blocks, and below it where it lies, its label and its patient."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from cxrtui.data.films import Film as Record
from cxrtui.printable import printable
from cxrtui.tui.backend import OpenedFilm
from cxrtui.tui.door import titled
from cxrtui.tui.inspect.duplicates.pairs import patient_of
from cxrtui.tui.theme import BAD
from cxrtui.tui.widgets.bars import shortened
from cxrtui.tui.widgets.films.decoding import Decoded, Films, Look
from cxrtui.tui.widgets.films.film import Film


class FilmPane(Vertical):
    """Shows one film of a pair; threads decode it."""

    class Adjusted(Message):
        """Zoom, place or window of the film changed by the user."""

        def __init__(self, pane: FilmPane) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, open_film: Callable[[Path], OpenedFilm], *, id: str) -> None:
        super().__init__(id=id, classes="box film-pane")
        self._films = Films(self, open_film)
        self._path: Path | None = None
        self._record: Record | None = None
        self._left_out = False
        self._conflict = False

    def compose(self) -> ComposeResult:
        """Put the words below the film."""
        yield Film(classes="pane-film")
        yield Static("", classes="pane-about", markup=False)

    def on_mount(self) -> None:
        """Start the threads that decode."""
        self._films.start()

    def on_unmount(self) -> None:
        """End the threads."""
        self._films.stop()

    @property
    def film(self) -> Film:
        """The film as it is drawn."""
        return self.query_one(Film)

    def show(self, record: Record, path: Path, beside: Sequence[Path], *, conflict: bool) -> None:
        """Show the film at `path`; those `beside` are decoded ahead."""
        self._record, self._conflict = record, conflict
        if path != self._path:
            self._path = path
            self.film.show(None, "decoding…")
        if (look := self._films.want(path, beside)) is not None:
            self._show(look)
        self._describe()

    def show_none(self, note: str) -> None:
        """Show that there is no pair."""
        self._path = self._record = None
        self.film.show(None, note)
        self.border_title = self.border_subtitle = ""
        self.query_one(".pane-about", Static).update("")

    def mark(self, *, left_out: bool) -> None:
        """Show whether the film is to be left out."""
        self._left_out = left_out
        self._describe()

    @on(Decoded)
    def _decoded(self, message: Decoded) -> None:
        message.stop()
        if message.path == self._path:
            self._show(message.look)

    def _show(self, look: Look) -> None:
        if look.levels is not self.film.film or look.error:
            self.film.show(look.levels, f"✗ {look.error}" if look.error else "")
        size = ""
        if look.levels is not None:
            height, width = look.levels[0].shape
            size = f"{width}×{height}"
        kind = look.opened.kind if look.opened is not None else ""
        self.border_subtitle = titled(" · ".join(filter(None, (size, kind))))

    @on(Film.Adjusted)
    def _adjusted(self, message: Film.Adjusted) -> None:
        message.stop()
        self.post_message(self.Adjusted(self))

    def _describe(self) -> None:
        if self._record is None or self._path is None:
            return
        label = printable(self._record.label)
        width = max(10, self.size.width - 4)
        before = "✗ left out · " if self._left_out else ""
        self.border_title = titled(before + shortened(printable(self._path.name), width - len(before)))
        self.set_class(self._left_out, "-left-out")
        folder = shortened(printable(os.path.dirname(self._record.path)), width)
        text = Text(folder, no_wrap=True, overflow="ellipsis")
        text.append("\n")
        text.append(f"✗ {label}" if self._conflict else label, f"bold {BAD}" if self._conflict else "bold")
        facts = [patient_of(self._record), self._record.split, self._record.view]
        text.append(f" · {' · '.join(filter(None, facts))}")
        self.query_one(".pane-about", Static).update(text)

    def on_resize(self) -> None:
        """Shorten the path for the new width."""
        self._describe()
