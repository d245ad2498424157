"""This module appends events to a run's log, one line for each event, in one system call."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cxrtui.files import open_file
from cxrtui.runs import codec, events


@dataclass(frozen=True)
class Written:
    """A line of the log without its newline, with the range of bytes that it and its newline take in the log."""

    line: str
    start: int
    end: int


def append(file: Path, event: events.Event) -> Written:
    """Write one line to the log.

    If the line before it was cut, by a full disk or the end of a process, a newline is written first.

    Raises:
        OSError: the line could not be written, or only a part of it; `filename` is the log.
    """
    line = codec.encode(event)
    body = line.encode() + b"\n"
    rest = body
    try:
        if _is_cut(file):
            rest = b"\n" + rest
        # O_NONBLOCK: a pipe in place of the log must give an error, and not block the run.
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o644)
        try:
            while rest:  # a disk that fills up first writes a part, and only the next write gives the error
                rest = rest[os.write(descriptor, rest) :]
            end = os.lseek(descriptor, 0, os.SEEK_CUR)
        finally:
            os.close(descriptor)
    except OSError as error:
        error.filename = str(file)
        raise
    return Written(line, end - len(body), end)


def _is_cut(file: Path) -> bool:
    """Return whether the log's last line has no newline."""
    try:
        with open_file(file) as opened:
            if opened.seek(0, os.SEEK_END) == 0:
                return False
            opened.seek(-1, os.SEEK_END)
            return opened.read(1) != b"\n"
    except FileNotFoundError:
        return False
