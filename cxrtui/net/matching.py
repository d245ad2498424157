"""A file's tensors against a flavour's table: whose they are, and whether they fit to the last key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from flax import nnx

from cxrtui.errors import WeightsError
from cxrtui.net.classifier import Classifier, ClassifierSpec
from cxrtui.net.flavours import FLAVOURS, Flavour

VariablePath = tuple[Any, ...]  # ("backbone", "stem", "conv", "kernel")
Arrays = dict[VariablePath, np.ndarray]


def shapes(spec: ClassifierSpec) -> dict[VariablePath, tuple[int, ...]]:
    """The shape of every parameter and running average of a network, by path."""
    network = nnx.eval_shape(lambda: Classifier(spec, nnx.Rngs(0)))
    state = nnx.state(network, (nnx.Param, nnx.BatchStat))
    return {path: tuple(variable.shape) for path, variable in nnx.to_flat_state(state)}


def detect(tensors: Mapping[str, np.ndarray], file: Path, spec: ClassifierSpec) -> tuple[Flavour, tuple[str, str]]:
    """Whose weights these are, and what stands before their names: the flavour that knows most of the keys.

    Raises:
        WeightsError: no flavour knows any.
    """
    best: tuple[int, int, Flavour, tuple[str, str]] | None = None
    paths = [path[1:] for path in shapes(spec) if path[0] == "backbone" and path[-1] != "offset"]
    for flavour in FLAVOURS.values():
        if flavour.file_name and not re.fullmatch(flavour.file_name, file.name):
            continue
        for prefix in flavour.prefixes:
            known = sum(flavour.key(path, prefix) in tensors for path in paths)
            stem = tensors.get(flavour.key(("stem", "conv", "kernel"), prefix))
            axis = 1 if flavour.layout == "OIHW" else 2
            fits = int(stem is None or stem.ndim != 4 or stem.shape[axis] == flavour.channels)
            if known and (best is None or (known, fits) > best[:2]):
                best = known, fits, flavour, prefix
    if best is None:
        some = ", ".join(sorted(tensors)[:3])
        names = "; ".join(dict.fromkeys(flavour.written_by for flavour in FLAVOURS.values()))
        raise WeightsError(f"{file} holds no ResNet-50 known here ({some}, …); take one written by {names}")
    return best[2], best[3]


def port(
    tensors: Mapping[str, np.ndarray], file: Path, flavour: Flavour, prefix: tuple[str, str], spec: ClassifierSpec
) -> Arrays:
    """A file's tensors as our arrays, backbone and head.

    Args:
        tensors: as `files.read_tensors` gives them.
        file: for the message.
        flavour: whose they are.
        prefix: what stands before a backbone's and a head's names.
        spec: of the network, with the flavour's channels and the file's classes.

    Raises:
        WeightsError: listing every key that is missing, extra, misshapen or not finite.
    """
    kept = {key: value for key, value in tensors.items() if not any(re.fullmatch(i, key) for i in flavour.ignored)}
    wanted = {flavour.key(_file_path(path), prefix): (path, shape) for path, shape in shapes(spec).items()}
    biases = _biases(kept, flavour, prefix, wanted)
    expected = {key: _file_shape(shape, flavour) for key, (_, shape) in wanted.items()}
    expected |= {key: (wanted[kernel][1][-1],) for key, (kernel, _) in biases.items()}
    if wrong := misfits(kept, expected):
        written = f"Take a ResNet-50 file with {flavour.name}'s keys"
        raise WeightsError(f"{file} does not fit this ResNet: {'; '.join(wrong)}. {written}")
    arrays = {path: _ours(kept[key], flavour) for key, (path, _) in wanted.items()}
    for key, (_, mean) in biases.items():
        # conv + bias - (mean of conv + bias) is conv - mean of conv: the bias is nothing but a shift of the mean.
        path = wanted[mean][0]
        arrays[path] = (arrays[path].astype(np.float64) - kept[key]).astype(np.float32)
    return arrays


def _file_path(path: VariablePath) -> VariablePath:
    return path[1:] if path[0] == "backbone" else path


def _biases(
    tensors: Mapping[str, Any], flavour: Flavour, prefix: tuple[str, str], wanted: Mapping[str, Any]
) -> dict[str, tuple[str, str]]:
    """The keys of the convolutions' biases in the file, each with those of its kernel and of the mean behind it."""
    if "bias" not in flavour.leaves["conv"]:
        return {}
    found = {}
    for kernel, (path, _) in wanted.items():
        if path[0] == "backbone" and path[-1] == "kernel":
            *parents, part, _ = path[1:]
            bias = flavour.key((*parents, part, "bias"), prefix)
            if bias in tensors:
                mean = flavour.key((*parents, part.replace("conv", "norm"), "mean"), prefix)
                found[bias] = kernel, mean
    return found


def _ours(tensor: np.ndarray, flavour: Flavour) -> np.ndarray:
    if flavour.layout == "HWIO":
        return tensor
    return tensor.transpose(2, 3, 1, 0) if tensor.ndim == 4 else tensor.T


def _file_shape(shape: tuple[int, ...], flavour: Flavour) -> tuple[int, ...]:
    if flavour.layout == "HWIO":
        return shape
    return (shape[3], shape[2], *shape[:2]) if len(shape) == 4 else shape[::-1]


def classes_in(tensors: Mapping[str, np.ndarray], flavour: Flavour, prefix: tuple[str, str]) -> int:
    """The logits of a file's head; 0 where it has none."""
    for leaf, axis in (("bias", 0), ("kernel", 0 if flavour.layout == "OIHW" else -1)):
        tensor = tensors.get(flavour.key(("head", "layers", 0, leaf), prefix))
        if tensor is not None and tensor.ndim:
            return int(tensor.shape[axis])
    return 0


def misfits(tensors: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]]) -> list[str]:
    """All that is missing, extra, misshapen, not floating point or not finite, for an error; empty if it fits."""
    missing = sorted(key for key in shapes if key not in tensors)
    extra = sorted(key for key in tensors if key not in shapes)
    wrong = []
    for key, shape in shapes.items():
        if key not in tensors:
            continue
        tensor = tensors[key]
        if tensor.shape != shape:
            wrong.append(f"{key} is {list(tensor.shape)}, not {list(shape)}")
        elif tensor.dtype != np.float32:
            wrong.append(f"{key} holds {tensor.dtype}, not floating point")
        elif not np.isfinite(tensor).all():
            wrong.append(f"{key} holds NaN or infinity")
    named = (("missing", missing), ("extra", extra), ("misshapen", wrong))
    return [f"{len(keys)} {what} ({', '.join(keys)})" for what, keys in named if keys]
