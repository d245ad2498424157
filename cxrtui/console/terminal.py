"""Streams that make all output printable, so that it cannot control the terminal.

Names, labels and reasons are made printable where the program reads them (`cxrtui.printable`). Other text, such as a
library's warning, a traceback or a word of the command line, is made printable here. Only a
`rich_text.PrintableConsole` writes control sequences, for styles and bars.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO, cast

from cxrtui.printable import printable_lines


class PrintableStream:
    """A text stream that writes printable text only; it says that it is no terminal, so that nobody sends it styles."""

    def __init__(self, stream: TextIO) -> None:
        self.raw = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)

    def isatty(self) -> bool:
        """Return False, even if `raw` is a terminal."""
        return False

    def write(self, text: str) -> int:
        """Write `text`; line feeds and tabs stay, and a carriage return ends a line."""
        lines = text.replace("\r\n", "\n").replace("\r", "\n")
        self.raw.write("\t".join(map(printable_lines, lines.split("\t"))))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each of `lines` as `write` does."""
        for line in lines:
            self.write(line)


def raw(stream: TextIO) -> TextIO:
    """Return the stream that a `PrintableStream` writes to, or `stream` if it is another."""
    return stream.raw if isinstance(stream, PrintableStream) else stream


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Replace stdout and stderr by a `PrintableStream` within the block."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast("TextIO", PrintableStream(raw(stream))) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
