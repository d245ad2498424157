"""This module reads a growing log and returns each event once, when its line is complete."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cxrtui.files import is_there, open_file
from cxrtui.runs import codec, events, steps

BLOCK = 1 << 18  # bytes that are read and decoded at a time, which takes some milliseconds
_LINE_MOST = 1 << 26  # bytes; a list of a hundred thousand unreadable films takes a third of it
_POLL_MOST = 1 << 28  # bytes that a poll skips at most within one line
_MARK = 64  # bytes before the offset by which a log is recognised

Read = events.Event | steps.StepBlock


class EventTail:
    """Reads a growing events.jsonl; bytes after the last newline are kept for the next poll, so no line is torn.

    A line longer than `_LINE_MOST` bytes is skipped without being held. `problem` says what could not be read: the
    file, or lines that name an event and do not hold a valid one. Lines that are torn, of another program or of a newer
    version are no problem, unless the log has no others. A log that shrank, was replaced or was written anew is read
    from its beginning; `restarts` counts how often this happened, and a caller that folds the events must then begin
    anew.
    """

    def __init__(self, path: Path, *, offset: int = 0) -> None:
        self.path = path
        self.offset = offset
        """Number of bytes of the log that were read."""
        self.restarts = 0
        self._inode = 0
        self._mark = b""  # the last bytes before the offset
        self._forget()

    def _forget(self) -> None:
        self._rest = bytearray()
        self._passing = False  # whether the reader is within a line that is too long
        self._unreadable = self._damage = ""
        self._damaged = 0
        self._foreign = False  # whether there was a line without a known event
        self._known = self.offset > 0  # whether there was one with it, or may have been before the offset

    @property
    def problem(self) -> str:
        """What could not be read of the log so far; empty if all could be read."""
        if self._unreadable:
            return self._unreadable
        if not self._damaged:
            nothing = self._foreign and not self._known
            return f"{self.path.name} has no event that this version of cxrtui can read" if nothing else ""
        more = f", and {self._damaged - 1} more of its lines" if self._damaged > 1 else ""
        return f"part of {self.path.name} cannot be read: {self._damage}{more}"

    def poll(self) -> list[events.Event]:
        """Return the events that were completed since the last call; unreadable lines are skipped."""
        found: list[events.Event] = []
        for item in itertools.chain.from_iterable(self.read()):
            found += item.events() if isinstance(item, steps.StepBlock) else [item]
        return found

    def read(self) -> Iterator[list[Read]]:
        """Yield the same events as `poll`, in one list for each block of the file; consecutive steps are one item.

        If the caller stops early, the next call goes on at that place.
        """
        try:
            with open_file(self.path) as file:
                self._recognise(file)
                file.seek(self.offset)
                most = self.offset + _POLL_MOST
                while self.offset < most and (block := file.read(BLOCK)):
                    self.offset += len(block)
                    self._mark = (self._mark + block)[-_MARK:]
                    found = self._take(block)
                    most = most if self._passing else self.offset + _POLL_MOST
                    yield found
            self._unreadable = ""
        except FileNotFoundError as error:
            gone = f"{self.path.name} is no longer there: the run was moved or deleted" if self.offset else ""
            self._unreadable = cannot(self.path, error) if is_there(self.path) else gone
        except OSError as error:
            self._unreadable = cannot(self.path, error)

    def to_end(self) -> None:
        """Skip what is in the log now."""
        try:
            with open_file(self.path) as file:
                self.offset = file.seek(0, 2)
                self._known = True
                self._recognise(file)
        except OSError:
            self.offset = 0

    def note(self, damage: str) -> None:
        """Count a line whose event cannot be used, for `problem`."""
        self._damage, self._damaged = self._damage or damage, self._damaged + 1

    def _recognise(self, file: BinaryIO) -> None:
        """Begin anew if the file is another one, or if the bytes that were read have changed."""
        status = os.fstat(file.fileno())
        inode, size = status.st_ino, status.st_size
        start = max(0, self.offset - _MARK)
        file.seek(start)
        before = file.read(self.offset - start)
        if self._inode and (inode != self._inode or size < self.offset or not before.endswith(self._mark)):
            self.offset, self._mark = 0, b""
            self.restarts += 1
            self._forget()
        elif not self._inode:
            self._mark = before
        self._inode = inode

    def _take(self, block: bytes) -> list[Read]:
        """Return the events whose lines end within `block`."""
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
            self.note(f"a line of more than {_LINE_MOST:,} bytes")
        found: list[Read] = []
        for are_steps, group in itertools.groupby(lines, steps.is_step):
            together = list(group)
            if are_steps and (whole := steps.decode_block(together)) is not None:
                found.append(whole)
            else:
                found += self._one_by_one(together)
        self._known = self._known or bool(found)
        return found

    def _one_by_one(self, lines: list[bytes]) -> Iterator[events.Event]:
        for line in lines:
            try:
                event = codec.parse(line) if line else None
            except codec.DamagedError as error:
                self.note(str(error))
                continue
            if event is not None:
                yield event
            elif line:
                self._foreign = True


def cannot(file: Path, error: OSError) -> str:
    """Return why `file` cannot be read, for the row of its run."""
    reason = "it is a link to nothing" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
    return f"{file.name} cannot be read: {reason}"
