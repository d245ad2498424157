"""Published weights on Hugging Face: which are known, and how one comes here whole and unchanged.

What is known of each is a manifest in ``known/``, which travels in the wheel: repository, revision, file, licence and,
where it could be learned, the checksum. Where it could not, the first fetch is trusted and its checksum recorded.

huggingface_hub says where the hub is and who asks: ``HF_ENDPOINT``, ``HF_HUB_OFFLINE``, ``HF_TOKEN`` and a stored login
count. Imports no JAX.
"""

from __future__ import annotations

import contextlib
import importlib.resources
import os
import re
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cxrtui import __version__
from cxrtui.errors import CheckCancelled, UsageError, WeightsError, never_cancelled
from cxrtui.files import sha256
from cxrtui.printable import printable
from cxrtui.weights.download import Download, NoWayOutError, OnProgress, RefusedByServerError

PARTIAL = ".fetch"  # folder of partial files, on the shelf


@dataclass(frozen=True)
class Known:
    """Published weights.

    Attributes:
        name: on the shelf.
        about: one line.
        repository, revision, file: where on Hugging Face; the revision is a full commit.
        licence: SPDX identifier.
        flavour: whose keys the file has; what is read is checked against it.
        sha256: of the file; empty where it could not be learned beforehand.
        bytes: its size; 0 where that is not known.
        width, stages: of the network, as `config.ModelConfig` has them.
    """

    name: str
    about: str
    repository: str
    revision: str
    file: str
    licence: str
    flavour: str
    sha256: str = ""
    bytes: int = 0
    width: int = 64
    stages: tuple[int, ...] = (3, 4, 6, 3)

    @property
    def address(self) -> str:
        """Repository and file."""
        return f"{self.repository}/{self.file}"

    @property
    def size(self) -> str:
        """Its size, for people."""
        return f"{self.bytes / 1e6:.0f} MB" if self.bytes else "some 100 MB"

    @property
    def by_hand(self) -> str:
        """What to do where the hub cannot be reached."""
        return (
            f"on a machine that reaches the hub, download {self.file} of {self.repository} at "
            f"revision {self.revision}, carry the file here, and run: cxrtui weights port {self.file} --out {self.name}"
        )


def known() -> dict[str, Known]:
    """All manifests, by name; `imagenet`, the default, first."""
    folder = importlib.resources.files("cxrtui.weights") / "known"
    found = {}
    for item in sorted(folder.iterdir(), key=lambda item: (item.name != "imagenet.toml", item.name)):
        if item.name.endswith(".toml"):
            name = item.name.removesuffix(".toml")
            found[name] = Known(name=name, **tomllib.loads(item.read_text(encoding="utf-8")))
    return found


def offline() -> bool:
    """Whether the user wants nothing fetched: ``HF_HUB_OFFLINE`` or ``TRANSFORMERS_OFFLINE``, read as the hub's."""
    told = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
    return told.upper() in ("1", "ON", "YES", "TRUE")


def find(name: str) -> Known:
    """The manifest called `name`.

    Raises:
        UsageError: there is none; the message lists those there are.
    """
    every = known()
    if name not in every:
        raise UsageError(f"No published weights are known as {name!r}; known are {', '.join(every)}. For another file: "
                         "cxrtui weights port FILE --out NAME")  # fmt: skip
    return every[name]


def partial_file(wanted: Known, models: Path) -> Path:
    """Where the file is until it is whole; what a fetch that was cut has left is there."""
    return models / PARTIAL / f"{wanted.name}-{wanted.revision[:12]}" / Path(wanted.file).name


def forget(partial: Path) -> None:
    """Remove a file that `fetch` brought."""
    shutil.rmtree(partial.parent, ignore_errors=True)
    with contextlib.suppress(OSError):
        partial.parent.parent.rmdir()


