"""Published ResNet-50 weights into our network: found, checked to the last key of the network, folded to one channel.

`flavours` says whose key is where, `finding` under which prefix; every misfit of a file is reported at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from flax import nnx

from cxrtui.errors import UsageError, WeightsError
from cxrtui.net.classifier import Classifier, ClassifierSpec
from cxrtui.net.resnet import GREY_MEAN, GREY_STD, GROUPS, ResNet50
from cxrtui.weights import input_range
from cxrtui.weights.files.read import FileContents, read_file
from cxrtui.weights.finding import Place, choose, told
from cxrtui.weights.formats import IMAGENET, Flavour, Normalisation
from cxrtui.weights.formats.torchvision import TORCHVISION, TORCHXRAYVISION
from cxrtui.weights.matching import Arrays, VariablePath, backbone_paths, classes_in, port

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
class PortOptions:
    """What a file alone may not tell.

    Attributes:
        prefix: what stands before the keys of the network that is meant; None where the file holds one.
        average: an averaged copy is meant, not the plain weights beside it.
        range: of a network for one channel, as `input_range.parse` takes it.
    """

    prefix: str | None = None
    average: bool = False
    range: str = ""


@dataclasses.dataclass(frozen=True)
class Ported:
    """A file's network: its spec, its arrays by path, what its input is, and what was taken of the file and left."""

    flavour: Flavour
    normalisation: Normalisation
    spec: ClassifierSpec
    arrays: Arrays
    taken: str = ""
    left: tuple[str, ...] = ()

    def grey(self) -> tuple[ClassifierSpec, Arrays]:
        """The same for one channel."""
        spec = dataclasses.replace(self.spec, channels=1, stem_offset=True)
        return spec, to_grey(self.arrays, self.normalisation)


def read(
    file: Path, *, flavour: str | None = None, like: ClassifierSpec | None = None, options: PortOptions | None = None
) -> Ported:
    """Recognise and port a file of any flavour, with its own head and channels, from under any prefix.

    Args:
        file: the weights.
        flavour: one of `flavours.FLAVOURS`, where the file alone would not tell.
        like: whose width and stage sizes it must have; ResNet-50's by default.
        options: what else the file may not tell.

    Raises:
        WeightsError: it cannot be read, is no ResNet-50, something of that is missing or does not fit, or it does not
            tell which of several networks or what range of grey is meant.
        UsageError: the options say nothing of the kind, or nothing that this file asks.
    """
    options = options or PortOptions()
    content = read_file(file)
    tensors = content.tensors
    width, sizes = (like.width, like.stage_sizes) if like else (64, (3, 4, 6, 3))
    spec = ClassifierSpec(hidden=(), dropout=0.0, classes=0, width=width, stage_sizes=sizes, channels=3)
    place, others = choose(tensors, file, backbone_paths(spec), flavour=flavour, prefix=options.prefix,
                           average=options.average)  # fmt: skip
    stem = tensors.get(place.flavour.key(("stem", "conv", "kernel"), place.prefixes))
    axis = 1 if place.flavour.layout == "OIHW" else 2
    channels = 1 if stem is not None and stem.ndim == 4 and stem.shape[axis] == 1 else 3
    found, normalisation, why = place.flavour, place.flavour.normalisation, ""
    if channels == 1:
        found, normalisation, why = _of_one_channel(file, content, place, options.range)
    elif options.range:
        raise UsageError(f"{file} holds a network for three channels; --range is for those of one.")
    spec = dataclasses.replace(
        spec,
        classes=classes_in(tensors, found, place.prefixes, 32 * width),
        channels=channels,
        architecture=found.architecture,
        epsilon=found.epsilon,
    )
    arrays, left = port(tensors, file, found, place.prefixes, spec)
    kind = "averaged weights, " if place.averaged else "plain weights, " if any(o.averaged for o in others) else ""
    head = f", with its head of {spec.classes} classes" if spec.classes else ""
    taken = f"{len(tensors) - len(left)} tensors with {found.name}'s keys under {place.shown}{head}{why}"
    return Ported(found, normalisation, spec, arrays, kind + taken, tuple(told(left, content.left, place, others)))


def _of_one_channel(file: Path, content: FileContents, place: Place, said: str) -> tuple[Flavour, Normalisation, str]:
    """Whose network for one channel it is, what range its input has, and who said so."""
    if said:
        return place.flavour, input_range.parse(said), f"; one channel, its range {said} as was said"
    if place.flavour.channels == 1:
        return place.flavour, place.flavour.normalisation, ""
    word = input_range.told_by(file, content.tensors, content.lists, content.words)
    if not word or place.flavour.name != TORCHVISION.name:
        raise WeightsError(input_range.asked(file))
    return TORCHXRAYVISION, TORCHXRAYVISION.normalisation, f"; one channel from -1024 to 1024, as {word} tells"


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
    tensors = {key: value for key, value in read_file(path).tensors.items() if key not in ignore}
    arrays, _ = port(tensors, Path(path), TORCHVISION, ("", ""), spec, strict=True)
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


def taken_of(place: Path, spec: ClassifierSpec) -> tuple[str, tuple[str, ...]]:
    """What `load_backbone` takes of a file or a folder of the shelf, and what it leaves and why.

    Args:
        place: a file of any flavour, or a folder of the shelf.
        spec: of the classifier that is to begin with it.

    Raises:
        WeightsError: it cannot begin with it.
    """
    if place.is_dir():
        from cxrtui.weights.manifest import read_manifest

        _grey_backbone(place, spec)
        manifest = read_manifest(place)
        return manifest.taken or f"the backbone of {manifest.source or manifest.name}", manifest.left
    ported = read(place, like=spec)
    return ported.taken, ported.left


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
    from cxrtui.weights import saved

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
