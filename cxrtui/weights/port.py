"""Reads a file of published ResNet-50 weights as our arrays: finds its format, checks every key, describes its input.

`formats` holds the keys of each format, and `finding` finds the prefix. All misfits of a file are reported together.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from cxrtui.errors import UsageError, WeightsError
from cxrtui.net.classifier import ClassifierSpec
from cxrtui.weights import input_range
from cxrtui.weights.arrays import Arrays, backbone_paths
from cxrtui.weights.files.read import FileContents, read_file
from cxrtui.weights.finding import Place, choose, left_in_file
from cxrtui.weights.formats import Format, Normalisation
from cxrtui.weights.formats.torchvision import TORCHVISION, TORCHXRAYVISION
from cxrtui.weights.grey import to_grey
from cxrtui.weights.matching import classes_in, port


@dataclasses.dataclass(frozen=True)
class PortOptions:
    """The choices that a file alone may not decide.

    Attributes:
        prefix: the text before the keys of the network that is meant; None if the file holds only one.
        average: whether an averaged copy is meant instead of the plain weights beside it.
        range: of a network for one channel, as `input_range.parse` takes it.
        format: one of `formats.FORMATS`, if the file alone does not tell.
        width, stages: of the network that the file must hold, as `config.ModelConfig` has them; a ResNet-50's.
        licence: of the weights.
    """

    prefix: str | None = None
    average: bool = False
    range: str = ""
    format: str | None = None
    width: int = 64
    stages: tuple[int, ...] = (3, 4, 6, 3)
    licence: str = ""


@dataclasses.dataclass(frozen=True)
class Ported:
    """A file's network: its spec, its arrays by path, its input, and what was taken and left of the file."""

    format: Format
    normalisation: Normalisation
    spec: ClassifierSpec
    arrays: Arrays
    taken: str = ""
    left: tuple[str, ...] = ()

    def grey(self) -> tuple[ClassifierSpec, Arrays]:
        """Return the same network for one channel."""
        spec = dataclasses.replace(self.spec, channels=1, stem_offset=True)
        return spec, to_grey(self.arrays, self.normalisation)


def read(file: Path, options: PortOptions | None = None) -> Ported:
    """Recognise and port a file of any format, under any prefix, with its own head and channels.

    Args:
        file: the weights.
        options: the choices that the file may not decide.

    Raises:
        WeightsError: the file cannot be read, is no ResNet-50, lacks arrays or has some that do not fit, or does not
            tell which of several networks or what range of grey is meant.
        UsageError: an option has an unknown value, or does not apply to this file.
    """
    options = options or PortOptions()
    content = read_file(file)
    tensors = content.tensors
    spec = ClassifierSpec(hidden=(), classes=0, width=options.width, stage_sizes=options.stages, channels=3)
    place, others = choose(tensors, file, backbone_paths(spec), format=options.format, prefix=options.prefix,
                           average=options.average)  # fmt: skip
    stem = tensors.get(place.format.key(("stem", "conv", "kernel"), place.prefixes))
    axis = 1 if place.format.layout == "OIHW" else 2
    channels = 1 if stem is not None and stem.ndim == 4 and stem.shape[axis] == 1 else 3
    found, normalisation, why = place.format, place.format.normalisation, ""
    if channels == 1:
        found, normalisation, why = _of_one_channel(file, content, place, options.range)
    elif options.range:
        raise UsageError(f"{file} holds a network for three channels; --range is for those of one.")
    spec = dataclasses.replace(
        spec,
        classes=classes_in(tensors, found, place.prefixes, 32 * options.width),
        channels=channels,
        architecture=found.architecture,
        epsilon=found.epsilon,
    )
    arrays, left = port(tensors, file, found, place.prefixes, spec)
    kind = "averaged weights, " if place.averaged else "plain weights, " if any(o.averaged for o in others) else ""
    head = f", with its head of {spec.classes} classes" if spec.classes else ""
    taken = f"{len(tensors) - len(left)} tensors with {found.name}'s keys under {place.shown}{head}{why}"
    return Ported(
        found, normalisation, spec, arrays, kind + taken, tuple(left_in_file(left, content.left, place, others))
    )


def _of_one_channel(file: Path, content: FileContents, place: Place, given: str) -> tuple[Format, Normalisation, str]:
    """Return the format of a one-channel network, the normalisation of its input, and who or what told it."""
    if given:
        return place.format, input_range.parse(given), f"; one channel, its range {given} as was said"
    if place.format.channels == 1:
        return place.format, place.format.normalisation, ""
    word = input_range.stated_by(file, content.tensors, content.lists, content.metadata)
    if not word or place.format.name != TORCHVISION.name:
        raise WeightsError(input_range.asked(file))
    return TORCHXRAYVISION, TORCHXRAYVISION.normalisation, f"; one channel from -1024 to 1024, as {word} tells"
