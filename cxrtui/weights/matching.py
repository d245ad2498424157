"""Compares a file's tensors with a format's table: is the whole network there, does it fit, and what is left?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cxrtui.errors import WeightsError
from cxrtui.net.classifier import ClassifierSpec
from cxrtui.weights.arrays import Arrays, VariablePath, shapes
from cxrtui.weights.formats import Format

HEAD_KERNEL, HEAD_BIAS = ("head", "layers", 0, "kernel"), ("head", "layers", 0, "bias")
SHOWN = 10  # keys of each kind in an error
_USELESS = "of no use"
_ASTRAY = "The training that wrote it diverged, or the file is damaged; take an earlier checkpoint, or fetch it again"


def port(
    tensors: Mapping[str, np.ndarray], file: Path, format: Format, prefix: tuple[str, str], spec: ClassifierSpec, *,
    strict: bool = False,
) -> tuple[Arrays, list[str]]:  # fmt: skip
    """Return a file's tensors as our arrays, backbone and head, and the keys that were not taken.

    Args:
        tensors: as `files.read_tensors` returns them.
        file: for the message.
        format: of the file.
        prefix: the text before the backbone's names, and the text before the head's.
        spec: of the network, with the file's channels and classes.
        strict: whether every key must belong to the network.

    Raises:
        WeightsError: an array of the network is missing, misshapen or not finite, or the file's backbone holds more
            than ours; the message names ten keys of each kind, and how many there are.
    """
    kept = {key: value for key, value in tensors.items() if not any(re.fullmatch(i, key) for i in format.ignored)}
    wanted = {format.key(_file_path(path), prefix): (path, shape) for path, shape in shapes(spec).items()}
    if spec.classes and not strict and format.key(HEAD_BIAS, prefix) not in kept:
        wanted.pop(format.key(HEAD_BIAS, prefix))
    biases = _biases(kept, format, prefix, wanted)
    expected = {key: _file_shape(shape, format) for key, (_, shape) in wanted.items()}
    expected |= {key: (wanted[kernel][1][-1],) for key, (kernel, _) in biases.items()}
    left = [key for key in tensors if key not in expected]
    checked = {key: kept[key] for key in kept if key in expected or strict or _inside(key, format, prefix[0])}
    if wrong := misfits(checked, expected):
        raise WeightsError(
            f"{file} does not fit this ResNet: {'; '.join(wrong)}. {_advice(kept, format, prefix, wrong)}."
        )
    variances = [key for key, (path, _) in wanted.items() if path[-1] == "var"]
    if negative := [key for key in variances if (kept[key] < 0).any()]:  # every output would be NaN
        raise WeightsError(f"{file} has {len(negative)} variances below zero ({_first(negative)}). {_ASTRAY}.")
    arrays = {path: _ours(kept[key], format) for key, (path, _) in wanted.items()}
    for key, (_, mean) in biases.items():
        # conv + bias - (mean of conv + bias) equals conv - mean of conv, so the bias only shifts the mean.
        path = wanted[mean][0]
        arrays[path] = (arrays[path].astype(np.float64) - kept[key]).astype(np.float32)
    if spec.classes:
        arrays.setdefault(("head", "layers", 0, "bias"), np.zeros(spec.classes, np.float32))
    return arrays, left


def _inside(key: str, format: Format, prefix: str) -> bool:
    return key.startswith(prefix) and format.inside.match(key, len(prefix)) is not None


def _advice(tensors: Mapping[str, Any], format: Format, prefix: tuple[str, str], wrong: list[str]) -> str:
    if all(_USELESS in line for line in wrong):
        return _ASTRAY
    second, third = (format.key(("stage1", "blocks", 0, f"conv{unit}", "kernel"), prefix) for unit in (2, 3))
    if second in tensors and third not in tensors:
        return "A ResNet-18 or -34 has two convolutions in a block and not three; take a ResNet-50"
    return f"Take a ResNet-50 file with {format.name}'s keys"


def _file_path(path: VariablePath) -> VariablePath:
    return path[1:] if path[0] == "backbone" else path


def _biases(
    tensors: Mapping[str, Any], format: Format, prefix: tuple[str, str], wanted: Mapping[str, Any]
) -> dict[str, tuple[str, str]]:
    """Return the keys of the convolutions' biases in the file, each with those of its kernel and of the next mean."""
    if "bias" not in format.leaves["conv"]:
        return {}
    found = {}
    for kernel, (path, _) in wanted.items():
        if path[0] == "backbone" and path[-1] == "kernel":
            *parents, part, _ = path[1:]
            bias = format.key((*parents, part, "bias"), prefix)
            if bias in tensors:
                mean = format.key((*parents, part.replace("conv", "norm"), "mean"), prefix)
                found[bias] = kernel, mean
    return found


def _ours(tensor: np.ndarray, format: Format) -> np.ndarray:
    if format.layout == "HWIO":
        return tensor
    return tensor.transpose(2, 3, 1, 0) if tensor.ndim == 4 else tensor.T


def _file_shape(shape: tuple[int, ...], format: Format) -> tuple[int, ...]:
    if format.layout == "HWIO":
        return shape
    return (shape[3], shape[2], *shape[:2]) if len(shape) == 4 else shape[::-1]


def classes_in(tensors: Mapping[str, np.ndarray], format: Format, prefix: tuple[str, str], features: int) -> int:
    """Return how many logits a file's head has; 0 if it has no head of one layer on `features`. Others are left."""
    kernel = tensors.get(format.key(HEAD_KERNEL, prefix))
    if kernel is None or kernel.ndim != 2:
        return 0
    inputs, classes = kernel.shape if format.layout == "HWIO" else kernel.shape[::-1]
    bias = tensors.get(format.key(HEAD_BIAS, prefix))
    return int(classes) if inputs == features and (bias is None or bias.shape == (classes,)) else 0


def misfits(tensors: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]]) -> list[str]:
    """Return a line for each kind of misfit: keys missing, extra, misshapen, not floating point or not finite."""
    missing = sorted(key for key in shapes if key not in tensors)
    extra = sorted(key for key in tensors if key not in shapes)
    wrong, useless = [], []
    for key, shape in shapes.items():
        if key not in tensors:
            continue
        tensor = tensors[key]
        if tensor.shape != shape:
            wrong.append(f"{key} is {list(tensor.shape)}, not {list(shape)}")
        elif tensor.dtype != np.float32:
            useless.append(f"{key} holds {tensor.dtype}, not floating point")
        elif not np.isfinite(tensor).all():
            useless.append(f"{key} holds NaN or infinity")
    named = (("missing", missing), ("extra", extra), ("misshapen", wrong), (_USELESS, useless))
    return [f"{len(keys)} {what} ({_first(keys)})" for what, keys in named if keys]


def _first(keys: list[str]) -> str:
    shown = ", ".join(key[:120] for key in keys[:SHOWN])
    return f"{shown}, and {len(keys) - SHOWN} more" if len(keys) > SHOWN else shown
