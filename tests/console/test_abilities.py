"""What ``doctor`` says of the terminal."""

from __future__ import annotations

import io
import os
import pty
import termios
import threading

import pytest

from cxrtui.console import abilities
from cxrtui.console.rich_text import PrintableConsole


def lines(environment: dict[str, str], answer: bytes = b"", *, colours: str | None = "truecolor") -> dict[str, str]:
    console = PrintableConsole(force_terminal=True, width=80, height=24, color_system=colours)  # type: ignore[arg-type]
    return dict(abilities.described(console, environment, answer))


def test_a_good_terminal() -> None:
    found = lines({"TERM": "xterm-kitty", "LANG": "de_DE.utf8", "TMUX": "x"}, b"\x1b_Gi=31;OK\x1b\\\x1b[?62;c")
    assert found == {
        "terminal": "80×24, xterm-kitty in tmux", "colours": "16 million", "characters": "UTF-8 (de_DE.utf8)",
        "images": "Kitty's protocol",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "images"),
    [(b"\x1b[?62;4;6c", "Sixel"), (b"\x1b[?62;14;6c", "half blocks: the terminal"), (b"", "half blocks: it was not")],
)
def test_images(answer: bytes, images: str) -> None:
    assert lines({}, answer)["images"].startswith(images)


def test_what_is_missing_is_said_with_a_remedy() -> None:
    assert "COLORTERM" in lines({"TERM": "xterm-256color"}, colours="256")["colours"]
    assert "NO_COLOR" in lines({"NO_COLOR": "1"})["colours"]
    assert "LC_ALL=C.UTF-8" in lines({"LANG": "C"})["characters"]
    assert "no locale is set" in lines({})["characters"]
    assert lines({"LC_ALL": "C", "LANG": "en_GB.UTF-8"})["characters"].startswith("the locale does not say")


@pytest.mark.parametrize("answers", [True, False])
def test_the_terminal_is_asked_and_left_as_it_was(answers: bool) -> None:
    master, slave = pty.openpty()
    with os.fdopen(slave, "r+b", buffering=0) as end:
        stream = io.TextIOWrapper(end, write_through=True)
        before = termios.tcgetattr(slave)
        asked = []

        def terminal() -> None:
            asked.append(os.read(master, 100))
            if answers:
                os.write(master, b"\x1b[?62;4c")

        thread = threading.Thread(target=terminal)
        thread.start()
        assert abilities.ask(stream, stream) == (b"\x1b[?62;4c" if answers else b"")
        thread.join(10)
        assert asked[0].endswith(b"\x1b[c")
        assert termios.tcgetattr(slave) == before
    os.close(master)


def test_no_terminal_is_not_asked() -> None:
    assert abilities.ask(io.StringIO(), io.StringIO()) == b""
