"""The file picker: a tree of folders, in which the user ticks films."""

from __future__ import annotations

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

    def __init__(self, path: Path, *, id: str | None = None) -> None:
        super().__init__(path, id=id, classes="box")
        self.chosen: dict[Path, None] = {}
        self.show_root = True
        self.guide_depth = 2

    def render_label(self, node: TreeNode[DirEntry], base_style: Style, style: Style) -> Text:
        """Draw a box, ticked or not, before each file, and an arrow before each folder."""
        label = node._label.copy()
        label.stylize(style)
        if node.allow_expand:
            return Text.assemble(("▾ " if node.is_expanded else "▸ ", base_style), label)
        ticked = node.data is not None and node.data.path in self.chosen
        return Text.assemble(("■ " if ticked else "□ ", base_style + Style(bold=ticked)), label)

    def action_tick(self) -> None:
        """Tick or untick the film under the cursor; open or close a folder."""
        node, path = self.cursor_node, self.path_under_cursor
        if node is None or path is None:
            return
        if node.allow_expand:
            node.toggle()
            return
        if path in self.chosen:
            del self.chosen[path]
        else:
            self.chosen[path] = None
        self._changed()

    def choose_folder(self) -> int:
        """Tick every film in the folder under the cursor, or of the file under it; return how many there are."""
        path = self.path_under_cursor or Path(self.path)
        folder = path if path.is_dir() else path.parent
        try:
            films = sorted(item for item in folder.iterdir() if item.suffix.lower() in IMAGES and item.is_file())
        except OSError:
            films = []
        if films:
            self.chosen.update(dict.fromkeys(films))
            self._changed()
        return len(films)

    def choose_none(self) -> None:
        """Untick all."""
        self.chosen.clear()
        self._changed()

    def _changed(self) -> None:
        self._updates += 1  # the lines are cached by this count
        self.refresh()
        self.post_message(self.Chosen())
