"""Packs the arrays of a pytree end to end, into one array for each dtype, and takes them apart again.

Orbax opens, describes and writes every array by itself. A ResNet-50 and its optimizer have 597 of them, most of them
with some hundred numbers, and that took longer than to write their 289 MB. The list of the arrays that were packed,
each with its path, dtype and shape, lies beside them as JSON::

    [["trainable.backbone.stage1.blocks.0.conv2.kernel.value", "float32", [3, 3, 64, 64]], …]

The arrays of a dtype follow each other in the order of the list, in C order and without gaps.
"""

from __future__ import annotations

import json
import math
from typing import Any

import jax
import numpy as np
from jax.tree_util import keystr, tree_leaves_with_path
from numpy.typing import NDArray

Tree = Any
Packed = dict[str, NDArray[Any]]  # by the name of the dtype, each of one axis

LIST = "arrays.json"


class _OwnCopy(np.ndarray[Any, Any]):
    """An array that nobody else has. Orbax copies each array before it writes in the background, and need not here."""

    def __deepcopy__(self, memo: object) -> _OwnCopy:
        return self


def pack(tree: Tree) -> Packed:
    """Return a copy of all arrays of `tree` on the host; the caller may then donate their buffers."""
    by_dtype: dict[str, list[NDArray[Any]]] = {}
    for leaf in jax.device_get(jax.tree.leaves(tree)):  # all of them at once
        array = np.asarray(leaf)
        by_dtype.setdefault(array.dtype.name, []).append(array.ravel())
    return {name: np.concatenate(arrays).view(_OwnCopy) for name, arrays in by_dtype.items()}


def listed(tree: Tree) -> str:
    """Return the list of the arrays of `tree`, which may be shapes with dtypes, as JSON."""
    rows = [
        [keystr(path, simple=True, separator="."), np.dtype(leaf.dtype).name, list(leaf.shape)]
        for path, leaf in tree_leaves_with_path(tree)
    ]
    return json.dumps(rows, indent=0)


def unpack(packed: Packed, names: str, like: Tree) -> Tree:
    """Return the arrays that were packed, in the structure and with the shardings of `like`.

    Args:
        packed: what `pack` returned.
        names: the list of its arrays, from `listed`.
        like: a pytree of arrays, or of shapes with dtypes and perhaps shardings.

    Raises:
        ValueError: these are not the arrays of `like`.
    """
    if json.loads(names) != json.loads(listed(like)):
        raise ValueError("other arrays were packed")
    leaves, structure = jax.tree.flatten(like)
    taken = dict.fromkeys(packed, 0)
    arrays = []
    for leaf in leaves:
        name, size = np.dtype(leaf.dtype).name, math.prod(leaf.shape)
        arrays.append(packed[name][taken[name] : taken[name] + size].reshape(leaf.shape))
        taken[name] += size
    if taken != {name: len(array) for name, array in packed.items()}:
        raise ValueError("more numbers were packed")
    shardings = [getattr(leaf, "sharding", None) for leaf in leaves]
    return jax.tree.unflatten(structure, jax.device_put(arrays, shardings))
