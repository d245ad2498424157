"""Files of weights as arrays by name, whatever wrote them; nothing that is in a file is ever run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from safetensors import SafetensorError, safe_open

from cxrtui.errors import WeightsError
from cxrtui.net import torch_stream
from cxrtui.net.torch_file import read_torch

Tensors = dict[str, np.ndarray]
TORCH_SUFFIXES = (".pth", ".pt", ".bin", ".ckpt", ".tar")


def read_tensors(path: str | Path) -> Tensors:
    """All tensors of a safetensors, ``.pth``, Keras ``.h5`` or Flax msgpack file, floating point as float32.

    Raises:
        WeightsError: if it is not there, cannot be read, is torn or hostile.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"there is no weights file {path}; check the path, or fetch the weights again")
    try:
        with path.open("rb") as file:
            start = file.read(len(torch_stream.FIRST))
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}); check its permissions") from error
    if start[:8] == b"\x89HDF\r\n\x1a\n" or path.suffix in (".h5", ".hdf5"):
        from cxrtui.net.keras_file import read_keras

        tensors = read_keras(path)
    elif start[:4] == b"PK\x03\x04" or start == torch_stream.FIRST or path.suffix in TORCH_SUFFIXES:
        tensors = read_torch(path)
    elif path.suffix == ".msgpack":
        tensors = _read_msgpack(path)
    else:
        tensors = _read_safetensors(path)
    return {key: _as_float32(tensor) for key, tensor in tensors.items()}


def _as_float32(tensor: np.ndarray) -> np.ndarray:
    if not jnp.issubdtype(tensor.dtype, jnp.floating):
        return tensor
    with np.errstate(over="ignore"):  # what overflows is told as infinite, with its name
        return tensor.astype(np.float32)


def _read_safetensors(path: Path) -> Tensors:
    try:
        # As "flax", not "numpy": only that one reads bfloat16.
        with safe_open(path, framework="flax") as file:
            return {key: np.asarray(file.get_tensor(key)) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise WeightsError(
            f"{path} is not a complete safetensors file ({error}); fetch it again, or convert it to safetensors"
        ) from error


def _read_msgpack(path: Path) -> Tensors:
    """Flax's own: a tree of ``params`` and ``batch_stats``, which are read as one; names joined by dots."""
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

    try:
        visit(serialization.msgpack_restore(path.read_bytes()), "", 0)
    except Exception as error:  # msgpack has no common base for its errors
        raise WeightsError(f"{path} is not a complete Flax msgpack file ({error}); fetch it again") from error
    if not tensors:
        raise WeightsError(f"{path} is a msgpack file without arrays; fetch it again")
    return tensors
