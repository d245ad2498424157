"""The keys that both the list of protocols and the screen of one have: go on, and stop."""

from __future__ import annotations

from textual import work

from cxrtui.errors import CxrtuiError
from cxrtui.printable import printable
from cxrtui.tui.protocols.reading import Look
from cxrtui.tui.questions import Notice
from cxrtui.tui.threads import result_of
from cxrtui.tui.watching import WatchingPage
from cxrtui.tui.wording import in_fields


class ProtocolPage(WatchingPage[None]):
    """Actions on the protocol under the cursor, or on the one that is shown."""

    place = "Protocols"

    @property
    def target(self) -> Look | None:
        """The protocol that keys act on."""
        raise NotImplementedError

    def asked_to_stop(self) -> None:
        """Show that the protocol was asked to stop."""

    def offered(self, action: str) -> bool:
        """Return whether a key for the protocol can be used."""
        look = self.target
        if look is None or look.plan is None:
            return False
        return (not look.alive and look.result is None) if action == "go_on" else bool(look.live)

    @work
    async def action_go_on(self) -> None:
        """Go on with the protocol in a process that outlives the dashboard."""
        look = self.target
        if look is None or look.plan is None or not self.offered("go_on"):
            return
        name = look.folder.name
        self.notify(f"{printable(name)} goes on by itself, also when cxrtui ends.", title="Protocol", markup=False)
        begin, checkpoints = self.dashboard.backend.begin_protocol, look.folder.folder.parent
        try:
            await result_of(f"go on with {name}", begin, checkpoints, name, look.plan)
        except CxrtuiError as error:
            self.app.push_screen(Notice("Not started", in_fields(str(error))))
        self.look_now()

    @work
    async def action_stop(self) -> None:
        """Stop the training under way, and with it the protocol."""
        look = self.target
        if look is None:
            return
        for training in look.live:
            try:
                await result_of(f"stop {training.run.name}", training.run.command, "stop")
            except CxrtuiError as error:
                self.app.push_screen(Notice("Not stopped", str(error)))
                return
            self.notify(f"{printable(training.run.name)} saves a checkpoint and ends, and the protocol with it.",
                        title="Stopping", markup=False)  # fmt: skip
        self.asked_to_stop()
