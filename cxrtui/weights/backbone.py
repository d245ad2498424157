"""Loads the backbone that a classifier begins with, from a file of any format or from a folder of the shelf."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from cxrtui.errors import WeightsError
from cxrtui.net.classifier import Classifier, ClassifierSpec
from cxrtui.net.resnet import GROUPS, ResNet50
from cxrtui.weights.arrays import Arrays, disassemble, fill
from cxrtui.weights.files.read import read_file
from cxrtui.weights.formats import IMAGENET, Normalisation
from cxrtui.weights.formats.torchvision import TORCHVISION
from cxrtui.weights.grey import to_grey
from cxrtui.weights.manifest import read_manifest
from cxrtui.weights.matching import port
from cxrtui.weights.port import PortOptions, read
from cxrtui.weights.saved import read_shelf

HEAD_KEYS = ("fc.weight", "fc.bias")


@dataclasses.dataclass(frozen=True)
class Backbone:
    """A backbone that was read, of one channel.

    Attributes:
        spec: of the classifier that is to have it.
        arrays: its parameters and running averages by path.
        taken: what was taken from the file, for people.
        left: what was left there, and why.
    """

    spec: ClassifierSpec
    arrays: Arrays
    taken: str = ""
    left: tuple[str, ...] = ()

    def fill(self, network: Classifier) -> None:
        """Set the backbone of a network that was made from `spec`, in place; the head stays as it is."""
        if network.spec != self.spec:
            raise ValueError("the network is of another architecture; make it from the backbone's spec")
        fill(network, self.arrays)


def read_backbone(place: Path, spec: ClassifierSpec) -> Backbone:
    """Read the backbone that a classifier begins with.

    Args:
        place: a file of any format, or a folder of the shelf.
        spec: of the classifier. Its head, width and stage sizes are kept.

    Raises:
        WeightsError: the file is no ResNet-50 of this width and these stages.
    """
    if place.is_dir():
        found, arrays = _of_shelf(place, spec)
        manifest = read_manifest(place)
        taken, left = manifest.taken or f"the backbone of {manifest.source or manifest.name}", manifest.left
    else:
        ported = read(place, PortOptions(width=spec.width, stages=spec.stage_sizes))
        (found, arrays), taken, left = ported.grey(), ported.taken, ported.left
    names = ("stem_offset", "architecture", "epsilon", "channels")
    spec = dataclasses.replace(spec, **{name: getattr(found, name) for name in names})
    return Backbone(spec, arrays, taken, tuple(left))


def _of_shelf(place: Path, spec: ClassifierSpec) -> tuple[ClassifierSpec, Arrays]:
    network, manifest = read_shelf(place)
    found = network.spec
    if (found.width, found.stage_sizes) != (spec.width, spec.stage_sizes):
        raise WeightsError(
            f"{place} is {found.width} features wide with stages of {list(found.stage_sizes)} blocks, and the network "
            f"{spec.width} with {list(spec.stage_sizes)}; set model.width and model.stages to the former."
        )
    arrays = disassemble(network)
    if found.channels == 1:
        return found, arrays
    folded = to_grey(arrays, Normalisation.from_dict(manifest.normalisation))
    return dataclasses.replace(found, channels=1, stem_offset=True), folded


def load_torchvision(network: Classifier | ResNet50, path: str | Path, *, ignore: tuple[str, ...] = HEAD_KEYS) -> None:
    """Fill a network's backbone, in place, from a file with torchvision's or timm's ResNet keys.

    A one-channel network gets the folded stem and its border kernel (`fold_stem`), and its spec records this. The
    head stays as it is. ``num_batches_tracked`` is dropped.

    Args:
        network: a classifier, or a bare backbone of one or three channels.
        path: the file.
        ignore: keys that the file may hold and that are not used.

    Raises:
        WeightsError: the file cannot be read, or keys are missing, extra or misshapen; the message lists all of them.
    """
    backbone = network.backbone if isinstance(network, Classifier) else network
    width, sizes = backbone.stem.conv.kernel.shape[-1], tuple(len(getattr(backbone, n).blocks) for n in GROUPS[1:])
    spec = ClassifierSpec(hidden=(), classes=0, width=width, stage_sizes=sizes, channels=3)
    tensors = {key: value for key, value in read_file(path).tensors.items() if key not in ignore}
    arrays, _ = port(tensors, Path(path), TORCHVISION, ("", ""), spec, strict=True)
    fill(network, to_grey(arrays, IMAGENET) if backbone.stem.conv.kernel.shape[2] == 1 else arrays)
