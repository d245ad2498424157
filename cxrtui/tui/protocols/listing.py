"""The list of the workspace's protocols."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from cxrtui.durations import age
from cxrtui.evaluation.protocols.folder import all_protocols
from cxrtui.printable import printable
from cxrtui.tui.keys import bindings, key_of
from cxrtui.tui.listing import Everything, ListPage
from cxrtui.tui.protocols.page import ProtocolPage
from cxrtui.tui.protocols.reading import Look, Reader
from cxrtui.tui.protocols.screen import ProtocolScreen
from cxrtui.tui.routes import OpenProtocol
from cxrtui.tui.theme import FAINT
from cxrtui.tui.watch import Looks
from cxrtui.tui.widgets.looks import LooksTable
from cxrtui.tui.widgets.status import status_text

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


class ProtocolsScreen(ListPage[Look], ProtocolPage):
    """Lists the protocols."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("protocols", "everywhere")
    sections = ("protocols", "everywhere")
    where = "Protocols"
    things = "protocols"
    AUTO_FOCUS = "#protocols"

    def table(self) -> ProtocolsTable:
        """Return the table of protocols."""
        return ProtocolsTable(id=self.things)

    def everything(self, checkpoints: Path) -> Looks[Sequence[Look]]:
        """Return what reads all protocols."""
        return Everything(lambda: all_protocols(checkpoints), Reader).looks

    def screen_of(self, look: Look) -> ProtocolScreen:
        """Return the screen of a protocol."""
        return ProtocolScreen(look.folder)

    def remark(self, look: Look) -> str:
        """Return what is wrong with a protocol, or what to beware of."""
        return look.problem or " ".join(look.cautions[:1])

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

    def nothing(self) -> Text:
        """Return how a protocol begins."""
        return _nothing()


def _nothing() -> Text:
    return Text.assemble(
        ("No protocols yet.\n\n", "bold"),
        "A protocol trains and tests as a study would, by folds or with a source left out, as ordinary runs.\n\n",
        (key_of("protocols", "new"), "bold"), "  opens the form of a run; there ",
        (key_of("launch", "protocol"), "bold"), " begins a protocol.",
    )  # fmt: skip
