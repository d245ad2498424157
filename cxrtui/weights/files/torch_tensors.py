"""Builds arrays from the parts of a ``.pth`` file, and checks every size that the file states against its data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cxrtui.weights.files.torch_globals import Inert
from cxrtui.weights.files.torch_pickle import MAX_TENSORS, Refusal, Storage

DEPTH = 12  # of nested dictionaries
_EXPANDED = 1 << 18  # bytes of a tensor that repeats its values; a running average of ones has 8 kB


class Builder:
    """Cuts tensors out of their storages; `torch_pickle.Machine` calls it to build each tensor.

    Args:
        load: returns the values of a storage, one-dimensional, in its dtype.
        file_size: bytes; tensors that share storages may take twice that in all.
    """

    def __init__(self, load: Callable[[Storage], np.ndarray], file_size: int) -> None:
        self._load, self._left = load, 2 * file_size

    def __call__(
        self, storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> np.ndarray | Inert:
        """Return the tensor of `shape` that begins at `offset` and steps by `strides`, both in elements."""
        count = math.prod(shape)
        last = offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
        expanded = count > storage.size and last < storage.size and 0 in strides
        if expanded and count * np.dtype(storage.dtype).itemsize > min(_EXPANDED, self._left):
            return Inert("torch.Tensor expanded")  # no weight repeats a value in so many places
        if not expanded and (count > storage.size or (count and last >= storage.size)):
            raise Refusal(f"a tensor of shape {list(shape)} reaches beyond its data {storage.key}")
        values = self._load(storage)
        self._left -= count * values.itemsize
        if self._left < 0:
            raise Refusal("its tensors share their data too often")
        if count == 0:
            return np.zeros(shape, values.dtype)
        steps = [stride * values.itemsize for stride in strides]
        return np.lib.stride_tricks.as_strided(values[offset:], shape, steps).copy()


@dataclass
class Contents:
    """The content of a file of weights.

    Attributes:
        tensors: by name; in nested dictionaries, the name is all keys joined by dots.
        left: the kinds of all other values, by name.
        lists: the lists of strings among these values, by the last part of their name.
    """

    tensors: dict[str, np.ndarray] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)


def contents(value: Any) -> Contents:
    """Return the tensors of a checkpoint, down to twelve nested dictionaries, and the kinds of its other values.

    Raises:
        Refusal: it is no dictionary, or holds no tensors, one name twice, or more values than any checkpoint.
    """
    if isinstance(value, Inert) and not value.items:
        raise Refusal(
            f"it holds a whole object of {value.shown[:100]}, which needs the code of its class; in that program save "
            "model.state_dict() instead"
        )
    found, seen = Contents(), 0

    def visit(values: Mapping[str | int, Any], prefix: str, depth: int) -> None:
        nonlocal seen
        for key, item in values.items():
            seen += 1
            name = f"{prefix}{key}"
            if isinstance(item, Inert) and item.items:
                item = item.items  # a subclass of dict
            if isinstance(item, np.ndarray):
                if name in found.tensors:
                    raise Refusal(f"it holds {name[:100]!r} twice")
                found.tensors[name] = item
            elif isinstance(item, dict) and depth < DEPTH:
                visit(item, f"{name}.", depth + 1)
            elif depth < 2:
                found.left[name] = item.shown if isinstance(item, Inert) else type(item).__name__
                if isinstance(item, (list, tuple)) and item and all(isinstance(word, str) for word in item[:64]):
                    found.lists[str(key)] = [str(word) for word in item[:64]]
            if len(found.tensors) > MAX_TENSORS or seen > 10 * MAX_TENSORS:  # one dictionary may have many references
                raise Refusal(f"it holds more than {MAX_TENSORS} tensors or {10 * MAX_TENSORS} other values")

    values = value.items if isinstance(value, Inert) else value
    if not isinstance(values, dict):
        raise Refusal("it holds no state dict; save model.state_dict()")
    visit(values, "", 0)
    if not found.tensors:
        if any(kind.endswith(".multiarray._reconstruct") for kind in found.left.values()):
            raise Refusal(
                "its arrays are numpy's and not torch's; in Python save them with safetensors.numpy.save_file"
            )
        models = [f"{name} is a whole object of {kind}" for name, kind in found.left.items() if "." in kind]
        raise Refusal(
            f"it holds no tensors{f' ({models[0][:200]}); save model.state_dict() instead' if models else ''}"
        )
    return found
