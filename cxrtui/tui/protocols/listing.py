"""The list of the workspace's protocols."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Static

from cxrtui.durations import age
from cxrtui.printable import printable
from cxrtui.tui.door import titled
from cxrtui.tui.keys import bindings, key_of
from cxrtui.tui.protocols.page import ProtocolPage
from cxrtui.tui.protocols.reading import AllProtocols, Look
from cxrtui.tui.protocols.screen import ProtocolScreen
from cxrtui.tui.routes import OpenLaunch, OpenProtocol
from cxrtui.tui.theme import FAINT
from cxrtui.tui.watch import Seen
from cxrtui.tui.widgets.looks import LooksTable
from cxrtui.tui.widgets.status import status_text

LOOK_SECONDS = 1.0
COLUMNS = ("protocol", "status", "trainings", "AUROC", "without pixels", "age")


class ProtocolsTable(LooksTable[Look]):
    """A row for each protocol; enter opens it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.open", "Open", tooltip="Open the table of the protocol")
    ]
    NAMES = COLUMNS

    def cells(self, look: Look) -> tuple[Text, ...]:
        """Return the row of a look."""
        return _cells(look)

    def same(self, look: Look, other: Look) -> bool:
        """Return whether both are of one protocol."""
        return look.folder == other.folder


def _cells(look: Look) -> tuple[Text, ...]:
    name = Text(printable(look.folder.name), style="bold")
    since = Text(age(time.time() - look.updated) if look.updated else "–", style=FAINT)
    trainings = f"{look.done}/{len(look.trainings) or '?'}" if look.plan is not None else "–"
    result = look.result
    figures = (result.brief, result.without) if result is not None else ("–", "–")
    return name, status_text(look.word), Text(trainings), *map(Text, figures), since


class ProtocolsScreen(ProtocolPage):
    """Lists the protocols; one that is the only one is opened at once."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("protocols", "everywhere")
    sections = ("protocols", "everywhere")
    where = "Protocols"
    AUTO_FOCUS = "#protocols"

    def __init__(self) -> None:
        super().__init__()
        self._looks: Sequence[Look] | None = None

    def compose_body(self) -> ComposeResult:
        """Put the table, and a text that is shown while there is nothing to list."""
        yield ProtocolsTable(id="protocols")
        yield Static(id="no-protocols")

    def on_mount(self) -> None:
        """Start a thread that looks each second."""
        checkpoints = self.dashboard.workspace.checkpoints
        self.query_one(ProtocolsTable).border_title = titled(f"protocols in {printable(checkpoints)}")
        self.query_one("#no-protocols", Static).update(Text("reading the protocols …", style=FAINT))
        self.query_one(ProtocolsTable).display = False
        self.follow("read protocols", AllProtocols(checkpoints).looks, LOOK_SECONDS)

    @on(Seen)
    def _seen(self, message: Seen) -> None:
        looks = message.watch.take()
        if looks is None:
            return
        first, self._looks = self._looks is None, looks
        table = self.query_one(ProtocolsTable)
        table.show(looks)
        table.display, self.query_one("#no-protocols").display = bool(looks), not looks
        if looks and self.focused is None:
            table.focus()
        if not looks:
            self.query_one("#no-protocols", Static).update(_nothing())
        self._explain()
        self.refresh_bindings()
        if first and len(looks) == 1 and self.is_current:
            self.app.switch_screen(ProtocolScreen(looks[0].folder))

    @on(DataTable.RowHighlighted)
    def _explain(self) -> None:
        """Say in the border what is wrong with the protocol under the cursor, or what to beware of."""
        look = self.target
        text = "" if look is None else look.problem or " ".join(look.cautions[:1])
        self.query_one(ProtocolsTable).border_subtitle = titled(text.partition("\n")[0])
        self.refresh_bindings()

    @property
    def target(self) -> Look | None:
        """The protocol under the cursor."""
        return self.query_one(ProtocolsTable).chosen if self._looks else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer keys for a protocol only if there is one for which they can be used."""
        if not self.is_mounted:
            return True
        if action == "open":
            return self.target is not None
        return self.offered(action) if action in ("go_on", "stop") else True

    def action_open(self) -> None:
        """Open the protocol."""
        if (look := self.target) is not None:
            self.go(OpenProtocol(look.folder))

    def action_new(self) -> None:
        """Open the form of a new run, from which a protocol begins."""
        self.go(OpenLaunch())

    def action_back(self) -> None:
        """Go back."""
        self.dismiss()


def _nothing() -> Text:
    return Text.assemble(
        ("No protocols yet.\n\n", "bold"),
        "A protocol trains and tests as a study would, by folds or with a source left out, as ordinary runs.\n\n",
        (key_of("protocols", "new"), "bold"), "  opens the form of a run; there ",
        (key_of("launch", "protocol"), "bold"), " begins a protocol.",
    )  # fmt: skip
