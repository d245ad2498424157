"""Writes networks to folders of the shelf, reads them and applies them to images."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from safetensors.numpy import save

from cxrtui.disk import with_remedy
from cxrtui.errors import NotWrittenError, WeightsError
from cxrtui.files import sha256, write_atomic
from cxrtui.net.backend import compiler_options
from cxrtui.net.classifier import Classifier, ClassifierSpec
from cxrtui.weights import port
from cxrtui.weights.arrays import assemble, disassemble, shapes
from cxrtui.weights.files.read import read_tensors
from cxrtui.weights.formats import Normalisation
from cxrtui.weights.grey import GREY, to_grey
from cxrtui.weights.manifest import MANIFEST, Manifest, read_manifest, write_manifest
from cxrtui.weights.matching import misfits
from cxrtui.workspace import Workspace, expand

WEIGHTS = "weights.safetensors"

__all__ = ["Manifest", "Network", "load", "read_manifest", "read_network", "read_shelf", "save_shelf"]


class Network:
    """A network in evaluation mode, compiled at its first use for each shape of images.

    Images of three channels must be normalised as ``manifest.normalisation`` says, images of one channel by
    `resnet.normalise`. For one channel, a network of three channels uses its stem folded to one (`grey.fold_stem`),
    which gives the same result as the grey image in each of the three channels.
    """

    def __init__(self, classifier: Classifier, manifest: Manifest) -> None:
        self.manifest = manifest
        self._networks = {classifier.spec.channels: nnx.split(classifier)}
        self._spec, self._arrays = classifier.spec, disassemble(classifier)

    def __call__(self, images: jax.Array | np.ndarray) -> jax.Array:
        """Return logits, float32 ``[N, classes]``; without a head, the pooled features ``[N, 2048]``.

        Args:
            images: ``[N, H, W, 1 or 3]``, normalised.

        Raises:
            ValueError: for images of another shape.
        """
        logits: jax.Array = self._run("__call__", images)
        return logits

    def stages(self, images: jax.Array | np.ndarray) -> dict[str, jax.Array]:
        """Return the features of the stem and the four stages, averaged over the image: ``[N, C]`` float32 by name."""
        pooled: dict[str, jax.Array] = self._run("stages", images)
        return pooled

    def _run(self, method: str, images: jax.Array | np.ndarray) -> Any:
        images = jnp.asarray(images, jnp.float32)
        if images.ndim != 4:
            raise ValueError(f"images must be [N, H, W, channels], not {list(images.shape)}")
        return _program()(method, *self._of(images.shape[-1]), images)

    def _of(self, channels: int) -> Any:
        if channels not in self._networks:
            if channels != 1:
                raise ValueError(f"this network takes images of {self._spec.channels} channels, not {channels}")
            spec = dataclasses.replace(self._spec, channels=1, stem_offset=True)
            arrays = to_grey(self._arrays, Normalisation.from_dict(self.manifest.normalisation))
            self._networks[1] = nnx.split(assemble(spec, arrays))
        return self._networks[channels]


@functools.cache
def _program() -> Any:
    def evaluate(method: str, graphdef: Any, state: Any, images: jax.Array) -> Any:
        return getattr(nnx.merge(graphdef, state), method)(images)

    return jax.jit(evaluate, static_argnums=(0, 1), compiler_options=compiler_options())


def read_network(file: str | Path, options: port.PortOptions | None = None) -> tuple[Classifier, Manifest]:
    """Return the network in a file of any format, with its own head; see `port.read` for arguments and errors.

    A network for colour images keeps its three channels. In a network of one channel, the format's normalisation is
    folded into the stem, so that it takes images normalised by `resnet.normalise`.
    """
    file = Path(file)
    ported = port.read(file, options)
    spec, arrays, normalisation = ported.spec, ported.arrays, ported.normalisation
    if spec.channels == 1:
        (spec, arrays), normalisation = ported.grey(), GREY
    network = assemble(spec, arrays)
    return network, Manifest(
        name=file.name.partition(".")[0],
        format=ported.format.name,
        architecture=spec.architecture,
        classes=spec.classes,
        channels=spec.channels,
        normalisation=normalisation.as_dict(),
        spec=spec.as_dict(),
        taken=ported.taken,
        left=ported.left,
    )


def save_shelf(folder: str | Path, network: Classifier, manifest: Manifest) -> Path:
    """Write a network's weights and manifest to a folder; its other files stay.

    Args:
        folder: is created if it does not exist.
        network: its spec, classes, channels and architecture replace the manifest's.
        manifest: its checksum is filled in here.

    Returns:
        The folder.

    Raises:
        WeightsError: the disk refuses.
    """
    folder, spec = Path(folder), network.spec
    tensors = {".".join(map(str, path)): value for path, value in disassemble(network).items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / WEIGHTS, save(tensors))  # only its owner could read a save_file's file
        digest = sha256(folder / WEIGHTS)
        write_manifest(folder, dataclasses.replace(
            manifest, sha256=digest, spec=spec.as_dict(), classes=spec.classes, channels=spec.channels,
            architecture=spec.architecture,
        ))  # fmt: skip
    except OSError as error:
        raise NotWrittenError(f"Cannot write {folder}: {with_remedy(error)}.") from error
    return folder


def read_shelf(folder: str | Path) -> tuple[Classifier, Manifest]:
    """Return the network of a folder that `save_shelf` wrote, exact to the bit.

    Raises:
        WeightsError: a file is missing, or has changed since it was written.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    file = folder / WEIGHTS
    tensors = read_tensors(file)
    if sha256(file) != manifest.sha256:
        raise WeightsError(
            f"{file} is not what was put there: its SHA-256 is not the one in {MANIFEST}; port it again."
        )
    try:
        spec = ClassifierSpec.from_dict(manifest.spec)
        wanted = {".".join(map(str, path)): (path, shape) for path, shape in shapes(spec).items()}
    except (TypeError, ValueError) as error:
        raise WeightsError(f"{folder / MANIFEST} describes no network ({error}); port the weights again.") from error
    if wrong := misfits(tensors, {key: shape for key, (_, shape) in wanted.items()}):
        raise WeightsError(f"{file} does not fit its {MANIFEST}: {'; '.join(wrong)}. Port the weights again.")
    return assemble(spec, {path: tensors[key] for key, (path, _) in wanted.items()}), manifest


def load(name_or_folder: str | Path, *, workspace: str | Path = ".") -> Network:
    """See `cxrtui.weights.load`, which calls this."""
    folder = expand(name_or_folder)
    if not (folder / MANIFEST).is_file():
        folder = Workspace(expand(workspace)).models / name_or_folder
    if not (folder / MANIFEST).is_file():
        raise WeightsError(
            f"{name_or_folder} is neither on the shelf {folder.parent} nor a folder with {MANIFEST}; "
            "see cxrtui weights list."
        )
    return Network(*read_shelf(folder))
