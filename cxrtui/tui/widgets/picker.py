"""The file picker: a tree of folders, in which the user ticks films."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from rich.style import Style
from rich.text import Text, TextType
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import DirectoryTree
from textual.widgets._directory_tree import DirEntry
from textual.widgets.tree import TreeNode

from cxrtui.data.films import printable
from cxrtui.data.sources.litter import hidden
from cxrtui.tui.widgets.bars import shortened

IMAGES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".webp", ".tif", ".tiff", ".bmp", ".dcm", ".dicom"})


class Folders(DirectoryTree):
    """Shows folders and files, except hidden ones and those that operating systems leave."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home", "first", "First line", show=False),
        Binding("end", "last", "Last line", show=False),
    ]

    def action_first(self) -> None:
        """Go to the first line."""
        self.cursor_line = 0

    def action_last(self) -> None:
        """Go to the last line."""
        self.cursor_line = self.last_line

    def filter_paths(self, paths: Iterable[Path]) -> Iterable[Path]:
        """Return all paths except hidden ones; not the name of a file but its content decides whether it is a film."""
        return [path for path in paths if not hidden(path.name)]

    def process_label(self, label: TextType) -> Text:
        """Return a name as printable text, whatever its bytes."""
        return super().process_label(printable(label) if isinstance(label, str) else label)

    def render_label(self, node: TreeNode[DirEntry], base_style: Style, style: Style) -> Text:
        """Draw an arrow before each folder."""
        label = node._label.copy()
        label.stylize(style)
        mark = ("▾ " if node.is_expanded else "▸ ") if node.allow_expand else "  "
        return Text.assemble((mark, base_style), label)

    @property
    def path_under_cursor(self) -> Path | None:
        """The path under the cursor, or None."""
        node = self.cursor_node
        return node.data.path if node is not None and node.data is not None else None


class Picker(Folders):
    """A tree in which space or enter ticks a film, and enter opens a folder. `chosen` keeps the order of ticking."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "tick", "Select", key_display="space")]

    class Chosen(Message):
        """The ticked films changed."""

    class DirectoryRead(Message):
        """The tree has read a folder and has its lines."""

    def __init__(self, path: Path, *, id: str | None = None) -> None:
        super().__init__(path, id=id)
        self.chosen: dict[Path, None] = {}
        self.show_root = True
        self.guide_depth = 2

    def render_label(self, node: TreeNode[DirEntry], base_style: Style, style: Style) -> Text:
        """Draw a box, ticked or not, before a file, and an arrow before a folder; the start of a long name is cut."""
        label = node._label.copy()
        room = self.scrollable_content_region.width - self.guide_depth * _depth(node) - 2
        if room > 0 and label.cell_len > room:
            label = Text(shortened(label.plain, max(4, room)))
        label.stylize(style)
        if node.allow_expand:
            return Text.assemble(("▾ " if node.is_expanded else "▸ ", base_style), label)
        ticked = node.data is not None and node.data.path in self.chosen
        return Text.assemble(("■ " if ticked else "□ ", base_style + Style(bold=ticked)), label)

    def on_resize(self) -> None:
        """Cut the names for the new width."""
        self._updates += 1  # the lines are cached by this count
        self.refresh()

    def _populate_node(self, node: TreeNode[DirEntry], content: Iterable[Path]) -> None:
        super()._populate_node(node, content)
        self.post_message(self.DirectoryRead())

    def film_at(self, line: int) -> Path | None:
        """Return the file on a line of the tree; None if it is a folder or there is no such line."""
        node = self.get_node_at_line(line) if line >= 0 else None
        return None if node is None or node.data is None or node.allow_expand else node.data.path

    @property
    def film_under_cursor(self) -> Path | None:
        """The file under the cursor; None where a folder is, or nothing."""
        return self.film_at(self.cursor_line)

    def aim_at(self, film: Path) -> bool:
        """Put the cursor on the file at `film`; return whether it is there."""
        for node in self.root.children:
            if node.data is not None and node.data.path == film:
                self.call_after_refresh(self.move_cursor, node)
                return True
        return False

    def action_tick(self) -> None:
        """Tick or untick the film under the cursor; open or close a folder."""
        node, path = self.cursor_node, self.path_under_cursor
        if node is None or path is None:
            return
        if node.allow_expand:
            node.toggle()
        else:
            self.toggle(path)

    def toggle(self, film: Path) -> None:
        """Tick or untick a film."""
        if film in self.chosen:
            del self.chosen[film]
        else:
            self.chosen[film] = None
        self._changed()

    def choose(self, films: Iterable[Path]) -> None:
        """Tick films."""
        self.chosen.update(dict.fromkeys(films))
        self._changed()

    def choose_folder(self) -> int:
        """Tick every film in the folder under the cursor, or of the file under it; return how many there are."""
        path = self.path_under_cursor or Path(self.path)
        folder = path if path.is_dir() else path.parent
        try:
            with os.scandir(folder) as entries:
                films = sorted(
                    Path(entry.path)
                    for entry in entries
                    if os.path.splitext(entry.name)[1].lower() in IMAGES and entry.is_file()
                )
        except OSError:
            films = []
        if films:
            self.choose(films)
        return len(films)

    def choose_none(self) -> None:
        """Untick all."""
        self.chosen.clear()
        self._changed()

    def _changed(self) -> None:
        self._updates += 1  # the lines are cached by this count
        self.refresh()
        self.post_message(self.Chosen())


def _depth(node: TreeNode[DirEntry]) -> int:
    """Return how many folders of the tree the node is in."""
    depth = 0
    while node.parent is not None:
        depth, node = depth + 1, node.parent
    return depth
