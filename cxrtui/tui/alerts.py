"""Notifications of the terminal: a bell, and a message on the desktop where the terminal can show one.

A message is an escape sequence: OSC 9 (iTerm2, WezTerm, Ghostty, kitty) or OSC 777 (VTE, foot, urxvt, Konsole). A
terminal that knows neither ignores both. tmux hands a sequence on to its terminal if it is wrapped, and if its option
``allow-passthrough`` is on.
"""

from __future__ import annotations

from collections.abc import Mapping

from cxrtui.printable import printable

BELL = "\x07"
LONGEST = 200
"""Characters of a message at most."""
_OSC_9 = ("iTerm.app", "WezTerm", "ghostty", "kitty")  # values of TERM_PROGRAM
_OSC_777 = ("foot", "rxvt", "konsole")  # how TERM begins
_NEITHER = ("linux", "dumb", "vt", "ansi", "cons")
_END = "\x1b\\"


def kinds(environment: Mapping[str, str]) -> tuple[int, ...]:
    """Return the numbers of the sequences for the terminal that the environment describes: 9, 777, both or none.

    Both are used for an unknown terminal, such as one at the other end of ssh.
    """
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if not term or term.startswith(_NEITHER):
        return ()
    if program in _OSC_9 or term.startswith(("xterm-kitty", "xterm-ghostty", "wezterm")):
        return (9,)
    if "VTE_VERSION" in environment or "KONSOLE_VERSION" in environment or term.startswith(_OSC_777):
        return (777,)
    return (9, 777)


def alert(title: str, text: str, environment: Mapping[str, str]) -> str:
    """Return what is written to the terminal to ring and to show a message; names in it cannot control the terminal."""
    title, text = (printable(part).replace(";", ",")[:LONGEST] for part in (title, text))
    messages = {9: f"\x1b]9;{title}: {text}{_END}", 777: f"\x1b]777;notify;{title};{text}{_END}"}
    return BELL + "".join(_through(messages[kind], environment) for kind in kinds(environment))


def _through(sequence: str, environment: Mapping[str, str]) -> str:
    """Return the sequence as tmux must get it to hand it on, if this is tmux."""
    if not environment.get("TMUX"):
        return sequence
    return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + _END
