"""Reads and writes ``model.toml``, which says what a folder of the shelf holds and where it is from. Imports no JAX."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import tomlkit

from cxrtui.errors import WeightsError
from cxrtui.files import is_there, read_text, write_atomic
from cxrtui.printable import printable
from cxrtui.weights.formats.format import Normalisation

MANIFEST = "model.toml"
_MOST_BYTES = 1 << 20
_REASON_MOST = 200
_RESNET_50 = [3, 4, 6, 3]


@dataclasses.dataclass(frozen=True)
class Manifest:
    """A network on the shelf.

    Attributes:
        name: of its folder.
        format: of the file that the weights came from, one of `formats.FORMATS`; ``cxrtui`` for a trained network.
        architecture: ``v1`` or ``v1.5``.
        classes: logits; 0 for a network without a head.
        channels: of the images that the stored weights take, 1 or 3.
        normalisation: of those images, as `formats.Normalisation.as_dict`.
        spec: `classifier.ClassifierSpec.as_dict`.
        sha256: of the weights file in the folder.
        source: where the weights were taken from.
        revision: of the source.
        licence: of the weights.
        source_sha256: of the file they were ported from.
        labels: of the logits; empty if they are not known.
        taken: what was taken from the file that they were ported from.
        left: what was left in that file, and why, with a line for each group of names.
    """

    name: str
    format: str
    architecture: str
    classes: int
    channels: int
    normalisation: dict[str, Any]
    spec: dict[str, Any]
    sha256: str = ""
    source: str = ""
    revision: str = ""
    licence: str = ""
    source_sha256: str = ""
    labels: tuple[str, ...] = ()
    taken: str = ""
    left: tuple[str, ...] = ()

    @property
    def network(self) -> str:
        """The network in words: ``ResNet-50 v1.5``, or the width and the stages of one that is no ResNet-50."""
        width, stages = self.spec.get("width", 64), list(self.spec.get("stage_sizes", _RESNET_50))
        if (width, stages) == (64, _RESNET_50):
            return f"ResNet-50 {self.architecture}"
        return f"ResNet {self.architecture}, width {width}, stages of {','.join(map(str, stages))} blocks"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``model.toml``, replacing one that is there.

    Raises:
        OSError: the disk refuses.
    """
    values = dataclasses.asdict(manifest) | {"labels": list(manifest.labels), "left": list(manifest.left)}
    tables = {name: values.pop(name) for name in ("normalisation", "spec")}
    write_atomic(folder / MANIFEST, tomlkit.dumps(values | tables))


def read_manifest(folder: Path) -> Manifest:
    """Read ``model.toml``.

    Raises:
        WeightsError: it is missing, or no manifest.
    """
    file = folder / MANIFEST
    try:
        values = tomllib.loads(read_text(file, _MOST_BYTES))
        if "flavour" in values:  # older versions wrote the format under this name
            values["format"] = values.pop("flavour")
        values = {key: printable(value) if isinstance(value, str) else value for key, value in values.items()}
        lists = {name: tuple(map(printable, values.get(name, ()))) for name in ("labels", "left")}
        manifest = Manifest(**(values | lists))
        _check(manifest)
    except FileNotFoundError:
        if not is_there(file):
            raise WeightsError(f"{folder} is no folder of the shelf: it has no {MANIFEST}.") from None
        raise _unreadable(file, "it is a link to nothing") from None
    except OSError as error:
        raise _unreadable(file, error.strerror or str(error)) from None
    except RecursionError:
        raise _unreadable(file, "it is nested too deep") from None
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise _unreadable(file, str(error)) from error
    return manifest


def _unreadable(file: Path, reason: str) -> WeightsError:
    reason = reason if len(reason) <= _REASON_MOST else f"{reason[:_REASON_MOST]}..."
    return WeightsError(f"{file} cannot be read: {printable(reason)}; put the weights on the shelf again.")


def _check(manifest: Manifest) -> None:
    for field in dataclasses.fields(manifest):
        value = getattr(manifest, field.name)
        kind = {"str": str, "int": int, "dict[str, Any]": dict, "tuple[str, ...]": tuple}[str(field.type)]
        if type(value) is not kind:
            raise ValueError(f"{field.name} is {value!r:.80}")
        if isinstance(value, int) and not 0 <= value < 1 << 31:
            raise ValueError(f"{field.name} is out of range")
    Normalisation.from_dict(manifest.normalisation)
