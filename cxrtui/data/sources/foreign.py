"""This module says what a file is that was given as films or a table and is neither, and what the user can do."""

from __future__ import annotations

import stat
from pathlib import Path

from cxrtui.data.films import printable
from cxrtui.data.sources import archives
from cxrtui.files import open_file

_CSV = "save it as CSV (UTF-8) from the program that wrote it, and name that"
_KINDS: tuple[tuple[bytes, str, str], ...] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (or another OLE file)", _CSV),
    (b"PAR1", "a Parquet file", "write it as CSV, for example with pandas.read_parquet(FILE).to_csv(CSV, index=False)"),
    (b"SQLite format 3\0", "an SQLite database", "export its table as CSV"),
    (b"%PDF", "a PDF document", "name the table that it was made from, as CSV"),
    (b"version https://git-lfs", "a pointer of Git LFS and not the file itself", "run git lfs pull in its folder"),
    (b"\x89PNG\r\n\x1a\n", "an image", "name the folder that holds the class folders, or a CSV of path and label"),
    (b"\xff\xd8\xff", "an image", "name the folder that holds the class folders, or a CSV of path and label"),
)
HEAD = 4096


def not_a_file(path: Path) -> str:
    """Return why `path`, which exists, is neither a file nor a folder; empty where it is one of them.

    Raises:
        OSError: its status cannot be read.
    """
    mode = path.stat().st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return ""
    kinds = ((stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"))
    return next((word for is_kind, word in kinds if is_kind(mode)), "a device")


def what_it_is(path: Path, head: bytes) -> str:
    """Return, for example, ``is an Excel workbook; save it …`` by `head`, the first bytes at `path`; empty for text."""
    if head.startswith(b"PK\x03\x04") and (book := _office(head)):
        return f"is {book}; {_CSV}"
    for magic, kind, advice in _KINDS:
        if head.startswith(magic):
            return f"is {kind}; {advice}"
    if unpacking := archives.unpacking(path):
        return f"is a packed archive; unpack it and name the folder, for example: {unpacking}"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"{" or text[:2] in (b"[{", b"[[") or (text[:1] == b"[" and text[1:].lstrip()[:1] in b"{[\"'"):
        return "is JSON and not a table; write it as CSV with the columns path and label"
    if text[:1] == b"<":
        return "is a web page or XML and not a table; fetch the file itself, which a login page may have replaced"
    return ""


def kind_of(path: Path) -> str:
    """Return what the file at `path` is, for example ``is a PDF document``, if it is no image and that can be told.

    It begins with a verb; it is empty for an image and for a file that cannot be read.
    """
    try:
        with open_file(path) as stream:
            head = stream.read(HEAD)
    except OSError:
        return ""
    kind, _, _ = what_it_is(path, head).partition(";")
    if kind:
        return "" if kind == "is an image" else kind.removesuffix(" and not a table")
    text = head.decode("utf-8", "replace").rstrip("\ufffd")  # the last character may be cut
    if text and "\ufffd" not in text and "\0" not in text:
        first = next((line.strip() for line in text.splitlines() if line.strip()), "")
        shown = printable(first[:60]) + ("…" if len(first) > 60 else "")
        return f"is text, which begins with “{shown}”" if shown else "is blank text"
    return ""


def _office(head: bytes) -> str:
    """Return the kind of a zip whose first entries are those of an office document."""
    if b"opendocument.spreadsheet" in head[:120]:
        return "an OpenDocument spreadsheet"
    if b"[Content_Types].xml" in head or b"xl/" in head or b"docProps/" in head:
        return "an Excel workbook"
    return ""
