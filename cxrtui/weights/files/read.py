"""Reads a file of weights of any kind as arrays by name. It never runs code from the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from safetensors import SafetensorError, safe_open

from cxrtui.errors import WeightsError
from cxrtui.printable import printable
from cxrtui.weights.files.recognise import recognise
from cxrtui.weights.files.torch_file import read_contents

_LARGEST_MSGPACK = 4 << 30  # bytes; the file is read whole
_OF_NUMPY = {"F64", "F32", "F16", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL"}
Tensors = dict[str, np.ndarray]


@dataclass(frozen=True)
class FileContents:
    """The content of a file of weights: `torch_tensors.Contents` for any format, and the file's metadata as text."""

    tensors: Tensors
    left: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    metadata: str = ""


def read_tensors(path: str | Path) -> Tensors:
    """Return the tensors of `read_file`."""
    return read_file(path).tensors


def read_file(path: str | Path) -> FileContents:
    """Read a safetensors, ``.pth``, Keras ``.h5`` or Flax msgpack file, and cast floating point to float32.

    Raises:
        WeightsError: the file is missing, of another kind, not readable, torn or hostile.
    """
    path = Path(path)
    kind = recognise(path)
    if kind == "torch":
        found = read_contents(path)
        left = {printable(key): printable(why) for key, why in found.left.items()}
        lists = {printable(key): list(map(printable, texts)) for key, texts in found.lists.items()}
        return FileContents(_as_floats(found.tensors), left, lists)
    if kind == "safetensors":
        tensors, metadata = _read_safetensors(path)
        return FileContents(_as_floats(tensors), metadata=metadata)
    if kind == "keras":
        from cxrtui.weights.files.keras_file import read_keras

        return FileContents(_as_floats(read_keras(path)))
    return FileContents(_as_floats(_read_msgpack(path)))


def _as_floats(tensors: Tensors) -> Tensors:
    return {printable(key): _as_float32(tensor) for key, tensor in tensors.items()}


def _as_float32(tensor: np.ndarray) -> np.ndarray:
    if not jnp.issubdtype(tensor.dtype, jnp.floating):
        return tensor
    with np.errstate(over="ignore"):  # a value that overflows is reported as infinite later
        return tensor.astype(np.float32, copy=False)


def _read_safetensors(path: Path) -> tuple[Tensors, str]:
    try:
        with safe_open(path, framework="numpy") as file:
            keys = list(file.keys())
            metadata = " ".join(f"{key} {value}" for key, value in (file.metadata() or {}).items())
            if {file.get_slice(key).get_dtype() for key in keys} <= _OF_NUMPY:
                return {key: file.get_tensor(key) for key in keys}, metadata
        with safe_open(path, framework="flax") as file:  # reads bfloat16 too, and makes an array of JAX of each tensor
            return {key: np.asarray(file.get_tensor(key)) for key in keys}, metadata
    except (AttributeError, KeyError) as error:  # safetensors' reader has no dtype of 8 bits or fewer
        raise WeightsError(
            f"{path} holds numbers of a kind that is not read here ({error}); save it as float32, float16 or bfloat16."
        ) from error
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise WeightsError(
            f"{path} is not a complete safetensors file ({error}); fetch it again, or convert it to safetensors."
        ) from error


def _read_msgpack(path: Path) -> Tensors:
    """Read Flax's file, a tree of ``params`` and ``batch_stats``, as one dictionary; names are joined by dots."""
    from flax import serialization

    tensors: Tensors = {}

    def visit(tree: Any, prefix: str, depth: int) -> None:
        if isinstance(tree, dict) and depth < 32:
            for key, value in tree.items():
                visit(value, f"{prefix}.{key}" if prefix else str(key), depth + 1)
        elif isinstance(tree, np.ndarray):
            for collection in ("params.", "batch_stats."):
                prefix = prefix.removeprefix(collection)
            if prefix in tensors:
                raise ValueError(f"{prefix} is there twice")
            tensors[prefix] = tree

    if path.stat().st_size > _LARGEST_MSGPACK:
        raise WeightsError(f"{path} is larger than a ResNet's msgpack file can be ({_LARGEST_MSGPACK >> 30} GiB).")
    try:
        visit(serialization.msgpack_restore(path.read_bytes()), "", 0)
    except Exception as error:  # msgpack has no common base for its errors
        raise WeightsError(f"{path} is not a complete Flax msgpack file ({error}); fetch it again.") from error
    if not tensors:
        raise WeightsError(f"{path} is a msgpack file without arrays; fetch it again.")
    return tensors
