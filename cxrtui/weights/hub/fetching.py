"""Fetches a published file, goes on from the bytes that an earlier attempt left, and compares its checksum.

The hub's address and the user's login come from huggingface_hub, so ``HF_ENDPOINT``, ``HF_HUB_OFFLINE``, ``HF_TOKEN``
and a stored login count. Imports no JAX.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from cxrtui import __version__
from cxrtui.errors import CheckCancelled, UsageError, WeightsError, never_cancelled
from cxrtui.files import sha256
from cxrtui.printable import printable
from cxrtui.weights.hub.download import Download, NoWayOutError, OnProgress, RefusedByServerError
from cxrtui.weights.hub.published import Published

PARTIAL = ".fetch"  # folder of partial files, on the shelf


def offline() -> bool:
    """Return whether ``HF_HUB_OFFLINE`` or ``TRANSFORMERS_OFFLINE``, read as by the hub's library, forbids fetching."""
    setting = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
    return setting.upper() in ("1", "ON", "YES", "TRUE")


def partial_file(wanted: Published, models: Path) -> Path:
    """Return the path of the file until it is whole; an interrupted fetch leaves its bytes there."""
    return models / PARTIAL / f"{wanted.name}-{wanted.revision[:12]}" / Path(wanted.file).name


def forget(partial: Path) -> None:
    """Remove a file that `fetch` returned."""
    shutil.rmtree(partial.parent, ignore_errors=True)
    with contextlib.suppress(OSError):
        partial.parent.parent.rmdir()


def fetch(
    wanted: Published, models: Path, on_progress: OnProgress, *, expected: str = "", timeout: float = 0,
    pause: float = 1.0, check_cancelled: CheckCancelled = never_cancelled,
) -> tuple[Path, str]:  # fmt: skip
    """Fetch a published file, going on from the bytes that an earlier attempt left.

    Args:
        wanted: which weights.
        models: the shelf; the file is written to a hidden folder in it, which the caller removes (`forget`).
        on_progress: called as bytes arrive, with the bytes that are here and the bytes of the whole file.
        expected: the SHA-256 that a first fetch recorded, for weights that have none in the catalogue.
        timeout: of a connection and of each read, seconds; 0 is huggingface_hub's own, ``HF_HUB_DOWNLOAD_TIMEOUT``.
        pause: before a second attempt, seconds.
        check_cancelled: called as `download.Download` says.

    Returns:
        The file, and its SHA-256.

    Raises:
        Cancelled: `check_cancelled` raised it; the bytes that came are kept.
        WeightsError: the file could not be fetched; the message says why and what to do.
        UsageError: ``HF_ENDPOINT`` is no address.
    """
    partial = partial_file(wanted, models)
    host = _bring(wanted, partial, on_progress, check_cancelled, timeout, pause)
    check_cancelled()
    sum_ = sha256(partial)
    expected = wanted.sha256 or expected
    if expected and sum_ != expected:
        forget(partial)
        raise WeightsError(
            f"The file that {host} sent as {wanted.address} is not the published one: its SHA-256 is {sum_} and not "
            f"{expected}. It was damaged or changed on the way and has been removed; fetch it again, over "
            "another network if this repeats."
        )
    return partial, sum_


def _bring(
    wanted: Published, partial: Path, on_progress: OnProgress, check_cancelled: CheckCancelled, timeout: float,
    pause: float,
) -> str:  # fmt: skip
    """Download what `partial` lacks of a published file, and return the host that sent it. See `fetch`."""
    from huggingface_hub import constants, get_token, hf_hub_url

    endpoint = os.environ.get("HF_ENDPOINT") or None
    host = _host(endpoint or constants.ENDPOINT)
    url = hf_hub_url(wanted.repository, wanted.file, revision=wanted.revision, endpoint=endpoint)
    if offline():
        raise WeightsError(not_fetched_offline(wanted))
    headers = {"User-Agent": f"cxrtui/{__version__}"}
    if token := get_token():
        headers["Authorization"] = f"Bearer {token}"
    patience = timeout or constants.HF_HUB_DOWNLOAD_TIMEOUT
    try:
        Download(url, headers, wanted.bytes, patience, pause, on_progress, check_cancelled).bring(partial)
    except NoWayOutError as error:
        raise WeightsError(_unreachable(wanted, host, str(error), partial)) from None
    except RefusedByServerError as error:
        raise WeightsError(_refused(wanted, host, error)) from None
    finally:
        with contextlib.suppress(OSError):  # fails as a rule, because the folder holds the file
            partial.parent.parent.rmdir()
    return host


def _host(endpoint: str) -> str:
    """Return the host of the hub's address, with its port but without a user name and password.

    Raises:
        UsageError: `endpoint` is no address.
    """
    try:
        address = urlsplit(endpoint)
        sound = address.scheme in ("http", "https") and re.fullmatch(r"[!-~]+", endpoint)
        host, port = address.hostname, address.port
    except ValueError:
        sound, host, port = None, None, None
    if not sound or not host:
        raise UsageError(f"HF_ENDPOINT must be an http or https address, not '{printable(endpoint)[:200]}'.")
    return f"{host}:{port}" if port else host


def not_fetched_offline(wanted: Published) -> str:
    """Return a message that says why `wanted` is not fetched, and what to do."""
    return f"{wanted.name} is not fetched while HF_HUB_OFFLINE (or --offline) is set: unset it, or {wanted.by_hand}"


def _unreachable(wanted: Published, host: str, reason: str, partial: Path) -> str:
    kept = partial.stat().st_size if partial.is_file() else 0
    if kept:
        return (
            f"{host} stopped answering ({reason}); the {kept:,} bytes of {wanted.name} that came are kept, and "
            f"cxrtui weights fetch {wanted.name} goes on from there. Without a network: {wanted.by_hand}"
        )
    return f"{host} cannot be reached from this machine ({reason}): {wanted.by_hand}"


def _refused(wanted: Published, host: str, error: RefusedByServerError) -> str:
    if error.status in (401, 403):
        return f"{host} refuses access to {wanted.address} ({error}); set HF_TOKEN to a token that may read it."
    if error.status == 404:
        return (
            f"{host} has no {wanted.address} at {wanted.revision} ({error}); "
            "if HF_ENDPOINT names a mirror, take one that holds it."
        )
    return f"{host} did not send {wanted.address} ({error}); try again later, or {wanted.by_hand}"
