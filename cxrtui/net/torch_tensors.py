"""From the parts of a ``.pth`` file to arrays, with every claim of the file checked against what it holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cxrtui.net.torch_pickle import MAX_TENSORS, Refusal, Storage


class Builder:
    """Cuts tensors out of their storages; the callback that `torch_pickle.Machine` builds them by.

    Args:
        load: the values of a storage, one-dimensional, in its dtype.
        file_size: bytes; tensors that share storages may take twice that in all.
    """

    def __init__(self, load: Callable[[Storage], np.ndarray], file_size: int) -> None:
        self._load, self._left = load, 2 * file_size

    def __call__(self, storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> np.ndarray:
        """The tensor of `shape` that begins at `offset` and steps by `strides`, both in elements."""
        count = math.prod(shape)
        last = offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
        if count > storage.size or (count and last >= storage.size):
            raise Refusal(f"a tensor of shape {list(shape)} reaches beyond its data {storage.key}")
        values = self._load(storage)
        self._left -= count * values.itemsize
        if self._left < 0:
            raise Refusal("its tensors share their data too often")
        if count == 0:
            return np.zeros(shape, values.dtype)
        steps = [stride * values.itemsize for stride in strides]
        return np.lib.stride_tricks.as_strided(values[offset:], shape, steps).copy()


def state_dict(value: Any) -> dict[str, np.ndarray]:
    """Tensors in a dictionary, or in dictionaries in it, of which the deepest useful one is two levels down."""
    if not isinstance(value, dict):
        raise Refusal("it holds no state dict; save model.state_dict()")
    found: dict[str, np.ndarray] = {}
    seen = 0

    def visit(values: Mapping[str, Any], prefix: str, depth: int) -> None:
        nonlocal seen
        for key, item in values.items():
            seen += 1
            if isinstance(item, np.ndarray):
                found[f"{prefix}{key}"] = item
            elif isinstance(item, dict) and depth < 2:
                visit(item, f"{prefix}{key}.", depth + 1)
            if len(found) > MAX_TENSORS or seen > 10 * MAX_TENSORS:  # one dictionary may be in a million places
                raise Refusal(f"it holds more than {MAX_TENSORS} tensors or {10 * MAX_TENSORS} other values")

    visit(value, "", 0)
    if not found:
        raise Refusal("it holds no tensors")
    return found
