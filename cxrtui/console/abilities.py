"""What the terminal can do: its size, colours, characters and images, as far as it and the environment tell."""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import time
import tty
from collections.abc import Mapping
from typing import TextIO

from cxrtui.console.rich_text import PrintableConsole
from cxrtui.console.terminal import raw

_WAIT_SECONDS = 0.5
_KITTY = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"  # whether an image of one pixel could be shown
_ATTRIBUTES = b"\x1b[c"  # every terminal answers this, so that nobody waits for an answer to the first
_ATTRIBUTES_ANSWER = re.compile(rb"\x1b\[\?([\d;]*)c")
_MOST = 4096  # bytes of an answer


def described(console: PrintableConsole, environment: Mapping[str, str], answer: bytes) -> list[tuple[str, str]]:
    """Return lines of a name and a text on the terminal.

    Args:
        console: on stdout.
        environment: of the process.
        answer: what the terminal has answered to `ask`; empty if it was not asked.
    """
    size = f"{console.width}×{console.height}" if console.is_terminal else "none: stdout is no terminal"
    within = " in tmux" if environment.get("TMUX") else ""
    program = "" if within else environment.get("TERM_PROGRAM")
    term = " ".join(filter(None, (environment.get("TERM"), program)))
    return [
        ("terminal", f"{size}{f', {term}{within}' if term else ''}"),
        ("colours", _colours(console, environment)),
        ("characters", _characters(environment)),
        ("images", _images(answer)),
    ]


def _colours(console: PrintableConsole, environment: Mapping[str, str]) -> str:
    if environment.get("NO_COLOR"):
        return "none: NO_COLOR is set; the dashboard is grey"
    names = {"truecolor": "16 million", "256": "256", "standard": "16"}
    found = names.get(console.color_system or "", "none")
    more = "; if the terminal has more, set COLORTERM=truecolor" if found in ("256", "16") else ""
    return found + more


def _characters(environment: Mapping[str, str]) -> str:
    name = next(
        (environment[key] for key in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(key)), "no locale is set"
    )
    if "utf" in name.lower().replace("-", ""):
        return f"UTF-8 ({name})"
    return f"the locale does not say UTF-8 ({name}); if curves and frames look broken: export LC_ALL=C.UTF-8"


def _images(answer: bytes) -> str:
    if b"\x1b_Gi=31;OK" in answer:
        return "Kitty's protocol"
    found = _ATTRIBUTES_ANSWER.search(answer)
    if found and b"4" in found[1].split(b";"):
        return "Sixel"
    return "half blocks: the terminal has told of no way to show images" if found else "half blocks: it was not asked"


def ask(stdin: TextIO, stdout: TextIO) -> bytes:
    """Return what the terminal answers on its images, within half a second; empty if there is no terminal to ask."""
    try:
        if not (stdin.isatty() and stdout.isatty()):
            return b""
        before = termios.tcgetattr(stdin.fileno())
    except (OSError, ValueError, termios.error):
        return b""
    answer, end = b"", time.monotonic() + _WAIT_SECONDS
    try:
        tty.setcbreak(stdin.fileno())
        stdout.flush()
        os.write(stdout.fileno(), _KITTY + _ATTRIBUTES)
        while not _ATTRIBUTES_ANSWER.search(answer) and len(answer) < _MOST:
            if not select.select([stdin.fileno()], [], [], max(0.0, end - time.monotonic()))[0]:
                break
            answer += os.read(stdin.fileno(), _MOST)
    except OSError:
        pass
    finally:
        termios.tcsetattr(stdin.fileno(), termios.TCSADRAIN, before)
    return answer


def lines() -> list[tuple[str, str]]:
    """Return lines of a name and a text on this process's terminal."""
    return described(PrintableConsole(), os.environ, ask(sys.stdin, raw(sys.stdout)))
