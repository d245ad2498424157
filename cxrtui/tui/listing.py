"""A screen that lists things of the workspace, each of which has a folder, and the reader behind it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.widgets import DataTable, Static

from cxrtui.printable import printable
from cxrtui.tui.door import titled
from cxrtui.tui.page import Page
from cxrtui.tui.routes import OpenLaunch
from cxrtui.tui.theme import FAINT
from cxrtui.tui.watch import Looks, Seen
from cxrtui.tui.watching import WatchingPage
from cxrtui.tui.widgets.looks import LooksTable

AGES_SECONDS = 60.0
"""Seconds after which ages are shown anew."""
LOOK_SECONDS = 1.0


class Foldered(Protocol):
    """A thing with a folder, such as a study."""

    @property
    def folder(self) -> Path:
        """Where it is."""


L = TypeVar("L")
L_co = TypeVar("L_co", covariant=True)
F = TypeVar("F", bound=Foldered)


class Reader(Protocol[L_co]):
    """Reads one thing again if it has changed."""

    @property
    def latest(self) -> L_co:
        """What was read last."""

    def look(self) -> bool:
        """Read; return whether there is something new. Only a thread may call this."""


class Everything(Generic[F, L]):
    """Follows all things of one kind in a workspace."""

    def __init__(self, found: Callable[[], Sequence[F]], reader: Callable[[F], Reader[L]]) -> None:
        """Follow what `found` returns, the latest first, each by a `reader` of its own."""
        self._found, self._reader = found, reader
        self._readers: dict[Path, Reader[L]] = {}
        self._shown: tuple[Path, ...] | None = None
        self._yielded = 0.0

    def looks(self, stopped: Callable[[], bool]) -> Iterator[Sequence[L]]:
        """Yield all of them if one has changed, come or gone, or grown a minute older."""
        found = self._found()
        folders = tuple(item.folder for item in found)
        changed = folders != self._shown or time.monotonic() - self._yielded > AGES_SECONDS
        self._readers = {item.folder: self._readers.get(item.folder) or self._reader(item) for item in found}
        self._shown = folders
        for folder in folders:
            if stopped():
                return
            changed = self._readers[folder].look() or changed
        if changed:
            self._yielded = time.monotonic()
            yield tuple(self._readers[folder].latest for folder in folders)


class ListPage(WatchingPage[None], Generic[L]):
    """Lists what is read each second; one that is the only one is opened at once."""

    things = ""
    """What is listed, as a title says it: ``studies``."""

    def __init__(self) -> None:
        super().__init__()
        self._looks: Sequence[L] | None = None

    def table(self) -> LooksTable[L]:
        """Return a new table with the id `things`."""
        raise NotImplementedError

    def everything(self, checkpoints: Path) -> Looks[Sequence[L]]:
        """Return what reads them all."""
        raise NotImplementedError

    def screen_of(self, look: L) -> Page[Any]:
        """Return the screen of one."""
        raise NotImplementedError

    def remark(self, look: L) -> str:
        """Return what the border says of the one under the cursor; its first line is shown."""
        raise NotImplementedError

    def nothing(self) -> Text:
        """Return what stands in place of the table while there is none."""
        raise NotImplementedError

    @property
    def _table(self) -> LooksTable[L]:
        return self.query_one(f"#{self.things}", LooksTable)

    @property
    def _instead(self) -> Static:
        return self.query_one(f"#no-{self.things}", Static)

    def compose_body(self) -> ComposeResult:
        """Put the table, and a text that is shown while there is nothing to list."""
        yield self.table()
        yield Static(id=f"no-{self.things}")

    def on_mount(self) -> None:
        """Start a thread that looks each second."""
        checkpoints = self.dashboard.workspace.checkpoints
        self._table.border_title = titled(f"{self.things} in {printable(checkpoints)}")
        self._instead.update(Text(f"reading the {self.things} …", style=FAINT))
        self._table.display = False
        self.follow(f"read {self.things}", self.everything(checkpoints), LOOK_SECONDS)

    @on(Seen)
    def _seen(self, message: Seen) -> None:
        looks = message.watch.take()
        if looks is None:
            return
        first, self._looks = self._looks is None, looks
        table = self._table
        table.show(looks)
        table.display, self._instead.display = bool(looks), not looks
        if looks and self.focused is None:
            table.focus()
        if not looks:
            self._instead.update(self.nothing())
        self._explain()
        if first and len(looks) == 1 and self.is_current:
            self.app.switch_screen(self.screen_of(looks[0]))

    @on(DataTable.RowHighlighted)
    def _explain(self) -> None:
        """Say in the border what is wrong with the one under the cursor, or what to beware of."""
        look = self.target
        self._table.border_subtitle = titled(("" if look is None else self.remark(look)).partition("\n")[0])
        self.refresh_bindings()

    @property
    def target(self) -> L | None:
        """The one under the cursor."""
        return self._table.chosen if self._looks else None

    def action_new(self) -> None:
        """Open the form of a new run, from which one begins."""
        self.go(OpenLaunch())

    def action_back(self) -> None:
        """Go back."""
        self.dismiss()
