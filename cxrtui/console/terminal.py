"""The last door before the terminal: whatever is printed stands there and does nothing else.

Names, labels and reasons are made printable where they enter (`cxrtui.printable`). What slips past that, a library's
warning, a traceback, a word of the command line, is caught here: only a `printing.PrintableConsole` writes sequences of
its own, for styles and bars.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO, cast

from cxrtui.printable import printable_lines


class PrintableStream:
    """A text stream whose every write is printable; it says that it is no terminal, so that nobody styles on it."""

    def __init__(self, stream: TextIO) -> None:
        self.raw = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)

    def isatty(self) -> bool:
        """False: `raw` may be one."""
        return False

    def write(self, text: str) -> int:
        """Write `text`, its line feeds and tabs kept; a carriage return ends a line."""
        lines = text.replace("\r\n", "\n").replace("\r", "\n")
        self.raw.write("\t".join(map(printable_lines, lines.split("\t"))))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """`write` each."""
        for line in lines:
            self.write(line)


def raw(stream: TextIO) -> TextIO:
    """The stream itself, behind the door."""
    return stream.raw if isinstance(stream, PrintableStream) else stream


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Stdout and stderr of this process are behind the door."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast("TextIO", PrintableStream(raw(stream))) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
