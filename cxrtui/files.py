"""Files, read and replaced, and the names of folders that users choose.

A file that is read may be one that somebody else has put in its place: no reader here waits for a pipe or reads without
end. A file that is written appears whole or not at all.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_KINDS = (
    (stat.S_ISDIR, "it is a folder"), (stat.S_ISFIFO, "it is a pipe"), (stat.S_ISSOCK, "it is a socket"),
    (stat.S_ISCHR, "it is a device"), (stat.S_ISBLK, "it is a device"),
)  # fmt: skip
_MOST = 64 * 1024 * 1024
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # of a run, and of a folder of the shelf
NAME_RULE = "letters, digits, '.', '-' and '_' only (64 at most)"


def is_name(text: str) -> bool:
    """Whether a run or a folder of the shelf may be called so: no path, nothing hidden, no option of a command."""
    return NAME.fullmatch(text) is not None


def open_file(path: Path) -> io.BufferedReader:
    """The regular file at `path`, opened to be read; a symbolic link is followed.

    Raises:
        OSError: it is not there or not to be read, or is a pipe, a socket, a device or a folder; `strerror` says so.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.ENXIO, "it is a socket and no file", str(path)) from None
        raise
    except ValueError:  # a NUL in the path
        raise FileNotFoundError(errno.ENOENT, "no file can have that name", str(path)) from None
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    kind = next((words for is_kind, words in _KINDS if is_kind(mode)), "it is something else")
    raise OSError(errno.EINVAL, f"{kind} and no file", str(path))


def read_bytes(path: Path, most: int = _MOST) -> bytes:
    """What is in the file at `path`.

    Raises:
        OSError: as `open_file`, or it is longer than `most` bytes.
    """
    with open_file(path) as file:
        body = file.read(most + 1)
    if len(body) > most:
        raise OSError(errno.EFBIG, f"it is longer than {most:,} bytes", str(path))
    return body


def read_text(path: Path, most: int = _MOST, *, encoding: str = "utf-8", errors: str = "strict") -> str:
    """As `read_bytes`, decoded.

    Raises:
        OSError: as `read_bytes`.
        UnicodeDecodeError: it is not of `encoding`.
    """
    return read_bytes(path, most).decode(encoding, errors)


def is_there(path: Path) -> bool:
    """Whether anything has that name, be it a link to nothing."""
    try:
        return os.path.lexists(path)
    except (OSError, ValueError):
        return False


def sha256(path: Path) -> str:
    """The SHA-256 of what is in the file at `path`, 64 hexadecimal digits.

    Raises:
        OSError: as `open_file`.
    """
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of `path` when the block ends well; else `path` stays as it is.

    A reader sees the old file or the new one and never a part: the bytes go to a temporary file beside `path`, reach
    the disk (fsync) and come to their place by `os.replace`.

    Args:
        path: its folder must be there.
        durable: False leaves out the fsync, where many files are written that can be made again.

    Raises:
        OSError: the disk refuses; `filename` is `path`.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_atomic(path: Path, content: str | bytes, *, durable: bool = True) -> None:
    """Replace `path` with `content`, a text in UTF-8, as `replacing` does.

    Raises:
        OSError: as `replacing`.
    """
    with replacing(path, durable=durable) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def sync(path: Path) -> None:
    """Return once a file, or the list of names in a folder, is on the disk.

    Raises:
        OSError: it is not there, or the disk refuses.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
