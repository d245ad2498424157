"""Reading files that somebody else may have put in their place: never waits for a pipe, never reads without end."""

from __future__ import annotations

import errno
import os
import stat
import time
from pathlib import Path
from typing import BinaryIO

_KINDS = (
    (stat.S_ISDIR, "it is a folder"), (stat.S_ISFIFO, "it is a pipe"), (stat.S_ISSOCK, "it is a socket"),
    (stat.S_ISCHR, "it is a device"), (stat.S_ISBLK, "it is a device"),
)  # fmt: skip
_MOST = 64 * 1024 * 1024


def open_file(path: Path) -> BinaryIO:
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


def write_atomic(path: Path, text: str) -> None:
    """Replace `path` with `text` so that a reader sees the old or the new, never a part (temp, fsync, replace).

    Raises:
        OSError: the disk refuses; `filename` is `path`.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise
    finally:
        temporary.unlink(missing_ok=True)
