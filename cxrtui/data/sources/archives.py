"""This module recognises archives by their first bytes, and says how to unpack each."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import shlex
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from cxrtui.data.films import printable
from cxrtui.files import open_file

_TAR = (257, b"ustar")  # place and magic, IEEE Std 1003.1 (pax and ustar)
_HEAD = 512
_PRESSED: dict[bytes, Callable[[Path], object]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
_MAGIC = {
    b"PK\x03\x04": "zip", b"PK\x05\x06": "zip", b"PK\x07\x08": "zip", b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "rar", b"\x28\xb5\x2f\xfd": "zst", b"\x1f\x8b": "gz", b"BZh": "bz2", b"\xfd7zXZ\0": "xz",
}  # fmt: skip
ENDINGS = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".7z", ".rar", ".gz", ".bz2", ".xz", ".zst")
_COMMANDS = {
    "zip": "unzip {file} -d {folder}", "tar": "mkdir -p {folder} && tar -xf {file} -C {folder}",
    "7z": "7z x {file} -o{folder}", "rar": "unrar x {file} {folder}/",
    "gz": "gunzip -k {file}", "bz2": "bunzip2 -k {file}", "xz": "unxz -k {file}",
    "zst": "unzstd -k {file}", "tar.zst": "mkdir -p {folder} && tar --zstd -xf {file} -C {folder}",
    "volume": "7z x {file} -o{folder}",
}  # fmt: skip


def kind_of(file: Path) -> str:
    """Return the kind of archive `file`: zip, tar (compressed or not), 7z, rar, gz, bz2, xz, zst; empty if none.

    A workbook or another document is not an archive here, although it is a zip file.
    """
    try:
        with open_file(file) as stream:
            head = stream.read(_HEAD)
    except OSError:
        return ""
    if _is_tar(head):
        return "tar"
    kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "")
    if kind == "zip" and _is_document(file):
        return ""
    opens = next((opens for magic, opens in _PRESSED.items() if head.startswith(magic)), None)
    named = re.search(r"\.(tar\.\w+|tgz|tbz2|txz)$", file.name, re.IGNORECASE) is not None
    return "tar" if opens is not None and (named or _is_tar(_first_bytes(file, opens))) else kind


def _is_tar(head: bytes) -> bool:
    place, magic = _TAR
    return head[place : place + len(magic)] == magic


def _first_bytes(file: Path, opens: Callable[[Path], object]) -> bytes:
    try:
        with opens(file) as stream:  # type: ignore[attr-defined]
            return bytes(stream.read(_HEAD))
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        return b""


def _is_document(file: Path) -> bool:
    """Whether a zip file is one of Office's or OpenDocument's."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()[:8]
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False
    return "[Content_Types].xml" in names or "mimetype" in names


def unpacking(file: Path) -> str:
    """Return a shell command that unpacks `file` into a folder beside it; empty where it is not an archive."""
    kind = kind_of(file)
    if not kind:
        return ""
    if kind == "zst" and re.search(r"\.(tar\.zst|tzst)$", file.name, re.IGNORECASE):
        kind = "tar.zst"
    elif re.search(r"\.\d{3}$", file.name):  # the first of several files, films.zip.001
        kind = "volume"
    folder = file.with_name(_stem(file.name))
    return _COMMANDS[kind].format(file=_argument(file), folder=_argument(folder))


def _argument(path: Path) -> str:
    """Return `path` quoted for a shell, so that no program reads it as an option."""
    text = str(path)
    text = f"./{text}" if text.startswith("-") else text
    if printable(text) == text:
        return shlex.quote(text)
    # Bash and zsh read the escapes of `printable` between these quotation marks.
    return "$'" + "".join(f"\\{letter}" if letter in "\\'" else printable(letter) for letter in text) + "'"


def _stem(name: str) -> str:
    lower = name.casefold()
    for ending in (*(f".tar{pressed}" for pressed in (".gz", ".bz2", ".xz", ".zst")), *ENDINGS):
        if lower.endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)]
    return f"{name}-unpacked"


def archives_in(folder: Path, root: Path) -> list[str]:
    """Return the archives directly in `folder`, found by ending and content, as paths below `root`."""
    try:
        files = sorted(item for item in folder.iterdir() if item.suffix.casefold() in ENDINGS and item.is_file())
    except OSError:
        return []
    return [printable(file.relative_to(root)) for file in files[:200] if kind_of(file)]
