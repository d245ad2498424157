"""``summary.json`` holds the places in a run's log of the lines that a list of runs needs, so that it reads only these.

The runner replaces the file once an epoch and at the end. It holds places and no values: all values are read from the
log, with the same checks as every other line. A summary is ignored, and the end of the log is read instead, if it is
of another log or of one that was written anew, or if it points to another line. The last lines of the log are always
read, so that a summary can never hide how a run ended.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from cxrtui.files import open_file, read_text, write_atomic
from cxrtui.runs import codec, schema
from cxrtui.runs import events as ev
from cxrtui.runs.log import Written

FILE = "summary.json"
VERSION = 1
_MOST = 1 << 16  # bytes of the file at most
_LINES_MOST = 64
_LINE_MOST = 1 << 20  # bytes of one of the lines
_MARK = 4096  # bytes of the log before `end` that the digest is of

KEPT: frozenset[type[ev.Event]] = frozenset((
    ev.RunStarted, ev.Preparing, ev.BatchChosen, ev.Compiled, ev.StepDone, ev.EpochDone, ev.Validated,
    ev.EarlyStopping, ev.CheckpointSaved, ev.Paused, ev.Resumed, ev.Evaluated, ev.Stopped, ev.Failed,
))  # fmt: skip
"""Types whose latest line is kept; of `Evaluated`, the latest line of each split is kept.

Of the warnings, only the latest that a split leaks is kept: it belongs beside every figure of the run.
"""
_OF_A_STEP = ("StepDone", "EpochDone", "Validated", "EarlyStopping")  # a restore returns these to its checkpoint

Place = tuple[int, int]
"""The offset of a line's first byte in the log, and of the byte after its newline."""


@dataclass(frozen=True)
class Summary:
    """The content of the file: the log's inode, the SHA-256 (`mark`) of its bytes before `end`, and places of lines."""

    v: int
    inode: int
    end: int
    mark: str
    lines: list[list[int]]


_CHECKS = schema.checks(Summary)


class Landmarks:
    """The places that a summary keeps, updated as the log grows, in the process that writes the run."""

    def __init__(self) -> None:
        self.end = 0
        self.started = False
        """Whether a RunStarted is in the log."""
        self._places: dict[str, Place] = {}
        self._at_checkpoints: list[tuple[int, dict[str, Place]]] = []

    def add(self, event: ev.Event, start: int, end: int) -> None:
        """Record the place of a line."""
        self.end = end
        self.started = self.started or isinstance(event, ev.RunStarted)
        if isinstance(event, ev.Resumed) and event.restored:
            self._restore(event.step)
        if _is_kept(event):
            split = f" {event.part}" if isinstance(event, ev.Evaluated) else ""
            self._places[type(event).__name__ + split] = (start, end)
        if isinstance(event, ev.CheckpointSaved):
            self._at_checkpoints.append((event.step, {key: self._places[key] for key in _OF_A_STEP
                                                      if key in self._places}))  # fmt: skip

    def add_written(self, event: ev.Event, written: Written) -> None:
        """Record the place of a line that was just appended."""
        self.add(event, written.start, written.end)

    def _restore(self, step: int) -> None:
        """Drop the places after the checkpoint of `step`, as `fold` drops the events."""
        while self._at_checkpoints and self._at_checkpoints[-1][0] > step:
            self._at_checkpoints.pop()
        kept = self._at_checkpoints[-1][1] if self._at_checkpoints else {}
        lost = [key for key in self._places if key in _OF_A_STEP or key.startswith("Evaluated")]
        for key in lost:
            del self._places[key]
        self._places |= kept

    def write(self, log: Path) -> None:
        """Replace the summary beside `log`.

        Raises:
            OSError: the log cannot be read, or the disk refuses.
        """
        with open_file(log) as file:
            inode, mark = os.fstat(file.fileno()).st_ino, _mark(file, self.end)
        lines = [list(place) for place in sorted(self._places.values())[-_LINES_MOST:]]
        body = Summary(VERSION, inode, self.end, mark, lines)
        write_atomic(log.with_name(FILE), json.dumps(asdict(body)) + "\n")


def read_landmarks(log: Path) -> Landmarks:
    """Return the landmarks of an existing log, which is read to its end."""
    marks = Landmarks()
    try:
        with open_file(log) as file:
            start = 0
            for line in file:
                end = start + len(line)
                if line.endswith(b"\n") and (event := codec.decode(line)) is not None:
                    marks.add(event, start, end)
                start = end
            marks.end = start
    except OSError:
        pass
    return marks


def read_summary(log: Path) -> tuple[list[tuple[Place, ev.Event]], int] | None:
    """Read the events that the summary beside `log` points to.

    Returns:
        The events, each with its place, and the summary's `end`; None if there is no summary that fits the log.
    """
    try:
        body = json.loads(read_text(log.with_name(FILE), _MOST))
        found = Summary(**{key: _CHECKS[key](value) for key, value in body.items()})
        if found.v != VERSION or len(found.lines) > _LINES_MOST or found.end < 0:
            return None
        with open_file(log) as file:
            status = os.fstat(file.fileno())
            if status.st_ino != found.inode or status.st_size < found.end or _mark(file, found.end) != found.mark:
                return None
            return [_event(file, place, found.end) for place in found.lines], found.end
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None


def _event(file: BinaryIO, place: list[int], most: int) -> tuple[Place, ev.Event]:
    """Return the event of the line at `place`.

    Raises:
        ValueError: there is no whole line there, or its event is not of a kept type.
    """
    start, end = place
    if not 0 <= start < end <= most or end - start > _LINE_MOST:
        raise ValueError
    file.seek(max(0, start - 1))
    read = file.read(end - max(0, start - 1))
    before, line = (read[:1], read[1:]) if start else (b"\n", read)
    if before != b"\n" or line.find(b"\n") != end - start - 1:
        raise ValueError
    event = codec.parse(line)
    if event is None or not _is_kept(event):
        raise ValueError
    return (start, end), event


def _is_kept(event: ev.Event) -> bool:
    return type(event) in KEPT or (isinstance(event, ev.Warned) and event.code == ev.SPLIT_LEAKS)


def _mark(file: BinaryIO, end: int) -> str:
    """Return the SHA-256 of the last bytes before `end`."""
    file.seek(max(0, end - _MARK))
    return hashlib.sha256(file.read(min(end, _MARK))).hexdigest()
