"""Removes torn entries from JAX's cache of compiled programs.

JAX writes an entry in its place and never writes one again. What is left of it if the process is killed meanwhile, or
the disk is full, would be read in vain by every later process, which then compiles the program anew.
"""

from __future__ import annotations

import os
import time
import zlib
from contextlib import suppress
from pathlib import Path

_STAMP = ".checked"
_MARGIN = 2.0  # seconds by which the clocks of files may differ
_CHUNK = 1 << 20
_ZSTANDARD = b"\x28\xb5\x2f\xfd"  # how an entry begins if the package zstandard is installed


def remove_torn(folder: Path) -> list[Path]:
    """Remove the torn ones of the entries in `folder` that are new since the last call, and return them.

    An entry that another process is writing looks torn too; that process then keeps its program for itself.
    """
    stamp, now = folder / _STAMP, time.time()
    removed: list[Path] = []
    with suppress(OSError):
        since = stamp.stat().st_mtime - _MARGIN if stamp.exists() else 0.0
        for entry in folder.glob("*-cache"):
            if entry.stat().st_mtime >= since and not _whole(entry):
                entry.unlink()
                removed.append(entry)
        stamp.touch()
        os.utime(stamp, (now, now))
    return removed


def _whole(entry: Path) -> bool:
    """Return whether an entry can be read to its end."""
    unpacked = zlib.decompressobj()
    with entry.open("rb") as file:
        if file.read(len(_ZSTANDARD)) == _ZSTANDARD:
            return _whole_zstandard(entry)
        file.seek(0)
        try:
            while not unpacked.eof and (data := file.read(_CHUNK)):
                while data:
                    unpacked.decompress(data, _CHUNK)
                    data = unpacked.unconsumed_tail
        except zlib.error:
            return False
    return unpacked.eof


def _whole_zstandard(entry: Path) -> bool:
    try:
        import zstandard
    except ImportError:  # JAX cannot read it either, and leaves it alone
        return True
    try:
        with entry.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as reader:
            while reader.read(_CHUNK):
                pass
    except zstandard.ZstdError:
        return False
    return True
