"""The terminal driver reads an escape before other keys as a key of its own; a lost terminal becomes a hang-up.

A process that was stopped and goes on takes the terminal anew, once, and gives it back as it was found.
"""

from __future__ import annotations

import os
import select
import selectors
import signal
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, TextIO

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


class Output:
    """The stream to the terminal; once the terminal has gone, text is dropped and writing raises no error.

    A terminal takes a part of a text if the process is stopped meanwhile, and nothing if it is full and was set not to
    block. Python's unbuffered streams (PYTHONUNBUFFERED) drop the rest, so this writes by itself.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> None:
        """Write all of the text, unless the terminal is gone."""
        rest = memoryview(text.encode(self._stream.encoding, errors="replace"))
        with suppress(OSError, ValueError):
            file = self._stream.fileno()
            while rest:
                try:
                    rest = rest[os.write(file, rest) :]
                except BlockingIOError:
                    select.select([], [file], [], POLL_SECONDS)

    def flush(self) -> None:
        """Do nothing: all is written."""


class TerminalDriver(LinuxDriver):
    """Textual's driver with the parser above; the loss of the terminal is treated as a hang-up."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self.written = 0
        """Bytes that were written to the terminal."""
        self._ours = False  # whether the terminal is the screen's
        self._file = Output(self._file)  # type: ignore[assignment, arg-type]

    def write(self, data: str) -> None:
        """Write to the terminal, and count the bytes."""
        self.written += len(data.encode())
        super().write(data)

    def start_application_mode(self) -> None:
        """Take the terminal, at the start or after another program had it; nothing of the screen is on it."""
        if isinstance(shown := getattr(self._app, "shown", None), Shown):
            shown.forget()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._ours = True

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was."""
        self._ours = False
        super().stop_application_mode()

    def _sigcont_application(self, *signal: Any) -> None:
        """Take the terminal again after a stop.

        Textual does so without having given it back, unless it stopped the process itself. A second thread would then
        read keys, and the terminal would be left as the screen needs it.
        """
        if self._must_signal_resume:
            super()._sigcont_application(*signal)  # type: ignore[no-untyped-call]
        elif self._ours:
            self._loop.call_soon_threadsafe(self._take_again)

    def _take_again(self) -> None:
        if self._ours and self._auto_restart:
            self.suspend_application_mode()
            self.resume_application_mode()
            self._app.post_message(self.SignalResume())
            self._app.refresh(layout=True)

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
