"""Published ResNet-50 weights into our network: recognised, checked to the last key, and folded to one channel.

`flavours` says whose key is where; every misfit of a file is reported at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx

from cxrtui.errors import WeightsError
from cxrtui.net.classifier import Classifier, ClassifierSpec
from cxrtui.net.files import read_tensors
from cxrtui.net.flavours import FLAVOURS, IMAGENET, Flavour, Normalisation
from cxrtui.net.flavours.torchvision import TORCHVISION
from cxrtui.net.matching import Arrays, VariablePath, classes_in, detect, port
from cxrtui.net.resnet import GREY_MEAN, GREY_STD, GROUPS, ResNet50

HEAD_KEYS = ("fc.weight", "fc.bias")

# What torchvision's weights expect of RGB pixels in [0, 1].
RGB_MEAN, RGB_STD = np.array(IMAGENET.mean), np.array(IMAGENET.std)
GREY = Normalisation((GREY_MEAN,), (GREY_STD,), order="grey")


def fold_stem(kernel: np.ndarray, normalisation: Normalisation = IMAGENET) -> tuple[np.ndarray, np.ndarray]:
    """Fold a stem and the normalisation of its input into a stem for one `resnet.normalise`-d channel, exactly.

    For a grey pixel g the original sees (scale g - mean_c) / std_c in each channel c, and ours u = (g - grey_mean) /
    grey_std, so g = u grey_std + grey_mean. What u is multiplied with folds into the kernel. The rest is constant but
    for the zero padding, so it stays a kernel, for an image of ones.

    Args:
        kernel: ``[7, 7, C, O]``; its channels in the order of ``normalisation``.
        normalisation: of the input that the kernel was made for.

    Returns:
        ``kernel`` and ``offset``, each ``[7, 7, 1, O]`` float32.
    """
    kernel = kernel.astype(np.float64)
    mean, std = np.array(normalisation.mean), np.array(normalisation.std)
    slope, level = normalisation.scale * GREY_STD / std, (normalisation.scale * GREY_MEAN - mean) / std
    folded = np.einsum("hwco,c->hwo", kernel, slope)[:, :, None]
    offset = np.einsum("hwco,c->hwo", kernel, level)[:, :, None]
    return folded.astype(np.float32), offset.astype(np.float32)


def fold_rgb_stem(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`fold_stem` for torchvision's normalisation."""
    return fold_stem(kernel)


def assemble(spec: ClassifierSpec, arrays: Mapping[VariablePath, np.ndarray]) -> Classifier:
    """The network of ``spec`` with these arrays, of which none may be missing; nothing is compiled."""
    graphdef, state = nnx.split(nnx.eval_shape(lambda: Classifier(spec, nnx.Rngs(0))))
    filled = [(path, variable.replace(jnp.asarray(arrays[path]))) for path, variable in nnx.to_flat_state(state)]
    network: Classifier = nnx.merge(graphdef, nnx.from_flat_state(filled))
    return network


def disassemble(network: Classifier) -> Arrays:
    """The inverse of `assemble`."""
    state = nnx.state(network, (nnx.Param, nnx.BatchStat))
    return {path: np.asarray(variable[...]) for path, variable in nnx.to_flat_state(state)}


def to_grey(arrays: Mapping[VariablePath, np.ndarray], normalisation: Normalisation) -> Arrays:
    """The same network for one channel that `resnet.normalise` made; see `fold_stem`."""
    kernel = ("backbone", "stem", "conv", "kernel")
    folded, offset = fold_stem(arrays[kernel], normalisation)
    return {**arrays, kernel: folded, ("backbone", "stem", "offset"): offset}


@dataclasses.dataclass(frozen=True)
class Ported:
    """A file's network: its spec, its arrays by path, and what its input is."""

    flavour: Flavour
    spec: ClassifierSpec
    arrays: Arrays

    def grey(self) -> tuple[ClassifierSpec, Arrays]:
        """The same for one channel."""
        spec = dataclasses.replace(self.spec, channels=1, stem_offset=True)
        return spec, to_grey(self.arrays, self.flavour.normalisation)


def read(file: Path, *, flavour: str | None = None, like: ClassifierSpec | None = None) -> Ported:
    """Recognise and port a file of any flavour, with its own head and channels.

    Args:
        file: the weights.
        flavour: one of `flavours.FLAVOURS`, where the file alone would not tell.
        like: whose width and stage sizes it must have; ResNet-50's by default.

    Raises:
        WeightsError: it cannot be read, is no ResNet-50, or does not fit to the last key.
    """
    tensors = read_tensors(file)
    width, sizes = (like.width, like.stage_sizes) if like else (64, (3, 4, 6, 3))
    spec = ClassifierSpec(hidden=(), dropout=0.0, classes=0, width=width, stage_sizes=sizes, channels=3)
    if flavour is None:
        found, prefix = detect(tensors, file, spec)
    elif flavour in FLAVOURS:
        found, prefix = _prefixed(FLAVOURS[flavour], tensors)
    else:
        raise WeightsError(f"there is no flavour {flavour!r}; take one of {', '.join(FLAVOURS)}")
    spec = dataclasses.replace(
        spec,
        classes=classes_in(tensors, found, prefix),
        channels=found.channels,
        architecture=found.architecture,
        epsilon=found.epsilon,
    )
    return Ported(found, spec, port(tensors, file, found, prefix, spec))


