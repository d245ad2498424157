"""A reader of a growing log: each event once, when its line has come to its end."""

from __future__ import annotations

from pathlib import Path

from cxrtui.files import is_there, open_file
from cxrtui.runs import events

_BLOCK = 1 << 20
_LINE_MOST = 1 << 26  # a list of a hundred thousand unreadable films is a third of it
_POLL_MOST = 1 << 28  # bytes that a poll passes over within one line


class EventTail:
    """Reads a growing events.jsonl; what follows the last newline is kept for the next poll, so never torn.

    A line longer than `_LINE_MOST` bytes is passed over without being held. `problem` says what could not be read:
    the file, or lines that name an event and do not hold one. Lines that are torn, of another program or of a newer
    version are none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._rest = bytearray()
        self._passing = False  # within a line that is too long
        self._unreadable = self._damage = ""
        self._damaged = 0

    @property
    def problem(self) -> str:
        """What of the log could not be read so far; empty where all could."""
        if self._unreadable or not self._damaged:
            return self._unreadable
        more = f", and {self._damaged - 1} more of its lines" if self._damaged > 1 else ""
        return f"part of {self.path.name} cannot be read: {self._damage}{more}"

    def poll(self) -> list[events.Event]:
        """The events that were completed since the last call; unreadable lines are skipped."""
        found: list[events.Event] = []
        try:
            with open_file(self.path) as file:
                file.seek(self._offset)
                most = self._offset + _POLL_MOST
                while self._offset < most and (block := file.read(_BLOCK)):
                    self._offset += len(block)
                    self._take(block, found)
                    most = most if self._passing else self._offset + _POLL_MOST
            self._unreadable = ""
        except FileNotFoundError as error:
            self._unreadable = cannot(self.path, error) if is_there(self.path) else ""
        except OSError as error:
            self._unreadable = cannot(self.path, error)
        return found

    def _take(self, block: bytes, found: list[events.Event]) -> None:
        """Add to `found` the events whose lines end within `block`."""
        if self._passing:
            _, newline, block = block.partition(b"\n")
            self._passing = not newline
        first, *others = block.split(b"\n")
        self._rest += first
        if not others:
            lines = []
        else:
            lines = [bytes(self._rest), *others[:-1]]
            self._rest = bytearray(others[-1])
        if len(self._rest) > _LINE_MOST:
            self._passing, self._rest = True, bytearray()
            self._note(f"a line of more than {_LINE_MOST:,} bytes")
        for line in lines:
            try:
                event = events.parse(line) if line else None
            except events.DamagedError as error:
                self._note(str(error))
                continue
            if event is not None:
                found.append(event)

    def _note(self, damage: str) -> None:
        self._damage, self._damaged = self._damage or damage, self._damaged + 1


def cannot(file: Path, error: OSError) -> str:
    """Why `file` cannot be read, for the row of its run."""
    reason = "it is a link to nothing" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
    return f"{file.name} cannot be read: {reason}"
