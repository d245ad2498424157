"""The films below a folder whose paths hold all the words of a filter; a thread looks for them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.text import Text
from textual import on

from cxrtui.data.sources.folders import is_mask_folder
from cxrtui.data.sources.litter import hidden
from cxrtui.printable import printable
from cxrtui.tui.watch import Seen, Watch
from cxrtui.tui.widgets.bars import shortened
from cxrtui.tui.widgets.lines import Lines
from cxrtui.tui.widgets.picker import IMAGES

FILES_MOST = 100_000
_AT_ONCE = 2_000  # files between two looks of the screen


def walk(root: Path, stopped: Callable[[], bool]) -> Iterator[tuple[Path, ...]]:
    """Yield the growing list of all films below `root`, folder by folder; what has no ending may be DICOM."""
    found: list[Path] = []
    reported = 0
    for folder, folders, names in os.walk(root):
        if stopped():
            return
        folders[:] = sorted(name for name in folders if not hidden(name) and not is_mask_folder(name))
        for name in sorted(names):
            ending = os.path.splitext(name)[1].lower()
            if not hidden(name) and (ending in IMAGES or not ending):
                found.append(Path(folder, name))
        if len(found) - reported >= _AT_ONCE:
            reported = len(found)
            yield tuple(found[:FILES_MOST])
        if len(found) >= FILES_MOST:
            break
    yield tuple(found[:FILES_MOST])


class FoundFilms(Lines):
    """Lists `matches`; says that the cursor has moved whenever they change."""

    def __init__(self, is_chosen: Callable[[Path], bool], *, id: str | None = None) -> None:
        super().__init__(self._draw, id=id)
        self._is_chosen = is_chosen
        self._root: Path | None = None  # below which the films are
        self._is_new = False  # whether they were looked for since `forget`
        self._words: Sequence[str] = ()
        self._files: tuple[Path, ...] = ()
        self._watch: Watch[tuple[Path, ...]] | None = None
        self.matches: list[Path] = []

    def on_unmount(self) -> None:
        """Stop reading folders."""
        if self._watch is not None:
            self._watch.stop()

    def look_below(self, root: Path) -> None:
        """Look for the films below `root`, unless they were found already."""
        if self._is_new and self._root == root:
            return
        self._root, self._files, self._is_new = root, (), True
        if self._watch is not None:
            self._watch.stop()
        self._watch = Watch(self, lambda stopped: walk(root, stopped), None)
        self._watch.start("find films")

    def forget(self) -> None:
        """Look anew the next time."""
        self._is_new = False

    @on(Seen)
    def _seen(self, message: Seen) -> None:
        message.stop()
        if message.watch is self._watch and (files := message.watch.take()) is not None:
            self._files = files
            self.narrow(self._words)

    def narrow(self, words: Sequence[str]) -> None:
        """List the films whose paths below the folder have all `words`, in small letters; none if there are none."""
        self._words = words
        length = self._prefix
        self.matches = (
            [path for path in self._files if all(word in str(path)[length:].casefold() for word in words)]
            if words else []
        )  # fmt: skip
        self.refresh_lines(len(self.matches), 0)

    @property
    def _prefix(self) -> int:
        """The length of what all paths begin with."""
        return len(str(self._root)) + 1

    def path_at(self, place: int) -> Path | None:
        """Return the film of a line; None where there is none."""
        return self.matches[place] if 0 <= place < len(self.matches) else None

    @property
    def path_under_cursor(self) -> Path | None:
        """The film under the cursor."""
        return self.path_at(self.cursor)

    def _draw(self, place: int, width: int) -> Text:
        path = self.matches[place]
        chosen, name = self._is_chosen(path), printable(str(path)[self._prefix :])
        return Text(f"{'■' if chosen else '□'} {shortened(name, width - 2)}", style="bold" if chosen else "")
