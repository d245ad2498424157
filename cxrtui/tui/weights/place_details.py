"""The details of a place of the shelf: its manifest or the published facts, its error, and its card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from cxrtui.tui.door import titled
from cxrtui.tui.keys import key_of
from cxrtui.tui.theme import BAD, FAINT
from cxrtui.tui.weights.places import STATES, Place, clean, megabytes
from cxrtui.tui.wording import in_keys
from cxrtui.weights.formats import Normalisation

if TYPE_CHECKING:
    from cxrtui.weights.manifest import Manifest


class PlaceDetails(VerticalScroll):
    """Shows the facts of a place, and its card below them."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box")
        self.border_title = "details"

    def compose(self) -> ComposeResult:
        """Put the text."""
        yield Static()

    def show(self, place: Place | None) -> None:
        """Show the details of `place` from their beginning."""
        self.query_one(Static).update(details(place) if place else "")
        self.border_title = titled(place.name if place else "details")
        self.scroll_home(animate=False)


def details(place: Place) -> RenderableType:
    """Return the facts of `place` and its card."""
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(style="dim", width=9)  # so that 64 digits fit on a line at 80 columns
    grid.add_column(ratio=1, overflow="fold")
    for label, value, style in _facts(place):
        if value:
            grid.add_row(label, Text(clean(value), style=style))
    if not place.card:
        return grid
    return Group(grid, "", Markdown(clean(place.card), hyperlinks=False))


def _facts(place: Place) -> list[tuple[str, str, str]]:
    manifest, published = place.entry.manifest, place.entry.published
    keys = {action: key_of("weights", action) for action in ("fetch", "check")}
    mark, style, meaning = STATES[place.state]
    facts = [("state", f"{mark} {place.state}: {meaning.format(**keys)}", style)]
    if place.entry.error:
        facts = [("state", f"{mark} {place.state}", style), ("why", in_keys(place.entry.error, here=True), BAD)]
    if place.partial:
        facts.append(("so far", megabytes(place.partial), ""))
    if published is not None and (manifest is None or manifest.source == published.address):
        facts.append(("what", published.about, ""))
    if manifest is not None:
        head = f"{manifest.classes:,} classes" if manifest.classes else "no head"
        facts += [
            ("labels", " / ".join(manifest.labels), ""),
            ("network", f"{manifest.network}, {head}", ""),
            ("input", _preprocessing(manifest), ""),
            ("keys of", manifest.format, ""),
            ("source", manifest.source or "not recorded", ""),
            ("revision", manifest.revision, ""),
            ("licence", manifest.licence or "not recorded: find out before you pass it on", ""),
            ("SHA-256", manifest.sha256, ""),
            ("of source", manifest.source_sha256, ""),
            ("folder", str(place.entry.folder), ""),
        ]  # fmt: skip
    elif published is not None:
        size = f"{published.bytes:,} bytes" if published.bytes else "not known beforehand"
        unknown = "not known beforehand: the first fetch is trusted, and its checksum recorded"
        facts += [
            ("source", published.address, ""), ("revision", published.revision, ""), ("licence", published.licence, ""),
            ("keys of", published.format, ""), ("size", size, ""), ("SHA-256", published.sha256 or unknown, ""),
            ("offline", f"{published.by_hand} (or {key_of('weights', 'port')} here)", FAINT),
        ]  # fmt: skip
    return facts


def _preprocessing(manifest: Manifest) -> str:
    normal = Normalisation.from_dict(manifest.normalisation)
    channels = "1 channel" if manifest.channels == 1 else f"{manifest.channels} channels, {normal.order}"
    scale = "" if normal.scale == 1 else f" × {normal.scale:g}"
    return f"{channels}: (pixels in [0, 1]{scale} − {list(normal.mean)}) / {list(normal.std)}"
