"""The shelf: a folder for each network or finished classifier, and where first weights come from.

::

    models/<name>/
        model.toml           manifest: source, licence, checksum, preprocessing, whose keys it came with
        weights.safetensors  every parameter and running average
        README.md            card, for people
        classifier.toml      of a finished classifier: labels, threshold, provenance, metrics
        classifier.stablehlo of the same: the whole of it for a program that has JAX alone
        classifier.onnx      the same for an ONNX runtime, where it was asked for

Imports no JAX where it is only asked, so that a form can ask as the user types.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cxrtui.errors import WeightsError
from cxrtui.files import is_there
from cxrtui.net import hub
from cxrtui.net.download import sha256
from cxrtui.workspace import expand

if TYPE_CHECKING:
    from cxrtui.net.manifest import Manifest

MANIFEST, WEIGHTS, CARD = "model.toml", "weights.safetensors", "README.md"
CLASSIFIER, STABLEHLO, ONNX = "classifier.toml", "classifier.stablehlo", "classifier.onnx"
HOW_TO_GET = (
    "get the default ones with: cxrtui weights fetch imagenet; put a file of your own on the shelf with: "
    "cxrtui weights port FILE --out NAME; or start from random weights (--init random)"
)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def is_shelf(folder: Path) -> bool:
    """Whether `folder` is one of a shelf, sound or not: whatever has the manifest's name counts."""
    return is_there(folder / MANIFEST)


def is_classifier(folder: Path) -> bool:
    """Whether `folder` is a finished classifier's."""
    return is_shelf(folder) and is_there(folder / CLASSIFIER)


def classifiers(models: Path) -> list[Path]:
    """The finished classifiers on the shelf, by name."""
    try:
        return sorted(item for item in models.iterdir() if is_classifier(item))
    except OSError:
        return []


def resolve(init: str, models: Path) -> str:
    """`model.init` as it stays right in another folder: a name on the shelf or a path becomes an absolute path.

    A name on the shelf goes before a file of that name. What is neither stays as it is, for `locate` to refuse.
    """
    if init == "random" or not init:
        return init
    if NAME.fullmatch(init) and is_shelf(models / init):
        return str((models / init).absolute())
    path = expand(init)
    with contextlib.suppress(OSError):
        if "/" in init or (init != "imagenet" and path.exists()):
            return str(path.absolute())
    return init


def locate(init: str) -> Path | None:
    """The shelf folder or the file that `model.init` means, or None for random weights.

    Raises:
        WeightsError: there is no such file; the message says how to get one.
    """
    if init == "random":
        return None
    if init == "imagenet":
        raise WeightsError(f"No ImageNet weights are on the shelf: {HOW_TO_GET}.")
    path = expand(init)
    if is_shelf(path):
        if not (path / WEIGHTS).is_file():
            raise WeightsError(f"{path} has no {WEIGHTS}, which git leaves out: fetch or port them again.")
        return path
    if path.is_dir():
        raise WeightsError(f"{init} is a folder without {MANIFEST}, so none of a shelf: {HOW_TO_GET}.")
    if not path.is_file():
        raise WeightsError(f"{init} is neither on the shelf nor a file of weights: {HOW_TO_GET}.")
    return path


@dataclass(frozen=True)
class Entry:
    """What is on the shelf, or could be: `manifest` is None for what is not here, `error` for what is not sound."""

    name: str
    folder: Path
    known: hub.Known | None = None
    manifest: Manifest | None = None
    bytes: int = 0
    error: str = ""

    @property
    def present(self) -> bool:
        """Whether it can be used."""
        return self.manifest is not None and not self.error


def entries(models: Path, *, check: bool = False) -> list[Entry]:
    """Everything on the shelf, then the known weights that are not.

    Args:
        models: the shelf; it need not exist.
        check: read every weights file and compare its checksum.
    """
    known = hub.known()
    try:
        folders = sorted(item for item in models.iterdir() if is_shelf(item))
    except OSError:
        folders = []
    found = [_entry(folder, known.get(folder.name), check) for folder in folders]
    here = {entry.name for entry in found}
    return found + [Entry(name, models / name, item) for name, item in known.items() if name not in here]


def _entry(folder: Path, known: hub.Known | None, check: bool) -> Entry:
    from cxrtui.net.manifest import read_manifest

    try:
        manifest = verify(folder) if check else read_manifest(folder)
        return Entry(folder.name, folder, known, manifest, locate_weights(folder).stat().st_size)
    except (WeightsError, OSError) as error:
        return Entry(folder.name, folder, known, error=str(error))


def locate_weights(folder: Path) -> Path:
    """The weights file of a shelf folder.

    Raises:
        WeightsError: it is not there.
    """
    locate(str(folder))
    return folder / WEIGHTS


def verify(folder: Path) -> Manifest:
    """The manifest of a folder whose weights are those that were put there.

    Raises:
        WeightsError: they are missing or have changed.
    """
    from cxrtui.net.manifest import read_manifest

    manifest = read_manifest(folder)
    if sha256(locate_weights(folder)) != manifest.sha256:
        raise WeightsError(
            f"{folder / WEIGHTS} has changed since it was put on the shelf: its checksum is not the one in {MANIFEST}; "
            f"put it there again (cxrtui weights fetch or port, with --force)."
        )
    return manifest


def find(name: str, models: Path) -> Path | None:
    """The shelf folder called `name`, or at the path `name`; None where there is neither."""
    for folder in (models / name, expand(name)):
        if is_shelf(folder):
            return folder.absolute()
    return None