def _prefixed(flavour: Flavour, tensors: Mapping[str, Any]) -> tuple[Flavour, tuple[str, str]]:
    stem = ("stem", "conv", "kernel")
    return flavour, next((p for p in flavour.prefixes if flavour.key(stem, p) in tensors), flavour.prefixes[0])


def load_torchvision(network: Classifier | ResNet50, path: str | Path, *, ignore: tuple[str, ...] = HEAD_KEYS) -> None:
    """Fill a network's backbone, in place, from a file with torchvision's or timm's ResNet keys.

    A one-channel network gets the folded stem and its border kernel (`fold_stem`), and its spec then says so. The
    head stays as it is. ``num_batches_tracked`` is dropped.

    Args:
        network: a classifier, or a bare backbone of one or three channels.
        path: the file.
        ignore: keys that may be there and are not used.

    Raises:
        WeightsError: if the file cannot be read, or listing every key that is missing, extra or misshapen.
    """
    backbone = network.backbone if isinstance(network, Classifier) else network
    width, sizes = backbone.stem.conv.kernel.shape[-1], tuple(len(getattr(backbone, n).blocks) for n in GROUPS[1:])
    spec = ClassifierSpec(hidden=(), classes=0, width=width, stage_sizes=sizes, channels=3)
    tensors = {key: value for key, value in read_tensors(path).items() if key not in ignore}
    arrays = port(tensors, Path(path), TORCHVISION, ("", ""), spec)
    fill(network, to_grey(arrays, IMAGENET) if backbone.stem.conv.kernel.shape[2] == 1 else arrays)


def fill(network: Classifier | ResNet50, arrays: Mapping[VariablePath, np.ndarray]) -> None:
    """Set the backbone of a network, in place; the head stays as it is."""
    backbone = network.backbone if isinstance(network, Classifier) else network
    offset = arrays.get(("backbone", "stem", "offset"))
    if offset is not None and backbone.stem.offset is None:
        backbone.stem.offset = nnx.Param(jnp.zeros(offset.shape, jnp.float32))
        if isinstance(network, Classifier):
            network.spec = dataclasses.replace(network.spec, stem_offset=True)
    for path, variable in nnx.to_flat_state(nnx.state(backbone, (nnx.Param, nnx.BatchStat))):
        variable.set_value(jnp.asarray(arrays[("backbone", *path)]))


def spec_for(place: Path, spec: ClassifierSpec) -> ClassifierSpec:
    """What a classifier of ``spec`` must be to take the backbone at ``place``: `load_backbone`'s network.

    Args:
        place: a file of any flavour, or a folder of the shelf.
        spec: of the classifier, whose head, width and stage sizes stay.

    Raises:
        WeightsError: the file is no ResNet-50 of this width and these stages.
    """
    return _like(spec, _grey_backbone(place, spec)[0])


def load_backbone(network: Classifier, place: Path) -> Classifier:
    """Fill the backbone of a one-channel classifier, in place; the head stays as it is.

    Args:
        network: made from `spec_for`.
        place: a file of any flavour, or a folder of the shelf.

    Returns:
        The network.

    Raises:
        WeightsError: the file is no ResNet-50 of this width and these stages.
    """
    found, arrays = _grey_backbone(place, network.spec)
    if _like(network.spec, found) != network.spec:
        raise ValueError("the network is of another architecture; make it from spec_for(place, spec)")
    fill(network, arrays)
    return network


def _like(spec: ClassifierSpec, found: ClassifierSpec) -> ClassifierSpec:
    names = ("stem_offset", "architecture", "epsilon", "channels")
    return dataclasses.replace(spec, **{name: getattr(found, name) for name in names})


def _grey_backbone(place: Path, spec: ClassifierSpec) -> tuple[ClassifierSpec, Arrays]:
    if not place.is_dir():
        return read(place, like=spec).grey()
    from cxrtui.net import saved

    network, manifest = saved.read_shelf(place)
    found = network.spec
    if (found.width, found.stage_sizes) != (spec.width, spec.stage_sizes):
        raise WeightsError(
            f"{place} is {found.width} features wide with stages of {list(found.stage_sizes)} blocks, and the network "
            f"{spec.width} with {list(spec.stage_sizes)}; set model.width and model.stages to the former"
        )
    arrays = disassemble(network)
    if found.channels == 1:
        return found, arrays
    grey = to_grey(arrays, Normalisation.from_dict(manifest.normalisation))
    return dataclasses.replace(found, channels=1, stem_offset=True), grey
