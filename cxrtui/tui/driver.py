"""The terminal driver reads an escape before other keys as a key of its own; a lost terminal becomes a hang-up."""

from __future__ import annotations

import os
import selectors
import signal
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any

from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from cxrtui.tui.changes import Shown

POLL_SECONDS = 0.1
_ESCAPE, _PASTE_BEGINS, _PASTE_ENDS = "\x1b", "\x1b[200~", "\x1b[201~"
_SEQUENCE = "[O\x1b"  # what can follow the escape of a terminal's sequence
_WITH_ALT = "bdf\x7f\b"  # what a terminal sends, with an escape before it, for alt and an arrow or a deletion


class KeyParser(XTermParser):
    """Textual's parser joins an escape to keys typed after it if they are read at once; this one does not.

    They are read at once while a training keeps the processor busy: escape and `n` became alt and `n`, and longer
    texts became ``^`` and the text.
    """

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._recent = ""
        self._pasting = False

    def feed(self, data: str) -> Iterator[Message]:
        """Yield the keys in the text that was read."""
        if not data:
            yield from super().feed(data)
        follows = _SEQUENCE  # an escape of an earlier read was typed by itself
        for character in data:
            if self._recent.endswith(_ESCAPE) and not self._pasting and character not in follows:
                self._timeout_time = 0.0
                yield from self.tick()
            yield from super().feed(character)
            self._recent = (self._recent + character)[-len(_PASTE_BEGINS) :]
            self._pasting = self._recent == _PASTE_BEGINS or (self._pasting and self._recent != _PASTE_ENDS)
            follows = _SEQUENCE + _WITH_ALT

    def tick(self) -> Iterator[Message]:
        """Yield the keys that are complete because no more text came."""
        waited = self._timeout_time
        yield from super().tick()
        if waited is not None and self._timeout_time is None and not self._pasting:
            self._recent = ""


class _Terminal:
    """The stream to the terminal; once the terminal has gone, text is dropped and writing raises no error."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


class TerminalDriver(LinuxDriver):
    """Textual's driver with the parser above; the loss of the terminal is treated as a hang-up."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self.written = 0
        """Bytes that were written to the terminal."""
        self._file = _Terminal(self._file)  # type: ignore[assignment, arg-type]

    def write(self, data: str) -> None:
        """Write to the terminal, and count the bytes."""
        self.written += len(data.encode())
        super().write(data)

    def start_application_mode(self) -> None:
        """Take the terminal, at the start or after another program had it; nothing of the screen is on it."""
        if isinstance(shown := getattr(self._app, "shown", None), Shown):
            shown.forget()
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def run_input_thread(self) -> None:
        """Read keys until the screen ends or the terminal has gone."""
        parser, decode = KeyParser(self._debug), getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(POLL_SECONDS):
                    try:
                        data = os.read(self.fileno, 4096)
                    except OSError:
                        data = b""
                    if not data:
                        os.kill(os.getpid(), signal.SIGHUP)  # the session leader has already got one
                        return
                    for message in parser.feed(decode(data)):
                        self.process_message(message)
                for message in parser.tick():
                    self.process_message(message)
