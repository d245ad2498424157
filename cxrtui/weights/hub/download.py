"""Downloads one large file over HTTP into a partial file. A later attempt, in any process, goes on from that file.

`huggingface_hub.hf_hub_download` is not used: its 2.4 deletes the partial file when the process ends, compares sizes
and no checksums, and keeps a second copy of every file in its cache.
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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from cxrtui.disk import with_remedy
from cxrtui.errors import CheckCancelled, WeightsError, never_cancelled

CHUNK = 1 << 18
ATTEMPTS = 5  # failed attempts in a row, none of which brought a byte
OnProgress = Callable[[int, int], None]  # bytes here, bytes in all (0: not known)
_PATIENCE = 0.1  # seconds between two checks for a cancellation, in a pause

_LATER = (408, 429, 500, 502, 503, 504)


class NoWayOutError(WeightsError):
    """The server cannot be reached; the message is the reason, in a few words."""


class RefusedByServerError(WeightsError):
    """The server answered, but not with the file that is wanted."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status


class BusyError(WeightsError):
    """Another process, or another part of this one, is downloading the same file."""


def no_progress(here: int, total: int) -> None:
    """An `OnProgress` that shows nothing."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect to the storage behind a hub, and does not send the token to another host."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        followed = super().redirect_request(req, fp, code, msg, headers, newurl)
        if followed is not None and urlsplit(newurl)[:2] != urlsplit(req.full_url)[:2]:
            followed.remove_header("Authorization")
        return followed


@dataclass(frozen=True)
class Download:
    """The download of one file from a server, with its timeouts and pauses.

    Attributes:
        url: of the file; redirects are followed.
        headers: of every request; ``Authorization`` is sent to the first host only.
        size: bytes that the whole file must have; 0 if that is not known.
        timeout: of a connection and of each read, seconds.
        pause: before the second attempt, seconds; it doubles for each further one.
        on_progress: called as bytes arrive.
        check_cancelled: called before each request, after each piece and during a pause; while a server is silent,
            only `timeout` ends the waiting.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    timeout: float = 20.0
    pause: float = 1.0
    on_progress: OnProgress = no_progress
    check_cancelled: CheckCancelled = never_cancelled

    def bring(self, partial: Path) -> None:
        """Download the bytes that `partial` still lacks of the file at `url`.

        Args:
            partial: the file so far, in a folder of its own; it need not exist, and if no byte comes it is not created.

        Raises:
            Cancelled: `check_cancelled` raised it; the bytes that came are kept.
            NoWayOutError: there is no connection, or no connection brings any bytes.
            RefusedByServerError: the server gave an answer that waiting does not change.
            BusyError: another process is downloading the same file.
            WeightsError: the disk refuses.
        """
        with _opened(partial) as file:
            try:
                self._attempt(file)
            finally:
                if not file.seek(0, os.SEEK_END):  # no byte came, so the empty file is removed
                    with contextlib.suppress(OSError):
                        partial.unlink()
                        partial.parent.rmdir()

    def _attempt(self, file: BinaryIO) -> None:
        """Send requests until the file is whole, or until `ATTEMPTS` in a row have brought no byte."""
        failures, reached = 0, False
        while True:
            self.check_cancelled()
            status = 0
            before = file.seek(0, os.SEEK_END)
            try:
                if self._go_on(file):
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
            self._rest(min(self.pause * 2 ** max(0, failures - 1), 30.0))

    def _rest(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.check_cancelled()
            time.sleep(min(left, _PATIENCE))

    def _go_on(self, file: BinaryIO) -> bool:
        """Send one request for the missing bytes, and return whether the file is whole now."""
        here = file.tell()
        if self.size and here == self.size:
            return True
        headers = {**self.headers, **({"Range": f"bytes={here}-"} if here else {})}
        opener = urllib.request.build_opener(_Redirects)
        try:
            answer = opener.open(urllib.request.Request(self.url, headers=headers), timeout=self.timeout)
        except urllib.error.HTTPError as error:
            if error.code != 416:
                raise
            error.close()
            # The server has no further bytes: the file is whole, or it is not the beginning of the server's file.
            if re.fullmatch(rf"bytes \*/{here}", error.headers.get("Content-Range", "")) and self.size in (0, here):
                return True
            file.truncate(0)
            return False
        with answer:
            total = self._begin(answer, file)
            if total is None:
                return False
            here = file.tell()
            self.on_progress(here, total)
            while chunk := answer.read1(CHUNK):  # returns what has come, so that progress shows on a slow line too
                _write(file, chunk)
                here += len(chunk)
                self.on_progress(here, total)
                self.check_cancelled()
        if not (here or total):
            raise RefusedByServerError(answer.status, "but an empty file")
        # Without a length, the file ends where the connection ends; the checksum shows whether it is whole.
        return here == total or not total

    def _begin(self, answer: Any, file: BinaryIO) -> int | None:
        """Return the size of the whole file in bytes, 0 if it is not known; None if the answer cannot be used.

        A server that does not support ranges sends the whole file, so the partial file is emptied first.
        """
        given = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range", ""))
        if answer.status == 206 and given and int(given[1]) == file.tell():
            total = int(given[2])
        else:
            file.truncate(0)
            file.seek(0)
            if answer.status == 206:
                return None
            total = int(answer.headers.get("Content-Length") or 0)
        if self.size and total and total != self.size:
            raise RefusedByServerError(answer.status, f"but a file of {total:,} bytes instead of {self.size:,}")
        return total or self.size


def discard(partial: Path) -> None:
    """Remove a partial file and its folder.

    Raises:
        WeightsError: another process is downloading it, or the disk refuses.
    """
    with _opened(partial):
        try:
            shutil.rmtree(partial.parent)
        except OSError as error:
            raise WeightsError(f"Cannot remove {partial}: {error.strerror or error}.") from None


def _opened(partial: Path) -> BinaryIO:
    """Open the partial file and lock it, so that only this process writes it."""
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
    if not os.fstat(file.fileno()).st_nlink:  # the process that held it has just removed it
        file.close()
        return _opened(partial)
    return file


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
    """Return whether the first request failed in a way that a second one soon after would fail too."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return isinstance(reason, (socket.gaierror, ConnectionRefusedError, PermissionError)) or (
        isinstance(reason, OSError) and "unreachable" in str(reason).lower()
    )


def _plain(error: Exception) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    return str(getattr(reason, "strerror", None) or reason) or type(reason).__name__