def fetch(
    wanted: Known, models: Path, on_progress: OnProgress, *, expected: str = "", timeout: float = 0, pause: float = 1.0,
    check_cancelled: CheckCancelled = never_cancelled,
) -> tuple[Path, str]:  # fmt: skip
    """Bring the file here, going on with what an earlier attempt left.

    Args:
        wanted: which.
        models: the shelf; the file comes to a hidden folder in it, which whoever has used it removes.
        on_progress: called as bytes arrive, with how many are here and of how many.
        expected: checksum that a first fetch recorded, for weights whose manifest has none.
        timeout: of a connection and each read, seconds; 0 is huggingface_hub's own, ``HF_HUB_DOWNLOAD_TIMEOUT``.
        pause: before a second attempt, seconds.
        check_cancelled: called as `download.download` says.

    Returns:
        The file, and its SHA-256.

    Raises:
        Cancelled: `check_cancelled` said so; what came is kept.
        WeightsError: it could not be had; the message says why and what to do.
        UsageError: ``HF_ENDPOINT`` is no address.
    """
    from huggingface_hub import constants, get_token, hf_hub_url

    partial = partial_file(wanted, models)
    endpoint = os.environ.get("HF_ENDPOINT") or None
    host = _host(endpoint or constants.ENDPOINT)
    url = hf_hub_url(wanted.repository, wanted.file, revision=wanted.revision, endpoint=endpoint)
    if offline():
        raise WeightsError(not_fetched_offline(wanted))
    headers = {"User-Agent": f"cxrtui/{__version__}"}
    if token := get_token():
        headers["Authorization"] = f"Bearer {token}"
    try:
        Download(
            url,
            headers,
            wanted.bytes,
            timeout or constants.HF_HUB_DOWNLOAD_TIMEOUT,
            pause,
            on_progress,
            check_cancelled,
        ).bring(partial)
    except NoWayOutError as error:
        raise WeightsError(_unreachable(wanted, host, str(error), partial)) from None
    except RefusedByServerError as error:
        raise WeightsError(_refused(wanted, host, error)) from None
    finally:
        with contextlib.suppress(OSError):  # it holds something, as a rule
            partial.parent.parent.rmdir()
    check_cancelled()
    sum_ = sha256(partial)
    expected = wanted.sha256 or expected
    if expected and sum_ != expected:
        forget(partial)
        raise WeightsError(
            f"What {host} sent as {wanted.address} is not that file: its SHA-256 is {sum_} and not {expected}. It was "
            "damaged or changed on the way and is removed; fetch it again, over another network if this repeats."
        )
    return partial, sum_


def _host(endpoint: str) -> str:
    """The host of the hub's address, with its port; a name and a password in the address are not shown.

    Raises:
        UsageError: it is no address.
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


def not_fetched_offline(wanted: Known) -> str:
    """Why, and what to do."""
    return f"{wanted.name} is not fetched while HF_HUB_OFFLINE (or --offline) is set: unset it, or {wanted.by_hand}"


def _unreachable(wanted: Known, host: str, reason: str, partial: Path) -> str:
    kept = partial.stat().st_size if partial.is_file() else 0
    if kept:
        return (
            f"{host} stopped answering ({reason}); the {kept:,} bytes of {wanted.name} that came are kept, and "
            f"cxrtui weights fetch {wanted.name} goes on from there. Without a network: {wanted.by_hand}"
        )
    return f"{host} cannot be reached from this machine ({reason}): {wanted.by_hand}"


def _refused(wanted: Known, host: str, error: RefusedByServerError) -> str:
    if error.status in (401, 403):
        return f"{host} does not let us have {wanted.address} ({error}); set HF_TOKEN to a token that may read it."
    if error.status == 404:
        return (
            f"{host} has no {wanted.address} at {wanted.revision} ({error}); "
            "if HF_ENDPOINT names a mirror, take one that holds it."
        )
    return f"{host} does not give us {wanted.address} ({error}); try again later, or {wanted.by_hand}"
