"""The screen of one protocol: how far it is, what to beware of, and its table."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Group
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import DataTable, Static

from cxrtui.evaluation.protocols.folder import ProtocolFolder
from cxrtui.printable import printable
from cxrtui.runs.size import counted
from cxrtui.settings.protocol import PROTOCOLS
from cxrtui.tui.door import titled
from cxrtui.tui.keys import bindings, key_of
from cxrtui.tui.protocols.content import about
from cxrtui.tui.protocols.page import ProtocolPage
from cxrtui.tui.protocols.reading import Look, OneProtocol
from cxrtui.tui.protocols.table import TrainingsTable
from cxrtui.tui.questions import Notice
from cxrtui.tui.routes import OpenEvaluate, OpenMonitor
from cxrtui.tui.theme import FAINT, WARN
from cxrtui.tui.watch import Seen
from cxrtui.tui.widgets.bars import bar
from cxrtui.tui.widgets.status import MARKS, status_text

POLL_SECONDS = 1.0


class CautionsBox(VerticalScroll, can_focus=True):
    """Scrolls what is to be known before the table is believed."""


class ProtocolScreen(ProtocolPage):
    """Shows the protocol in `folder`."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("protocol", "everywhere")
    sections = ("protocol", "everywhere")
    AUTO_FOCUS = "#protocol-trainings"

    def __init__(self, folder: ProtocolFolder) -> None:
        super().__init__()
        self.where = f"Protocol · {printable(folder.name)}"
        self.look = Look(folder)
        self._stopping = False  # whether the protocol was asked to stop and has not done so

    def compose_body(self) -> ComposeResult:
        """Put the status and the first caution above the table."""
        yield Static(id="protocol-status", markup=False)
        yield Static(id="protocol-problem", classes="box", markup=False)
        yield TrainingsTable(id="protocol-trainings")
        yield CautionsBox(Static(id="protocol-cautions-text", markup=False), id="protocol-cautions", classes="box")

    def on_mount(self) -> None:
        """Start a thread that follows the protocol."""
        self.query_one("#protocol-problem").border_title = "problem"
        self.query_one("#protocol-cautions").border_title = "before the table is believed"
        self.follow(f"read protocol {self.look.folder.name}", OneProtocol(self.look.folder).looks, POLL_SECONDS)
        self._show()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.call_after_refresh(self._show_status)

    @on(Seen)
    def _seen(self, message: Seen) -> None:
        """Show what the thread has read."""
        look = message.watch.take()
        if look is not None:
            self.look, self._stopping = look, self._stopping and look.alive
            self._show()
            self.refresh_bindings()

    def _show(self) -> None:
        look = self.look
        self._show_status()
        problem = self.query_one("#protocol-problem", Static)
        problem.display = bool(look.problem)
        problem.update(look.problem)
        self.set_class(bool(look.cautions), "-cautioned")
        self.query_one("#protocol-cautions-text", Static).update("\n".join(f"! {text}" for text in look.cautions))
        table = self.query_one(TrainingsTable)
        table.show(look)
        table.border_title = titled(look.result.tested if look.result is not None else "trainings")

    def _show_status(self) -> None:
        """Show the first caution, the word with what is done, the bar, and what is trained and tested."""
        look, width = self.look, max(20, self.size.width - 2)
        lines = [_caution(look.cautions, width)] if look.cautions else []
        head = status_text(look.word)
        head.stylize("bold")
        total = len(look.trainings)
        if total:
            head.append(f"   {look.done} of {counted(total, 'training')}")
        if self._stopping:
            head.append(" · stopping…")
        for item in look.live[:1]:
            head.append(f" · {printable(item.fold.held_out)} is held out now")
        share = look.done / total if total else 0.0
        label = f" {100 * share:3.0f} %"
        lines += [head, bar(share, width - len(label), MARKS[look.word][1]).append(label)]
        if look.plan is not None:
            lines.append(Text(f"{about(look.plan)}: {PROTOCOLS[look.plan.protocol]}", FAINT))
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
        self.query_one("#protocol-status", Static).update(Group(*lines))

    @on(DataTable.RowHighlighted)
    def _another_row(self) -> None:
        self.refresh_bindings()

    def asked_to_stop(self) -> None:
        """Say so beside the status until no process works on it."""
        self._stopping = self.look.alive
        self._show_status()

    @property
    def target(self) -> Look | None:
        """The protocol."""
        return self.look

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer keys for a run only if one is under the cursor, and others only if they can be used."""
        if not self.is_mounted:
            return True
        if action in ("open", "evaluate"):
            return self.query_one(TrainingsTable).chosen is not None
        if action in ("go_on", "stop"):
            return self.offered(action)
        return action != "remarks" or bool(self.look.cautions)

    def action_open(self) -> None:
        """Open the run of the training."""
        if (training := self.query_one(TrainingsTable).chosen) is not None:
            self.go(OpenMonitor(training.run))

    def action_evaluate(self) -> None:
        """Look at the evaluations of the training's run."""
        if (training := self.query_one(TrainingsTable).chosen) is not None:
            self.go(OpenEvaluate(training.run))

    def action_remarks(self) -> None:
        """Show each caution whole."""
        title = f"Before {printable(self.look.folder.name)} is believed"
        self.app.push_screen(Notice(title, "\n\n".join(self.look.cautions)))

    def action_back(self) -> None:
        """Go back; the protocol goes on."""
        self.dismiss()


def _caution(cautions: tuple[str, ...], width: int) -> Text:
    """Return the first caution on one line, and how all of them are read."""
    count = len(cautions)
    more = f" ({key_of('protocol', 'remarks')}: all {count if count > 1 else 'of it'})"
    text = f"! {printable(cautions[0])}"
    if len(cautions) == 1 and len(text) <= width:
        more = ""
    elif len(text) + len(more) > width:
        text = f"{text[: width - len(more) - 1].rstrip()}…"
    return Text(text + more, style=WARN)
