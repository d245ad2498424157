"""Functions that read and replace files, and the rule for names of folders that users choose.

Somebody else may have put another thing in the place of a file, so no reader here waits for a pipe or reads without
end. A file that is written appears whole or not at all.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import re
import shutil
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
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # the name of a run or of a folder of the shelf
NAME_RULE = "letters, digits, '.', '-' and '_' only (64 at most)"


_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def is_name(text: str) -> bool:
    """Return whether a run or a folder of the shelf may have that name: no path, hidden file or command-line option."""
    return NAME.fullmatch(text) is not None


def is_url(text: str) -> bool:
    """Return whether `text` is a URL such as ``s3://bucket/films`` and no path."""
    return _URL.match(text) is not None


def open_file(path: Path) -> io.BufferedReader:
    """Open the regular file at `path` for reading; a symbolic link is followed.

    Raises:
        OSError: it is missing, cannot be read, or is a pipe, a socket, a device or a folder; `strerror` says which.
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
    """Return the bytes of the file at `path`.

    Raises:
        OSError: as `open_file`, or the file is longer than `most` bytes.
    """
    with open_file(path) as file:
        body = file.read(most + 1)
    if len(body) > most:
        raise OSError(errno.EFBIG, f"it is longer than {most:,} bytes", str(path))
    return body


def read_text(path: Path, most: int = _MOST, *, encoding: str = "utf-8", errors: str = "strict") -> str:
    """Return the text of the file at `path`, decoded from `read_bytes`.

    Raises:
        OSError: as `read_bytes`.
        UnicodeDecodeError: the text is not in `encoding`.
    """
    return read_bytes(path, most).decode(encoding, errors)


def is_there(path: Path) -> bool:
    """Return whether anything has that name, also a symbolic link whose target is missing."""
    try:
        return os.path.lexists(path)
    except (OSError, ValueError):
        return False


def sha256(path: Path) -> str:
    """Return the SHA-256 of the file at `path` as 64 hexadecimal digits.

    Raises:
        OSError: as `open_file`.
    """
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """Give a file to write, which replaces `path` if the block raises nothing; otherwise `path` is unchanged.

    A reader sees the old file or the new one and never a part: the bytes go to a temporary file beside `path`, are
    flushed to the disk (fsync), and `os.replace` then moves the file to `path`.

    Args:
        path: its folder must be there.
        durable: False leaves out the fsync, for many files that can be made again.

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


def remove_folder(folder: Path) -> None:
    """Delete a folder with all that is in it; of a symbolic link, only the link.

    Raises:
        OSError: the disk refuses.
    """
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder)


def sync(path: Path) -> None:
    """Wait until a file, or the list of names in a folder, is on the disk.

    Raises:
        OSError: it is missing, or the disk refuses.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
