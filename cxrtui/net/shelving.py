"""Onto the shelf: a folder that appears whole or not at all; a file ported; published weights fetched."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from cxrtui.errors import UsageError, WeightsError
from cxrtui.net import hub
from cxrtui.net.download import Tell, sha256
from cxrtui.net.manifest import Manifest, read_manifest
from cxrtui.net.shelf import CARD, NAME, is_shelf, verify
from cxrtui.runs import write_atomic


def free_place(models: Path, name: str, *, force: bool = False) -> Path:
    """Where a folder called `name` may come.

    Raises:
        UsageError: the name cannot be one or is taken; with `force` a model may be replaced, and nothing else.
    """
    if not NAME.fullmatch(name) or name == "random":
        raise UsageError(f"A shelf name holds letters, digits, '.', '-' and '_' only (64 at most), not {name!r}.")
    target = models / name
    if os.path.lexists(target) and not (force and is_shelf(target)):
        raise UsageError(
            f"{target} exists; choose another name, or put the new one in the place of a model by --force."
        )
    return target


@contextlib.contextmanager
def placing(models: Path, name: str, *, force: bool = False) -> Iterator[Path]:
    """A folder to fill, which appears as `models/name` when the block ends well, and not at all otherwise.

    Raises:
        UsageError: the name cannot be one or is taken.
        WeightsError: the disk refuses.
    """
    target = free_place(models, name, force=force)
    try:
        models.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{name}.", suffix=".tmp", dir=models))
        try:
            new = scratch / name
            new.mkdir()
            yield new
            for item in new.iterdir():  # safetensors makes its files private
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
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise WeightsError(f"Cannot write {target}: {error.strerror or error}.") from None


def port(
    file: Path, models: Path, name: str, *, force: bool = False, licence: str = "", known: hub.Known | None = None
) -> tuple[Path, Manifest]:
    """Put a file of any supported flavour on the shelf, as `models/name`.

    A file that is one of the known published ones, by its checksum, gets their source and licence.

    Raises:
        UsageError: the name cannot be one or is taken.
        WeightsError: the file cannot be read, or does not fit, or is not what its name says.
    """
    if not file.is_file():
        raise WeightsError(f"There is no weights file {file}; check the path.")
    from cxrtui.net import saved
    from cxrtui.net.cards import network_card

    try:
        digest = sha256(file)
    except OSError as error:
        raise WeightsError(f"{file} cannot be read: {error.strerror or error}.") from None
    with placing(models, name, force=force) as folder:
        # torchvision ends a file's name with the first digits of its checksum.
        if (named := re.search(r"-([0-9a-f]{8})\.pth$", file.name)) and not digest.startswith(named[1]):
            raise WeightsError(f"{file} is damaged: its SHA-256 begins with {digest[:8]} and not with {named[1]}.")
        if known is None:
            known = next((item for item in hub.known().values() if item.sha256 == digest), None)
        network, manifest = saved.read_network(file)
        manifest = replace(manifest, name=name, source_sha256=digest, source=known.address if known else file.name,
                           revision=known.revision if known else "",
                           licence=licence or (known.licence if known else ""))  # fmt: skip
        saved.save_shelf(folder, network, manifest)
        write_atomic(folder / CARD, network_card(manifest))
    return models / name, read_manifest(models / name)


def fetch(name: str, models: Path, tell: Tell, *, force: bool = False) -> tuple[Path, Manifest, bool]:
    """Put published weights on the shelf; they are left alone where they are there already and sound.

    Returns:
        The folder, its manifest, and whether it is new.

    Raises:
        UsageError: no such weights are known.
        WeightsError: they could not be had, or what is on the shelf under that name has changed.
    """
    known = hub.find(name)
    target = models / name
    expected = ""
    if is_shelf(target):
        if not force:
            return target, verify(target), False
        with contextlib.suppress(WeightsError):
            before = read_manifest(target)
            expected = before.source_sha256 if before.revision == known.revision else ""
    free_place(models, name, force=force)  # an answer now, not after the download
    file, _ = hub.fetch(known, models, tell, expected=expected)
    folder, manifest = port(file, models, name, force=force, known=known)
    shutil.rmtree(file.parent, ignore_errors=True)
    with contextlib.suppress(OSError):
        file.parent.parent.rmdir()
    return folder, manifest, True
