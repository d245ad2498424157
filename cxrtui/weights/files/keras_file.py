"""Reads the tensors of Keras's HDF5 files, by ``layer/variable``: ``conv2_block1_1_conv/kernel``.

If a network is a layer of another, its names begin with that layer's: ``resnet50/conv2_block1_1_conv/kernel``.

There are three layouts. A ``.h5`` of ``save_weights`` in Keras 2, as published, has a group for each layer, with its
variables somewhere below, as ``kernel:0``; Keras 1 named them ``res2a_branch2a_W:0`` or ``..._W_1:0``. A ``.h5`` of a
whole model has the same under ``model_weights``. A ``.weights.h5`` of Keras 3 has ``layers/conv2d_7/vars/0``: a layer's
name there is its class and its number in the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cxrtui.errors import WeightsError

# Keras 3 numbers a layer's variables in the order in which they are made.
VARIABLES = {
    "conv2d": ("kernel", "bias"),
    "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "dense": ("kernel", "bias"),
}
# The names of Keras 1 that Keras 2 changed. Its "running_std" held a variance, and is loaded as one.
KERAS1 = {"W": "kernel", "b": "bias", "running_mean": "moving_mean", "running_std": "moving_variance"}
MAX_BYTES = 4 << 30
DEPTH = 8  # of nested groups


def read_keras(path: Path) -> dict[str, np.ndarray]:
    """Return the tensors of a Keras file.

    Raises:
        WeightsError: h5py is not installed, the file is torn, or Keras did not write it.
    """
    try:
        import h5py
    except ImportError as error:
        raise WeightsError(f"{path} is a Keras file, which needs h5py: pip install 'cxrtui[keras]'") from error
    tensors: dict[str, np.ndarray] = {}
    total = 0
    try:
        with h5py.File(path, "r") as file:
            root = file.get("model_weights", file)
            entries = _keras3(root["layers"]) if "layers" in root else _keras2(root, h5py)
            for key, dataset in entries:
                if key in tensors:
                    raise ValueError(f"{key} is there twice")
                if dataset.external or dataset.is_virtual:
                    raise ValueError(f"{key} lies in another file")
                total += dataset.nbytes
                if total > MAX_BYTES:  # a small compressed file can state any size
                    raise ValueError(f"more than {MAX_BYTES >> 30} GiB of weights")
                tensors[key] = np.asarray(dataset)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, MemoryError) as error:
        raise WeightsError(f"{path} is not a complete Keras weights file ({error}); fetch it again.") from error
    if not tensors:
        raise WeightsError(f"{path} holds no Keras weights; take a file that save_weights wrote.")
    return tensors


def _keras2(root: Any, h5py: Any) -> Iterator[tuple[str, Any]]:
    for layer, group in _local(root, h5py):
        found = list(_datasets(group, h5py, (layer,)))
        # A network that is a layer of another has its own layers below its name.
        nested = len({parents[-1] for parents, _, _ in found}) > 1
        for parents, name, dataset in found:
            own = parents[-1] if nested else layer
            yield f"{layer}/{own}/{_variable(own, name)}" if nested else f"{layer}/{_variable(own, name)}", dataset


def _datasets(group: Any, h5py: Any, parents: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    if isinstance(group, h5py.Dataset):
        yield parents[:-1] or ("",), parents[-1], group
    elif isinstance(group, h5py.Group):
        if len(parents) > DEPTH:
            raise ValueError("its groups are nested too deep")
        for name, item in _local(group, h5py):
            if isinstance(item, h5py.Dataset):
                yield parents, name, item
            else:
                yield from _datasets(item, h5py, (*parents, name))


def _variable(layer: str, name: str) -> str:
    name = name.partition(":")[0]
    if not name.startswith(f"{layer}_"):
        return name
    name = re.sub(r"_\d+$", "", name.removeprefix(f"{layer}_"))
    return KERAS1.get(name, name)


def _local(group: Any, h5py: Any) -> list[tuple[str, Any]]:
    """Return the members of a group without links to other files or to groups above."""
    return [(name, group[name]) for name in group if isinstance(group.get(name, getlink=True), h5py.HardLink)]


def _keras3(layers: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if prefix.count("/") > DEPTH:
        raise ValueError("its groups are nested too deep")
    for group in layers:
        if "layers" in layers[group]:  # the layer is a network of its own
            yield from _keras3(layers[group]["layers"], f"{prefix}{group}/")
    for group, kind, number in sorted(_numbered(layers), key=lambda item: item[1:]):
        variables = layers[group]["vars"]
        # Keras did not write the name before about 3.6; there the number says which layer of the network it is.
        layer = variables.attrs.get("name") or _named(kind, number)
        for index in variables:
            position = int(index)
            names = VARIABLES.get(kind, ())
            yield f"{prefix}{layer}/{names[position] if position < len(names) else index}", variables[index]


def _numbered(layers: Any) -> Iterator[tuple[str, str, int]]:
    for group in layers:
        match = re.fullmatch(r"(.+?)(?:_(\d+))?", group)
        if match and len(layers[group].get("vars", ())):
            yield group, match[1], int(match[2] or 0)


def _named(kind: str, number: int) -> str:
    """Return the name of the ``number``-th layer of its kind in Keras's ResNet50; a block's shortcut is its third."""
    if kind == "dense":
        return "predictions"
    end = "conv" if kind == "conv2d" else "bn"
    order = [f"conv1_{end}"]
    for stage, blocks in enumerate((3, 4, 6, 3), start=2):
        for block in range(1, blocks + 1):
            units = (1, 2, 0, 3) if block == 1 else (1, 2, 3)
            order += [f"conv{stage}_block{block}_{unit}_{end}" for unit in units]
    return order[number] if number < len(order) else f"{kind}_{number}"
