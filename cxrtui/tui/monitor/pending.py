"""The commands that a run was given and has not answered yet."""

from __future__ import annotations

from cxrtui.runs import events as ev
from cxrtui.runs.reading import News

TEXTS = {
    "pause": "pausing…", "resume": "going on…", "checkpoint": "saving…", "stop": "stopping…",
    "stop-after-epoch": "stops after this epoch…",
}  # fmt: skip
_ENDS: News = frozenset((ev.Stopped, ev.Failed))
_ANSWERS: dict[str, News] = {
    "pause": _ENDS | {ev.Paused},
    "resume": _ENDS | {ev.Resumed, ev.StepDone},  # a run that had not paused yet just does its next step
    "checkpoint": _ENDS | {ev.CheckpointSaved},
    "stop": _ENDS,
    "stop-after-epoch": _ENDS,
}
_REPLACED = {"pause": "resume", "resume": "pause", "keep-going": "stop-after-epoch"}


class Pending:
    """Commands in their order. A run may have several to answer: pausing takes until the step under way has ended."""

    def __init__(self, command: str = "") -> None:
        self._commands = [command] if command else []

    def __contains__(self, command: str) -> bool:
        return command in self._commands

    def add(self, command: str) -> None:
        """Note a command; one that it takes back has no answer any more."""
        self._commands = [word for word in self._commands if word not in (command, _REPLACED.get(command))]
        if command in TEXTS:
            self._commands.append(command)

    def set(self, command: str, asked: bool) -> None:
        """Note what the control file says of a command that another process may have given."""
        if asked != (command in self._commands):
            self._commands = [word for word in self._commands if word != command] + [command] * asked

    def answer(self, news: News) -> None:
        """Drop the commands that the events `news` answer."""
        self._commands = [word for word in self._commands if not news & _ANSWERS[word]]

    def clear(self) -> None:
        """Drop all commands, because no process is left to answer them."""
        self._commands = []

    @property
    def text(self) -> str:
        """What the run is about to do, for its status; a stop is all that counts once it is asked for."""
        shown = ["stop"] if "stop" in self._commands else self._commands
        return ", ".join(TEXTS[word] for word in shown)
