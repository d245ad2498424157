"""Reads the shelf, which has a folder for each network or finished classifier, and finds a run's first weights.

::

    models/<name>/
        model.toml           manifest: source, licence, checksum, preprocessing, format of its file
        weights.safetensors  every parameter and running average
        README.md            card, for people
        classifier.toml      of a finished classifier: labels, threshold, provenance, metrics
        classifier.stablehlo the whole classifier for a program that has only JAX
        classifier.onnx      the same for an ONNX runtime, if the export asked for it

This module imports no JAX, so that a form can ask it as the user types.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cxrtui.errors import WeightsError
from cxrtui.files import is_name, is_there, sha256
from cxrtui.weights import hub
from cxrtui.weights.files.recognise import LARGEST, recognise
from cxrtui.workspace import expand

if TYPE_CHECKING:
    from cxrtui.weights.manifest import Manifest

MANIFEST, WEIGHTS, CARD = "model.toml", "weights.safetensors", "README.md"
CLASSIFIER, STABLEHLO, ONNX = "classifier.toml", "classifier.stablehlo", "classifier.onnx"
_HOW_TO_GET = (
    "get {} with: cxrtui weights fetch {}; put a file of your own on the shelf with: "
    "cxrtui weights port FILE --out NAME; or start from random weights (--init random)"
)
HOW_TO_GET = _HOW_TO_GET.format("the default ones", "imagenet")


def is_shelf(folder: Path) -> bool:
    """Return whether `folder` is a folder of a shelf, sound or not: whether it holds anything named ``model.toml``."""
    return is_there(folder / MANIFEST)


def may_be_called(name: str) -> bool:
    """Return whether a folder of the shelf may have that name; ``random`` means no weights in `model.init`."""
    return is_name(name) and name != "random"


def is_classifier(folder: Path) -> bool:
    """Return whether `folder` holds a finished classifier."""
    return is_shelf(folder) and is_there(folder / CLASSIFIER)


def classifiers(models: Path) -> list[Path]:
    """Return the finished classifiers on the shelf, by name."""
    try:
        return sorted(item for item in models.iterdir() if is_classifier(item))
    except OSError:
        return []


def resolve(init: str, models: Path) -> str:
    """Make `model.init` valid in every working folder: a name on the shelf or a path becomes an absolute path.

    A name on the shelf takes precedence over a file of that name, and a file over published weights. Published weights
    become the place on the shelf that they will have (`wanting`). Any other text stays as it is, and `locate` refuses
    it.
    """
    if init == "random" or not init:
        return init
    if is_name(init) and is_shelf(models / init):
        return str((models / init).absolute())
    path = expand(init)
    with contextlib.suppress(OSError):
        if "/" in init or (init != "imagenet" and path.exists()):
            return str(path.absolute())
    return str((models / init).absolute()) if init in hub.catalogue() else init


def wanting(init: str) -> hub.Published | None:
    """Return the published weights that the resolved `model.init` names, if they are not on the shelf; else None.

    Their folder counts as missing if its weights are missing, as in a checkout of git.
    """
    path = expand(init)
    with contextlib.suppress(OSError, ValueError):
        if path.parent.name == "models" and (published := hub.catalogue().get(path.name)) is not None:
            gone = is_shelf(path) and not (path / WEIGHTS).exists()
            return published if gone or not path.exists() else None
    return None


def check(init: str, width: int, stages: tuple[int, ...], *, offline: bool = False) -> hub.Published | None:
    """Make sure that first weights are there or can be fetched, before anything that needs them is created.

    Args:
        init: `model.init`, as `resolve` returns it.
        width: of the network that is to begin with them.
        stages: of that network.
        offline: whether fetching is forbidden; the hub's own environment variables may forbid it too.

    Returns:
        The weights that are to be fetched; None if nothing is to be fetched.

    Raises:
        WeightsError: they are not there and cannot be fetched, or are no file of weights; the message says what to do.
    """
    if (published := wanting(init)) is None:
        locate(init)
        return None
    if (published.width, published.stages) != (width, stages):
        raise WeightsError(
            f"{published.name} is {published.width} features wide with stages of {list(published.stages)} blocks, and "
            f"the network {width} with {list(stages)}; set model.width and model.stages to the former, or start "
            "from random weights (--init random)."
        )  # before 100 MB are fetched in vain
    if offline or hub.offline():
        raise WeightsError(absent(published, hub.not_fetched_offline(published)))
    return published


def absent(published: hub.Published, why: str = "") -> str:
    """Return a message: these published weights are not on the shelf, why they were not fetched, and what to do."""
    name = "ImageNet" if published.name == "imagenet" else published.name
    ways = _HOW_TO_GET.format("the default ones" if published.name == "imagenet" else "them", published.name)
    return f"No {name} weights are on the shelf: {ways}.{f' They were not fetched now: {why}' if why else ''}"


def locate(init: str) -> Path | None:
    """Return the shelf folder or the file that `model.init` names, or None for random weights.

    Raises:
        WeightsError: there is no such file, or it holds no weights; the message says how to get one.
    """
    if init == "random":
        return None
    if (published := wanting(init)) is not None or (published := hub.catalogue().get(init)) is not None:
        raise WeightsError(absent(published))
    path = expand(init)
    if is_shelf(path):
        if not (path / WEIGHTS).is_file():
            raise WeightsError(f"{path} has no {WEIGHTS}, which git leaves out: fetch or port them again.")
        return path
    if path.is_dir():
        raise WeightsError(
            f"{init} is a folder without {MANIFEST}, so it is not on a shelf; name a file in it, or {HOW_TO_GET}."
        )
    if not path.exists():
        raise WeightsError(f"{init} is neither on the shelf nor a file of weights: {HOW_TO_GET}.")
    recognise(path)
    return path


@dataclass(frozen=True)
class Entry:
    """Weights that are on the shelf or that can be fetched to it.

    `manifest` is None if the weights are missing or damaged, and `error` then says what the damage is.
    """

    name: str
    folder: Path
    published: hub.Published | None = None
    manifest: Manifest | None = None
    bytes: int = 0
    error: str = ""

    @property
    def present(self) -> bool:
        """Whether the weights can be used."""
        return self.manifest is not None and not self.error


def entries(models: Path, *, check: bool = False) -> list[Entry]:
    """Return everything on the shelf, then the published weights that are not on it.

    Args:
        models: the shelf; it need not exist.
        check: whether to read every weights file and compare its checksum.
    """
    published = hub.catalogue()
    try:
        folders = sorted(item for item in models.iterdir() if is_shelf(item))
    except OSError:
        folders = []
    found = [_entry(folder, published.get(folder.name), check) for folder in folders]
    here = {entry.name for entry in found}
    return found + [Entry(name, models / name, item) for name, item in published.items() if name not in here]


def _entry(folder: Path, published: hub.Published | None, check: bool) -> Entry:
    from cxrtui.weights.manifest import read_manifest

    try:
        manifest = verify(folder) if check else read_manifest(folder)
        return Entry(folder.name, folder, published, manifest, locate_weights(folder).stat().st_size)
    except (WeightsError, OSError) as error:
        return Entry(folder.name, folder, published, error=str(error))


def shelved(init: str) -> Path | None:
    """Return the folder of the shelf whose weights `model.init` names, also by their file; None if there is none."""
    try:
        path = locate(init)
    except WeightsError:  # it was removed, or is still to be fetched
        return None
    folder = path.parent if path is not None and path.is_file() else path
    return folder if folder is not None and is_shelf(folder) else None


def locate_weights(folder: Path) -> Path:
    """Return the path of the weights file in a folder of the shelf.

    Raises:
        WeightsError: the file is missing.
    """
    locate(str(folder))
    return folder / WEIGHTS


def verify(folder: Path) -> Manifest:
    """Check the weights of a folder against its manifest, and return the manifest.

    Raises:
        WeightsError: the weights are missing or have changed.
    """
    from cxrtui.weights.manifest import read_manifest

    manifest = read_manifest(folder)
    file = locate_weights(folder)
    if file.stat().st_size > LARGEST or sha256(file) != manifest.sha256:
        raise WeightsError(
            f"{folder / WEIGHTS} has changed since it was put on the shelf: its checksum is not the one in {MANIFEST}; "
            f"put it there again (cxrtui weights fetch or port, with --force)."
        )
    return manifest


def find(name: str, models: Path) -> Path | None:
    """Return the shelf folder with the name or the path `name`; None if there is none."""
    for folder in (models / name, expand(name)):
        if is_shelf(folder):
            return folder.absolute()
    return None
