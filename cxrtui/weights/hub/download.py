"""Brings one large file over HTTP into a partial file, which a later attempt of any process goes on from.

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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from cxrtui.disk import with_remedy
from cxrtui.errors import CheckCancelled, WeightsError, never_cancelled

CHUNK = 1 << 18
ATTEMPTS = 5  # in a row, without a single new byte
OnProgress = Callable[[int, int], None]  # bytes here, bytes in all (0: not known)
_PATIENCE = 0.1  # seconds between two checks for a cancellation, in a pause

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


def no_progress(here: int, total: int) -> None:
    """An `OnProgress` that shows nothing."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect to the storage behind a hub, and sends the token to no other host."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        followed = super().redirect_request(req, fp, code, msg, headers, newurl)
        if followed is not None and urlsplit(newurl)[:2] != urlsplit(req.full_url)[:2]:
            followed.remove_header("Authorization")
        return followed


@dataclass(frozen=True)
class Download:
    """One file of a server, and how patiently it is asked for.

    Attributes:
        url: where the file is; redirects are followed.
        headers: of every request; ``Authorization`` goes to the first host alone.
        size: bytes that the whole must have; 0 where that is not known.
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
        """Bring `partial` to the whole of what `url` holds, from wherever it stands.

        Args:
            partial: the file so far, in a folder of its own; it need not exist, and where nothing comes, neither does
                then.

        Raises:
            Cancelled: `check_cancelled` said so; what came so far is kept.
            NoWayOutError: there is no connection, or none that brings anything.
            RefusedByServerError: an answer that waiting does not change.
            BusyError: another process downloads the same.
            WeightsError: the disk refuses.
        """
        with _opened(partial) as file:
            try:
                self._attempt(file)
            finally:
                if not file.seek(0, os.SEEK_END):  # nothing came, so nothing is left behind
                    with contextlib.suppress(OSError):
                        partial.unlink()
                        partial.parent.rmdir()

    def _attempt(self, file: BinaryIO) -> None:
        """Ask again and again until the file is whole or `ATTEMPTS` in a row have brought nothing."""
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
        """One request for what is missing; whether the file is whole now."""
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
            # Nothing comes after what is here: it is whole, or not the beginning of this file at all.
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
            while chunk := answer.read1(CHUNK):  # what has come, so that a slow line is heard of too
                _write(file, chunk)
                here += len(chunk)
                self.on_progress(here, total)
                self.check_cancelled()
        if not (here or total):
            raise RefusedByServerError(answer.status, "but an empty file")
        # Without any length the end of the connection is the end of the file; its checksum tells.
        return here == total or not total

    def _begin(self, answer: Any, file: BinaryIO) -> int | None:
        """The bytes that the whole has, 0 where that is not known; None where the answer is of no use.

        A server that knows no ranges sends the whole, for which the file is emptied first.
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
        WeightsError: another process downloads it, or the disk refuses.
    """
    with _opened(partial):
        try:
            shutil.rmtree(partial.parent)
        except OSError as error:
            raise WeightsError(f"Cannot remove {partial}: {error.strerror or error}.") from None


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
