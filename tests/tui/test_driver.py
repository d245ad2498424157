"""What the terminal's driver writes."""

from __future__ import annotations

import os
import threading

from cxrtui.tui.driver import Output


def test_a_terminal_that_takes_a_part_gets_all_of_a_text() -> None:
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)  # as a program before us may have left the terminal
    text, read = "▶ training\n" * 100_000, bytearray()

    def take() -> None:
        while data := os.read(ours, 1 << 16):
            read.extend(data)

    reader = threading.Thread(target=take)
    reader.start()
    with open(theirs, "w", encoding="utf-8") as stream:
        Output(stream).write(text)
    reader.join()
    os.close(ours)
    assert read.decode() == text


def test_a_terminal_that_is_gone_raises_no_error() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    with open(theirs, "w", encoding="utf-8") as stream:
        Output(stream).write("text")
