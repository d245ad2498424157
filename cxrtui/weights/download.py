"""One large file over HTTP into a partial file that survives: a cut connection, and the process, go on where it ended.

Why not `huggingface_hub.hf_hub_download`: its 2.4 deletes the partial file when the process ends, compares sizes and no
checksums, and keeps a second copy of every file in its cache.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import re
import shutil
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from cxrtui.disk import with_remedy
from cxrtui.errors import WeightsError

CHUNK = 1 << 18
ATTEMPTS = 5  # without a single new byte
Tell = Callable[[int, int], None]  # bytes here, bytes in all (0: not known)
ShouldStop = Callable[[], bool]
_PATIENCE = 0.1  # seconds between two looks at `ShouldStop`, in a pause

_LATER = (408, 429, 500, 502, 503, 504)


class NoWayOutError(WeightsError):
    """The server cannot be reached at all; the message is the reason, in a few words."""


class RefusedByServerError(WeightsError):
    """The server answered, but not with the file that is wanted."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status


class BusyError(WeightsError):
    """Another process, or another part of this one, downloads the same."""


class GivenUpError(WeightsError):
    """Whoever asked does not want it any more; what came so far is kept."""


def never() -> bool:
    """A `ShouldStop` that wants everything."""
    return False


def heed(should_stop: ShouldStop) -> None:
    """Go on only while it is wanted.

    Raises:
        GivenUpError: it is not.
    """
    if should_stop():
        raise GivenUpError("Given up, as was asked.")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to the storage behind a hub, and keeps the token from any other host."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        followed = super().redirect_request(req, fp, code, msg, headers, newurl)
        if followed is not None and urlsplit(newurl)[:2] != urlsplit(req.full_url)[:2]:
            followed.remove_header("Authorization")
        return followed


def download(
    url: str, partial: Path, *, headers: Mapping[str, str], size: int = 0, tell: Tell = lambda _here, _all: None,
    timeout: float = 20.0, pause: float = 1.0, should_stop: ShouldStop = never,
) -> None:  # fmt: skip
    """Bring `partial` to the whole of what `url` holds, from wherever it stands.

    Args:
        url: where the file is; redirects are followed.
        partial: the file so far, in a folder of its own; it need not exist, and where nothing comes, neither does then.
        headers: of every request; ``Authorization`` goes to the first host alone.
        size: bytes that the whole must have; 0 where that is not known.
        tell: called as bytes arrive.
        timeout: of a connection and of each read, seconds.
        pause: before the second attempt, seconds; doubled for each further one.
        should_stop: asked before each request, after each piece and while pausing; a server that is silent is noticed
            at `timeout`.

    Raises:
        GivenUpError: `should_stop` said so.
        NoWayOutError: there is no connection, or none that brings anything.
        RefusedByServerError: an answer that waiting does not change.
        BusyError: another process downloads the same.
        WeightsError: the disk refuses.
    """
    with _opened(partial) as file:
        try:
            _bring(url, file, headers, size, tell, timeout, pause, should_stop)
        finally:
            if not file.seek(0, os.SEEK_END):  # nothing came, so nothing is left behind
                with contextlib.suppress(OSError):
                    partial.unlink()
                    partial.parent.rmdir()


def _bring(
    url: str, file: BinaryIO, headers: Mapping[str, str], size: int, tell: Tell, timeout: float, pause: float,
    should_stop: ShouldStop,
) -> None:  # fmt: skip
    failures, reached = 0, False
    while True:
        heed(should_stop)
        status = 0
        before = file.seek(0, os.SEEK_END)
        try:
            if _go_on(url, file, dict(headers), size, tell, timeout, should_stop):
                return
            reason = "the connection ended early"
        except urllib.error.HTTPError as error:
            error.close()
            if error.code not in _LATER:
                raise RefusedByServerError(error.code, str(error.reason)) from None
            status, reason = error.code, str(error.reason)
        except (OSError, ValueError, http.client.HTTPException) as error:  # ValueError: a redirect to no address
            reason = _plain(error)
            if not reached and before == file.tell() and _hopeless(error):
                raise NoWayOutError(reason) from None
        came = file.seek(0, os.SEEK_END) > before
        reached = reached or came
        failures = 0 if came else failures + 1
        if failures >= ATTEMPTS:
            raise RefusedByServerError(status, reason) if status else NoWayOutError(reason)
        _rest(min(pause * 2 ** max(0, failures - 1), 30.0), should_stop)


def discard(partial: Path) -> None:
    """Remove a partial file and its folder.

    Raises:
        WeightsError: another process downloads it, or the disk refuses.
    """
    with _opened(partial):
        try:
            shutil.rmtree(partial.parent)
        except OSError as error:
            raise WeightsError(f"Cannot remove {partial}: {error.strerror or error}.") from None


def _rest(seconds: float, should_stop: ShouldStop) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        heed(should_stop)
        time.sleep(min(left, _PATIENCE))


def _opened(partial: Path) -> BinaryIO:
    """The partial file, which this process alone now writes."""
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
        file = partial.open("ab")
    except OSError as error:
        raise WeightsError(f"Cannot write {partial}: {with_remedy(error)}.") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise BusyError(f"Another process is downloading {partial} already; let it finish.") from None
    if not os.fstat(file.fileno()).st_nlink:  # whoever held it has just removed it
        file.close()
        return _opened(partial)
    return file


def _go_on(
    url: str, file: BinaryIO, headers: dict[str, str], size: int, tell: Tell, timeout: float, should_stop: ShouldStop
) -> bool:
    """One request for what is missing; whether the file is whole now."""
    here = file.tell()
    if size and here == size:
        return True
    if here:
        headers["Range"] = f"bytes={here}-"
    opener = urllib.request.build_opener(_Redirects)
    try:
        answer = opener.open(urllib.request.Request(url, headers=headers), timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        error.close()
        # Nothing comes after what is here: it is whole, or not the beginning of this file at all.
        if re.fullmatch(rf"bytes \*/{here}", error.headers.get("Content-Range", "")) and size in (0, here):
            return True
        file.truncate(0)
        return False
    with answer:
        given = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range", ""))
        if answer.status == 206 and given and int(given[1]) == here:
            total = int(given[2])
        else:  # a server that knows no ranges begins again
            file.truncate(0)
            here = file.seek(0)
            if answer.status == 206:
                return False
            total = int(answer.headers.get("Content-Length") or 0)
        if size and total and total != size:
            raise RefusedByServerError(answer.status, f"but a file of {total:,} bytes instead of {size:,}")
        total = total or size
        tell(here, total)
        while chunk := answer.read1(CHUNK):  # what has come, so that a slow line is heard of too
            _write(file, chunk)
            here += len(chunk)
            tell(here, total)
            heed(should_stop)
    if not (here or total):
        raise RefusedByServerError(answer.status, "but an empty file")
    # Without any length the end of the connection is the end of the file; its checksum tells.
    return here == total or not total


def _write(file: BinaryIO, chunk: bytes) -> None:
    try:
        file.write(chunk)
        file.flush()
    except OSError as error:
        raise WeightsError(
            f"Cannot write {file.name}: {with_remedy(error)}, and fetch again: what came is kept, and the fetch goes "
            "on from there."
        ) from None


def _hopeless(error: Exception) -> bool:
    """Whether a first contact failed in a way that a second soon after would too."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return isinstance(reason, (socket.gaierror, ConnectionRefusedError, PermissionError)) or (
        isinstance(reason, OSError) and "unreachable" in str(reason).lower()
    )


def _plain(error: Exception) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    return str(getattr(reason, "strerror", None) or reason) or type(reason).__name__
