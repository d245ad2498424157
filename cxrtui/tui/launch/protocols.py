"""Trains and tests as a study would, with the settings of the form: a choice of protocols, a command, and a start."""

from __future__ import annotations

from textual import on
from textual.message import Message

from cxrtui.errors import CxrtuiError, UsageError
from cxrtui.evaluation.protocols.folder import ProtocolFolder
from cxrtui.settings.config import Config, coerce
from cxrtui.settings.protocol import EXTERNAL, PROTOCOLS, plan_of
from cxrtui.tui import threads
from cxrtui.tui.ask import Ask
from cxrtui.tui.keys import key_of
from cxrtui.tui.launch import questions, written
from cxrtui.tui.launch.checks import RUN_NAME, absolute
from cxrtui.tui.launch.start import StartPage
from cxrtui.tui.pick import Item, Pick
from cxrtui.tui.questions import Notice
from cxrtui.tui.routes import OpenProtocol
from cxrtui.tui.wording import in_fields

TESTED = "Labelled films that no training sees: their path, and commas between several."


class ProtocolBegun(Message):
    """A thread has begun a protocol, or there is an `error`."""

    def __init__(self, protocol: str, error: str) -> None:
        super().__init__()
        self.protocol, self.error = protocol, error


class ProtocolPage(StartPage):
    """A form's page that starts a protocol whose runs share the settings of the form."""

    async def action_protocol(self) -> None:
        """Choose a protocol, and see its command."""
        if (right := await self._right(alone=True)) is None:
            return
        names, config = list(PROTOCOLS), right[0]

        def chosen(place: int | None) -> None:
            if place is not None and names[place] == EXTERNAL:
                self.app.push_screen(Ask("films that are tested", TESTED, "", _paths), named)
            elif place is not None:
                self._show(config, names[place])

        def named(paths: tuple[str, ...] | None) -> None:
            if paths is not None:
                self._show(config, EXTERNAL, paths)

        items = [Item(name, about) for name, about in PROTOCOLS.items()]
        self.app.push_screen(Pick("train and test as a study would", items), chosen)

    def _show(self, config: Config, protocol: str, external: tuple[str, ...] = ()) -> None:
        workspace, name = self.dashboard.workspace, self.values[RUN_NAME.key].strip()
        verb = ["evaluate", "--protocol", protocol, *(word for path in external for word in ("--external", path))]
        words = written.command(config, absolute(self.base, workspace.models), workspace, name, verb=verb)

        def answered(answer: str | None) -> None:
            if answer == "copy":
                self._copy(written.one_line(words))
            elif answer == "start":
                self._begin(config, protocol, external, name)

        text = written.many_lines(words)
        self.app.push_screen(questions.protocol(protocol, text), answered)

    def _begin(self, config: Config, protocol: str, external: tuple[str, ...], name: str) -> None:
        """Start it in a thread, for its films are prepared first."""
        self.notify("Its films are prepared and divided first; this may take minutes.", title=f"Protocol {protocol}",
                    timeout=15)  # fmt: skip

        def work() -> None:
            try:
                plan = plan_of(protocol, config, folds=None, seeds=1, external=external)
                begun = self.dashboard.backend.begin_protocol(self.dashboard.workspace.checkpoints, name, plan)
                self.post_message(ProtocolBegun(begun, ""))
            except CxrtuiError as error:
                self.post_message(ProtocolBegun("", str(error)))

        threads.start("begin protocol", work)

    @on(ProtocolBegun)
    def _protocol_begun(self, message: ProtocolBegun) -> None:
        """Look at the protocol, whose runs join the list one after the other."""
        if message.error:
            self.app.push_screen(Notice("Not started", in_fields(message.error)))
            return
        self.keep()
        key = key_of("runs", "protocols")
        text = f"It goes on when cxrtui ends. Its runs join the list one after the other; {key} there shows its table."
        self.app.notify(text, title=f"Protocol {message.protocol}", markup=False, timeout=15)
        if self.is_current:
            self.go(OpenProtocol(ProtocolFolder(self.dashboard.workspace.checkpoints.absolute() / message.protocol)))


def _paths(text: str) -> tuple[str, ...]:
    """Return the paths in a text.

    Raises:
        UsageError: there is none, or the text is not right.
    """
    found: tuple[str, ...] = coerce("data.source", text) if text.strip() else ()
    if not found:
        raise UsageError("Type the path of films.")
    return found
