"""Puts networks on the shelf and removes them from it. A folder never appears there in part."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cxrtui.disk import with_remedy
from cxrtui.errors import CheckCancelled, NotWrittenError, UsageError, WeightsError, never_cancelled
from cxrtui.files import NAME, NAME_RULE, is_name, sha256, write_atomic
from cxrtui.weights import hub
from cxrtui.weights.files.recognise import recognise
from cxrtui.weights.hub.download import OnProgress, discard
from cxrtui.weights.manifest import Manifest, read_manifest
from cxrtui.weights.shelf import CARD, is_shelf, may_be_called, verify

if TYPE_CHECKING:
    from cxrtui.weights.port import PortOptions

_SCRATCH = re.compile(rf"\.({NAME.pattern})\.[a-z0-9_]+\.tmp")


def free_place(models: Path, name: str, *, force: bool = False) -> Path:
    """Return the path for a new folder called `name`.

    Raises:
        UsageError: the name is not allowed or is taken; with `force` a model, but nothing else, may be replaced.
    """
    if not may_be_called(name):
        raise UsageError(f"A shelf name holds {NAME_RULE}, not {name!r}.")
    target = models / name
    if os.path.lexists(target) and not (force and is_shelf(target)):
        raise UsageError(
            f"{target} exists; choose another name, or put the new one in the place of a model by --force."
        )
    return target


@contextlib.contextmanager
def placing(models: Path, name: str, *, force: bool = False) -> Iterator[Path]:
    """Yield a folder to fill. It appears as `models/name` if the block ends without an error, and else is removed.

    Raises:
        UsageError: the name is not allowed or is taken.
        WeightsError: the disk refuses.
    """
    target = free_place(models, name, force=force)
    try:
        models.mkdir(parents=True, exist_ok=True)
        with _scratch(models, name) as scratch:
            new = scratch / name
            new.mkdir()
            yield new
            for item in new.iterdir():  # files that safetensors writes are readable by their owner alone
                item.chmod(new.stat().st_mode & 0o666)
            old = scratch / "old"
            if os.path.lexists(target):
                target.rename(old)
            try:
                new.rename(target)
            except OSError:
                if old.exists():
                    old.rename(target)
                raise
    except (OSError, NotWrittenError) as error:
        raise NotWrittenError(f"Cannot write {target}: {with_remedy(error)}; the shelf is as it was.") from None


@contextlib.contextmanager
def _scratch(models: Path, name: str) -> Iterator[Path]:
    """Yield a hidden folder on the shelf and remove it at the end; first remove those of processes that died."""
    with contextlib.ExitStack() as held:
        with _locked(models):
            _clear(models)
            scratch = Path(tempfile.mkdtemp(prefix=f".{name}.", suffix=".tmp", dir=models))
            held.enter_context(_locked(scratch))
        held.callback(shutil.rmtree, scratch, ignore_errors=True)
        yield scratch


def _clear(models: Path) -> None:
    for item in models.iterdir():
        if (found := _SCRATCH.fullmatch(item.name)) and item.is_dir() and not item.is_symlink():
            with contextlib.suppress(OSError), _locked(item, wait=False):
                if (item / "old").is_dir() and not os.path.lexists(models / found[1]):
                    (item / "old").rename(models / found[1])  # its process died between the two renames
                shutil.rmtree(item, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Lock `folder`, so that no other process removes it.

    Raises:
        OSError: another process holds the lock, with ``wait=False``.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            if not wait:
                raise
            # This file system has no locks, so no left-over folder is ever removed from it.
        yield
    finally:
        os.close(descriptor)


def removable(models: Path, name: str) -> Path:
    """Return the folder of the shelf that has this name.

    Raises:
        UsageError: there is none.
    """
    target = models / name
    if not is_name(name) or not is_shelf(target):
        raise UsageError(f"There is no {name!r} on the shelf {models} to be removed.")
    return target


def remove(models: Path, name: str) -> None:
    """Remove a folder from the shelf for good, whole or not at all; of a link, remove only the link.

    Raises:
        UsageError: there is no such folder on the shelf.
        WeightsError: the disk refuses.
    """
    target = removable(models, name)
    try:
        if target.is_symlink():
            target.unlink()
            return
        with _scratch(models, name) as scratch:
            target.rename(scratch / "removed")
    except OSError as error:
        raise WeightsError(f"Cannot remove {target}: {error.strerror or error}.") from None


def remove_partial(published: hub.Published, models: Path) -> None:
    """Remove the partial file of a fetch that was interrupted.

    Raises:
        WeightsError: a fetch is writing it, or the disk refuses.
    """
    file = hub.partial_file(published, models)
    if file.is_file():
        discard(file)
    with contextlib.suppress(OSError):
        (models / hub.PARTIAL).rmdir()


def port(
    file: Path, models: Path, name: str, options: PortOptions | None = None, *, force: bool = False,
    published: hub.Published | None = None, check_cancelled: CheckCancelled = never_cancelled,
) -> tuple[Path, Manifest]:  # fmt: skip
    """Put a file of any supported format on the shelf, as `models/name`.

    If the checksum shows that the file is published, it gets the source and the licence that the catalogue states.

    Raises:
        UsageError: the name is not allowed or is taken, or an option is not possible.
        Cancelled: `check_cancelled` raised it between two steps; the shelf is unchanged.
        WeightsError: the file cannot be read, or does not fit, or differs from the checksum in its name.
    """
    recognise(file)  # a wrong file is refused before it is read whole
    from cxrtui.weights import saved
    from cxrtui.weights.cards import network_card
    from cxrtui.weights.port import PortOptions

    free_place(models, name, force=force)  # a name that is taken is refused before the file is read
    digest = _digest(file)
    if published is None:
        published = next((item for item in hub.catalogue().values() if item.sha256 == digest), None)
    options = options or PortOptions()
    if published is not None:
        options = replace(options, width=published.width, stages=published.stages,
                          licence=options.licence or published.licence)  # fmt: skip
    check_cancelled()
    network, manifest = saved.read_network(file, options)
    if published is not None and manifest.format != published.format:
        raise WeightsError(
            f"{file} has the keys of {manifest.format}, and {published.address} those of {published.format}."
        )
    check_cancelled()
    manifest = replace(manifest, name=name, source_sha256=digest, licence=options.licence,
                       source=published.address if published else file.name,
                       revision=published.revision if published else "")  # fmt: skip
    with placing(models, name, force=force) as folder:
        saved.save_shelf(folder, network, manifest)
        write_atomic(folder / CARD, network_card(manifest))
        check_cancelled()
    return models / name, read_manifest(models / name)


def _digest(file: Path) -> str:
    """Return the SHA-256 of a file of weights; torchvision puts its first digits at the end of the file's name.

    Raises:
        WeightsError: the file cannot be read, or differs from the checksum in its name.
    """
    try:
        digest = sha256(file)
    except OSError as error:
        raise WeightsError(f"{file} cannot be read: {error.strerror or error}.") from None
    if (named := re.search(r"-([0-9a-f]{8})\.pth$", file.name)) and not digest.startswith(named[1]):
        raise WeightsError(f"{file} is damaged: its SHA-256 begins with {digest[:8]} and not with {named[1]}.")
    return digest


def fetch(
    name: str,
    models: Path,
    on_progress: OnProgress,
    *,
    force: bool = False,
    check_cancelled: CheckCancelled = never_cancelled,
) -> tuple[Path, Manifest, bool]:
    """Put published weights on the shelf. If they are there already and sound, nothing is changed.

    Returns:
        The folder, its manifest, and whether it is new.

    Raises:
        UsageError: the catalogue has no such weights.
        Cancelled: `check_cancelled` raised it; the next fetch goes on with the bytes that came.
        WeightsError: the weights could not be fetched, or the folder of that name on the shelf has changed.
    """
    published = hub.find(name)
    target = models / name
    expected = ""
    if is_shelf(target):
        if not force:
            return target, verify(target), False
        with contextlib.suppress(WeightsError):
            before = read_manifest(target)
            expected = before.source_sha256 if before.revision == published.revision else ""
    free_place(models, name, force=force)  # a name that is taken is refused before the download
    file, _ = hub.fetch(published, models, on_progress, expected=expected, check_cancelled=check_cancelled)
    try:
        folder, manifest = port(file, models, name, force=force, published=published, check_cancelled=check_cancelled)
    except NotWrittenError:  # the downloaded file is good and is kept
        raise
    except WeightsError as error:
        if published.sha256 or expected:  # its checksum was compared, so it is kept
            raise
        hub.forget(file)
        raise WeightsError(f"The file that was fetched as {published.address} has been removed: {error}") from None
    hub.forget(file)
    return folder, manifest, True
