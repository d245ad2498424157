"""Describes a format of ResNet-50 weights: the names, the layout and the preprocessing of the program that wrote it."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cxrtui.printable import printable

Path = tuple[str | int, ...]  # ("stage1", "blocks", 0, "conv1", "kernel")


@dataclass(frozen=True)
class Normalisation:
    """How pixels become the network's input: ``(pixels in [0, 1] * scale - mean) / std``, for each channel.

    Attributes:
        mean: one number for each channel, in `order`.
        std: one number for each channel, in `order`.
        scale: the value of white before the mean is subtracted, 1 or 255.
        order: of the channels, ``RGB``, ``BGR`` or ``grey``.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    scale: float = 1.0
    order: str = "RGB"

    def as_dict(self) -> dict[str, Any]:
        """Return a dictionary of TOML's own types."""
        return {"scale": self.scale, "mean": list(self.mean), "std": list(self.std), "order": self.order}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Normalisation:
        """Invert `as_dict`; raises ValueError, TypeError or KeyError for other values."""
        mean, std = tuple(map(float, values["mean"])), tuple(map(float, values["std"]))
        if len(mean) != len(std) or len(mean) not in (1, 3) or min(std) <= 0:
            raise ValueError("mean and std need one or three numbers, and std positive ones")
        if not all(map(math.isfinite, (*mean, *std, scale := float(values["scale"])))):
            raise ValueError("mean, std and scale must be finite")
        return cls(mean, std, scale, printable(values["order"]))


IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class Format:
    """A readable table that gives the key of each of our variables in the files of one program.

    `names` maps each layer of our network to its name in the file. The numbers in a name are ``s`` for the stage (1 to
    4; ``s0`` from 0, ``s2`` from 2, ``s3`` from 4), ``b`` for the block (from 0; ``b1`` from 1, ``ba`` from the letter
    a) and ``u`` for the convolution in it (1 to 3; ``u0`` from 0, ``ua`` from a). `leaves` maps our variable to the
    text that follows the name.

    Attributes:
        name: as the manifest has it.
        written_by: the program's name, for people.
        names: of ``stem_conv``, ``stem_norm``, ``conv``, ``norm``, ``conv_shortcut``, ``norm_shortcut`` and ``head``.
        leaves: of ``conv``, ``norm`` and ``head``. A convolution's ``bias`` is optional; it is folded into the next
            running mean, which is exact in training too.
        normalisation: that its networks expect of their input.
        inner: the text before a backbone's names, which a head's names do not have.
        ignored: regular expressions for keys that hold no weight.
        layout: of a convolution, ``OIHW`` or ``HWIO``; a head's is ``OI`` or ``IO`` accordingly.
        architecture: ``v1.5`` or ``v1``.
        epsilon: of batch normalisation.
        channels: of its images.
        file_name: a regular expression that the file's name must match, where keys alone do not tell.
    """

    name: str
    written_by: str
    names: Mapping[str, str]
    leaves: Mapping[str, Mapping[str, str]]
    normalisation: Normalisation
    inner: str = ""
    ignored: tuple[str, ...] = ()
    layout: str = "OIHW"
    architecture: str = "v1.5"
    epsilon: float = 1e-5
    channels: int = 3
    file_name: str = field(default="")

    @functools.cached_property
    def inside(self) -> re.Pattern[str]:
        """A pattern that matches the beginning of every name in such a backbone, or in a larger one."""
        numbers = {"s": "[1-4]", "s0": "[0-3]", "s2": "[2-5]", "s3": "[4-7]", "ba": "[a-z]", "ua": "[a-z]"}
        numbers |= dict.fromkeys(("b", "b1", "u", "u0"), "[0-9]+")
        tops = (re.escape(name.partition(".")[0]) for part, name in self.names.items() if part != "head")
        plain = (top.replace(r"\{", "{").replace(r"\}", "}").format(**numbers) for top in tops)
        return re.compile(rf"({'|'.join(sorted(set(plain)))})([./]|$)")

    def key(self, path: Path, prefix: tuple[str, str] = ("", "")) -> str:
        """Return the file's key for a variable: ``("stem", "norm", "mean")`` gives ``bn1.running_mean``.

        Raises:
            KeyError: there is no such variable in a ResNet.
        """
        kind: str
        numbers: dict[str, int | str]
        match path:
            case ("stem", str(part), str(leaf)):
                kind, name, numbers = part, f"stem_{part}", {}
            case (str(stage), "blocks", int(b), str(unit), str(leaf)):
                kind, s = unit[:4], int(stage[-1])
                shortcut = unit.endswith("_shortcut")
                name = unit if shortcut else kind
                u = 0 if shortcut else int(unit[-1])
                numbers = {"s": s, "s0": s - 1, "s2": s + 1, "s3": s + 3, "b": b, "b1": b + 1, "u": u, "u0": u - 1}
                numbers |= {"ba": chr(ord("a") + b), "ua": chr(ord("a") + max(u - 1, 0))}
            case ("head", "layers", 0, str(leaf)):
                return f"{prefix[1]}{self.names['head']}{self.leaves['head'][leaf]}"
            case _:
                raise KeyError(path)
        return f"{prefix[0]}{self.names[name].format(**numbers)}{self.leaves[kind][leaf]}"
