"""Checks the texts of the form in a thread, so that reading files never delays a key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from textual.message import Message
from textual.message_pump import MessagePump

from cxrtui.settings.config import Config
from cxrtui.tui import threads
from cxrtui.tui.launch.checks import RUN_NAME, Note, absolute, films_that_count, together
from cxrtui.tui.launch.written import command
from cxrtui.tui.surveys import Survey
from cxrtui.workspace import Workspace

Check = Callable[[Mapping[str, str], Workspace, Survey, Config], dict[str, Note]]


class Checked(Message):
    """Check `number` of the texts `values` has ended: it has a note on each field and the problem of all together.

    If all is right, `config` is the configuration, `films` the number of films that count, and `command` the words of
    the command that starts the same run.
    """

    def __init__(
        self, number: int, values: Mapping[str, str], found: dict[str, Note], problem: str = "",
        config: Config | None = None, films: int = 0, command: Sequence[str] = (),
    ) -> None:  # fmt: skip
        super().__init__()
        self.number, self.values, self.found, self.problem = number, values, found, problem
        self.config, self.films, self.command = config, films, list(command)


class Checker:
    """Checks one state of the form after the other; the result of an older check is not `latest`."""

    def __init__(self, target: MessagePump, workspace: Workspace, base: Config, check: Check) -> None:
        """Post a `Checked` to `target` for each check; `check` makes the notes on the fields."""
        self._target, self._workspace, self._base, self._check = target, workspace, base, check
        self._checks = 0

    def start(self, values: Mapping[str, str], survey: Survey) -> None:
        """Check `values` in a thread, with the films that a survey has found."""
        self._checks += 1
        threads.start("check the form", self._work, self._checks, values, survey)

    def latest(self, message: Checked) -> bool:
        """Return whether no other check began later: threads may end in another order than they began."""
        return message.number == self._checks

    def _work(self, number: int, values: Mapping[str, str], survey: Survey) -> None:
        found = self._check(values, self._workspace, survey, self._base)
        if not all(note.ok for note in found.values()):
            self._target.post_message(Checked(number, values, found))
            return
        config, problem = together(self._base, values, self._workspace.models)
        if config is None:
            self._target.post_message(Checked(number, values, found, problem))
            return
        films = films_that_count(config, survey)
        base, name = absolute(self._base, self._workspace.models), values[RUN_NAME.key].strip()
        words = command(config, base, self._workspace, name)
        here = f"{Path.cwd()}/"  # a shorter path is easier to read; the command that is copied has the whole one
        shown = [word.removeprefix(here) for word in words]
        self._target.post_message(Checked(number, values, found, "", config, films, shown))
