r"""Text of other hands (names, labels, tags, logs) as text that does nothing to a terminal but stand there.

A control character can move the cursor, retitle the window or paste into a shell; a bidirectional override shows
``gpj.exe`` as ``exe.jpg`` (Unicode Technical Report 36, Unicode Standard Annex 9); an invisible character makes two
names look alike. Each is shown as the escape by which Python writes it. Text is made printable where it enters, and
once more before a terminal.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

# Letters and marks that show nothing; Unicode calls them default ignorable (DerivedCoreProperties.txt).
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0") | frozenset(
    map(chr, range(0xE0100, 0xE01F0))
)
_FORMULA = ("=", "+", "-", "@")


def printable(text: object) -> str:
    r"""`text` (a path, a name) as one line of UTF-8 that does nothing to a terminal.

    Bytes of a file name that are not UTF-8 and control characters become ``\xNN``; other surrogates, controls of
    format and direction, line separators, invisible letters and code points without a character ``\uNNNN`` or
    ``\UNNNNNNNN``. Letters of any script, combining marks, spaces of any width and emoji stay. Printable text stays
    the same, so that it may be asked for twice.
    """
    line = str(text)
    if line.isprintable() and (line.isascii() or _INVISIBLE.isdisjoint(line)):
        return line
    return "".join(character if _shows(character) else _escaped(character) for character in line)


def in_list(name: object) -> str:
    """`name` as one of several that a comma divides: between quotation marks where it holds what divides them."""
    line = printable(name)
    return f'"{line}"' if any(mark in line for mark in ",;:") else line


def listing(names: Iterable[object]) -> str:
    """`names` with commas between them, so that each can be told from the next."""
    return ", ".join(map(in_list, names))


def printable_lines(text: object) -> str:
    """As `printable`, but line feeds stay."""
    return "\n".join(map(printable, str(text).split("\n")))


def cell(text: object) -> str:
    """As `printable`, for a cell of a CSV: a spreadsheet takes it for text and for no formula (CWE-1236).

    What begins as a formula gets an apostrophe before it, as spreadsheets write such text themselves; numbers stay.
    """
    line = printable(text)
    return f"'{line}" if line[:1] in _FORMULA and len(line) > 1 and not _is_number(line) else line


def path_cell(path: object) -> str:
    """As `cell`, for a path, which stays one that opens: ``./`` goes before what begins as a formula."""
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
    return unicodedata.category(character) in ("Zs", "Co")  # spaces, and what the user's own font may hold


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as os.fsdecode has it
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
