r"""Text from outside (names, labels, tags, logs) is turned here into text that cannot control a terminal.

A control character can move the cursor, retitle the window or paste into a shell; a bidirectional override shows
``gpj.exe`` as ``exe.jpg`` (Unicode Technical Report 36, Unicode Standard Annex 9); an invisible character makes two
names look alike. Each is shown as its Python escape. Text is made printable where the program reads it, and once more
before it goes to a terminal.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

# Letters and marks that are not visible; Unicode calls them default ignorable (DerivedCoreProperties.txt).
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0") | frozenset(
    map(chr, range(0xE0100, 0xE01F0))
)
_FORMULA = ("=", "+", "-", "@")


def printable(text: object) -> str:
    r"""Return `text` (a path, a name) as one line of UTF-8 that cannot control a terminal.

    Bytes of a file name that are not UTF-8 and control characters become ``\xNN``. Other surrogates, controls of
    format and direction, line separators, invisible letters and code points without a character become ``\uNNNN`` or
    ``\UNNNNNNNN``. Letters of any script, combining marks, spaces of any width and emoji stay. Printable text is not
    changed, so the function may be applied twice.
    """
    line = str(text)
    if line.isprintable() and (line.isascii() or _INVISIBLE.isdisjoint(line)):
        return line
    return "".join(character if _shows(character) else _escaped(character) for character in line)


def in_list(name: object) -> str:
    """Return `name` for a list with commas: between quotation marks if it contains a comma, semicolon or colon."""
    line = printable(name)
    return f'"{line}"' if any(mark in line for mark in ",;:") else line


def listing(names: Iterable[object]) -> str:
    """Return `names` with commas between them; names that contain separators are quoted."""
    return ", ".join(map(in_list, names))


def printable_lines(text: object) -> str:
    """Return `text` as `printable` does, but keep its line feeds."""
    return "\n".join(map(printable, str(text).split("\n")))


def cell(text: object) -> str:
    """Return `text` as `printable` does, for a cell of a CSV that a spreadsheet does not read as a formula (CWE-1236).

    Text that begins like a formula gets an apostrophe before it, as spreadsheets write such text; numbers stay.
    """
    line = printable(text)
    return f"'{line}" if line[:1] in _FORMULA and len(line) > 1 and not _is_number(line) else line


def path_cell(path: object) -> str:
    """Return `path` for a cell of a CSV; ``./`` goes before one that begins like a formula, so that it still opens."""
    line = printable(path)
    return f"./{line}" if line[:1] in _FORMULA else line


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _shows(character: str) -> bool:
    if character.isprintable():
        return character not in _INVISIBLE
    return unicodedata.category(character) in ("Zs", "Co")  # spaces, and private characters of the user's own font


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as os.fsdecode returns it
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
