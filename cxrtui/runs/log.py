"""Writing a run's log: a line an event, each in one system call."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cxrtui.files import open_file
from cxrtui.runs import codec, events


@dataclass(frozen=True)
class Written:
    """A line of the log, without its newline, and the bytes of the log that it and its newline take."""

    line: str
    start: int
    end: int


def append(file: Path, event: events.Event) -> Written:
    """Write one line to the log.

    A line before it that was cut, by a full disk or with its process, is ended first.

    Raises:
        OSError: the line could not be written, or not to its end; `filename` is the log.
    """
    line = codec.encode(event)
    body = line.encode() + b"\n"
    rest = body
    try:
        if _is_cut(file):
            rest = b"\n" + rest
        # Not blocking: a pipe in its place must end the run, not hold it.
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o644)
        try:
            while rest:  # a disk that fills up takes a part first, and says so only then
                rest = rest[os.write(descriptor, rest) :]
            end = os.lseek(descriptor, 0, os.SEEK_CUR)
        finally:
            os.close(descriptor)
    except OSError as error:
        error.filename = str(file)
        raise
    return Written(line, end - len(body), end)


def _is_cut(file: Path) -> bool:
    """Whether the log's last line has no end."""
    try:
        with open_file(file) as opened:
            if opened.seek(0, os.SEEK_END) == 0:
                return False
            opened.seek(-1, os.SEEK_END)
            return opened.read(1) != b"\n"
    except FileNotFoundError:
        return False
