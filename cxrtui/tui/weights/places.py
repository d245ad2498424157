"""The places of the shelf as the Weights screen shows them. This module has no widgets and imports no JAX."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rich.text import Text

from cxrtui.files import open_file
from cxrtui.printable import printable, printable_lines
from cxrtui.tui.keys import key_of
from cxrtui.tui.theme import BAD, FAINT, GOOD, WARN
from cxrtui.weights import hub, shelf

_CARD_MOST = 20_000  # bytes
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n+", re.DOTALL)  # of a card; it is for programs
Stamp = tuple[int, int]  # size and time of a weights file
Checked = Mapping[Path, tuple[Stamp, str]]
"""The results of checks by folder: the stamp of the weights file that was read, and the error or ""."""

STATES = {
    "sound": ("✔", GOOD, "its checksum is the one that was recorded"),
    "here": ("✔", "", "on the shelf; {check} compares its checksum"),
    "damaged": ("✗", BAD, "cannot be used"),
    "partly here": ("◐", WARN, "a fetch was interrupted; {fetch} goes on with it"),
    "not here": ("○", FAINT, "{fetch} fetches it"),
}


@dataclass(frozen=True)
class Place:
    """A folder of the shelf, or published weights that are not on it.

    Attributes:
        entry: the entry of `shelf.entries`; its error may be that of a check.
        checked: whether the checksum was compared and the file has not changed since.
        partial: bytes that an interrupted fetch has left.
        card: the text of the folder's README.md.
    """

    entry: shelf.Entry
    checked: bool = False
    partial: int = 0
    card: str = ""

    @property
    def name(self) -> str:
        """The name on the shelf."""
        return self.entry.name

    @property
    def searched(self) -> str:
        """The text of its row, in which words are found."""
        return " ".join(cell.plain for cell in self.row(len(self.name)))

    @property
    def folder_is_here(self) -> bool:
        """Whether there is a folder, sound or damaged."""
        return bool(self.entry.manifest or self.entry.error)

    @property
    def state(self) -> str:
        """One of `STATES`."""
        if self.entry.error:
            return "damaged"
        if self.entry.manifest is not None:
            return "sound" if self.checked else "here"
        return "partly here" if self.partial else "not here"

    @property
    def state_text(self) -> Text:
        """The state with its mark; the colour has the same meaning as the mark."""
        mark, style, _ = STATES[self.state]
        published = self.entry.published
        if self.state == "partly here" and published is not None and published.bytes:
            return Text(f"{mark} {100 * self.partial // published.bytes} % here", style=style)
        return Text(f"{mark} {self.state}", style=style)

    @property
    def comes_with_a_run(self) -> bool:
        """Whether a run that begins with it fetches it: it is published, not here, and fetching is not forbidden."""
        return self.entry.published is not None and not self.folder_is_here and not hub.offline()

    @property
    def advice(self) -> str:
        """What to do if it cannot be used; empty if it can."""
        if self.entry.present:
            return ""
        fetch = key_of("weights", "fetch")
        if self.comes_with_a_run:
            return (
                f"{self.name} is {self.state}: {fetch} fetches it now, and a run that begins with it fetches it first"
            )
        if self.entry.published is not None:
            return f"{self.name} is {self.state}: {fetch} fetches it"
        return f"{self.name} cannot be used; port the file again, or remove it"

    @property
    def loss(self) -> str:
        """What is lost if it is removed, as text for a question."""
        if not self.folder_is_here:
            return f"{megabytes(self.partial)} of {self.name} were fetched before; the next fetch starts again."
        manifest, folder = self.entry.manifest, self.entry.folder
        lines = [str(folder), "Its weights and its card are removed for good."]
        if folder.is_symlink():
            lines[1] = "It is a link; the link is removed, and what it leads to stays."
        elif manifest is not None and manifest.labels:
            lines.append("It is a finished classifier, and this may be the only copy.")
        elif self.entry.published is not None and (manifest is None or manifest.source == self.entry.published.address):
            lines.append("It is published and can be fetched again.")
        elif manifest is not None and manifest.source:
            lines.append(f"It came from {manifest.source}; only that file brings it back.")
        return "\n\n".join(lines)

    def row(self, name_width: int) -> tuple[Text, ...]:
        """Return the cells: name, state, size, licence, format."""
        manifest, published = self.entry.manifest, self.entry.published
        size = self.entry.bytes or (published.bytes if published else 0)
        name = Text(printable(self.name), no_wrap=True)
        name.truncate(name_width, overflow="ellipsis")
        licence = manifest.licence if manifest else published.licence if published else ""
        format = manifest.format if manifest else published.format if published else ""
        dash = Text("–", style="dim")
        return (name, self.state_text, Text(megabytes(size), justify="right") if size else dash,
                Text(clean(licence)) if licence else dash, Text(clean(format)) if format else dash)  # fmt: skip


def look(models: Path, checked: Checked) -> list[Place]:
    """Return the places on the shelf, then the published weights that are not on it; call it in a thread."""
    return [_place(entry, models, checked) for entry in shelf.entries(models)]


def _place(entry: shelf.Entry, models: Path, checked: Checked) -> Place:
    partial, card, compared = 0, "", False
    if entry.published is not None:
        partial = _size(hub.partial_file(entry.published, models))
    if entry.manifest or entry.error:
        try:
            with open_file(entry.folder / shelf.CARD) as file:
                card = _FRONT_MATTER.sub("", file.read(_CARD_MOST).decode("utf-8", "replace"))
        except OSError:
            card = ""
    found = checked.get(entry.folder)
    if found is not None and found[0] == stamp(entry.folder) and not entry.error:
        compared, entry = True, replace(entry, error=found[1])
    return Place(entry, compared, partial, card)


def stamp(folder: Path) -> Stamp:
    """Return the stamp of the folder's weights file, which differs after the file was changed."""
    try:
        status = (folder / shelf.WEIGHTS).stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def megabytes(count: float) -> str:
    """Return a size as ``102.5 MB``, or in kB if it is small."""
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count / 1e3:,.1f} kB"


def clean(text: str) -> str:
    """Return `text`, of one line or several, without characters that would control the terminal."""
    return printable_lines(text)
