"""Tensors of a ``.pth`` file, read without torch and without running anything that is in it.

Since torch 1.6 such a file is a zip: ``<name>/data.pkl`` describes the tensors, ``<name>/data/<n>`` hold their bytes,
stored and not compressed. The pickle is interpreted by `torch_pickle.Machine`, which knows nothing but tensors.
"""

from __future__ import annotations

import math
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cxrtui.errors import WeightsError
from cxrtui.net.torch_pickle import MAX_TENSORS, Machine, Refusal, Storage

MAX_PICKLE = 4 << 20  # bytes; a ResNet-50's has 40 kB

# Written by torch.save before 1.6: a pickle with this number first, or a tar.
_LEGACY = (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19", b"\x80")


def read_torch(path: str | Path) -> dict[str, np.ndarray]:
    """The tensors of a file that ``torch.save`` wrote from a state dict, by name, in their own dtypes.

    A checkpoint that holds the state dict among other things, under ``state_dict``, ``model`` or the like, is opened:
    nested names are joined by dots. Numbers, strings and lists beside the tensors are dropped.

    Raises:
        WeightsError: if the file is not there, torn, of torch before 1.6, or holds anything but tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"there is no weights file {path}; check the path, or fetch the weights again")
    try:
        if not zipfile.is_zipfile(path):
            raise Refusal(_why_no_zip(path))
        with zipfile.ZipFile(path) as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pickletools decodes an odd string before it is refused
            return _read(archive, path.stat().st_size)
    except Refusal as refusal:
        raise WeightsError(f"{path} is refused: {refusal}.") from refusal
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError, ValueError, OverflowError,
            LookupError, TypeError, MemoryError) as error:  # fmt: skip
        raise WeightsError(f"{path} is not a complete .pth file ({error}); fetch it again.") from error


def _why_no_zip(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(16)
    if start.startswith(_LEGACY):
        return (
            "it was written by torch before 1.6, whose format is not read; open it in torch with weights_only=True "
            "and save the state dict again, or as safetensors"
        )
    return "it is not a .pth file, which is a zip with data.pkl in it; fetch it again"


def _read(archive: zipfile.ZipFile, file_size: int) -> dict[str, np.ndarray]:
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        if info.filename in entries:
            raise Refusal(f"it holds {info.filename!r} twice")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise Refusal(f"{info.filename!r} in it is compressed or encrypted, which torch never does")
        entries[info.filename] = info
    if sum(info.file_size for info in entries.values()) > file_size:
        raise Refusal("its parts claim to be larger than the file")
    programs = [name for name in entries if name == "data.pkl" or re.fullmatch(r"[^/]+/data\.pkl", name)]
    if len(programs) != 1:
        raise Refusal(f"it holds {len(programs)} files data.pkl where one is expected")
    folder = programs[0].removesuffix("data.pkl")
    order = entries.get(f"{folder}byteorder")
    if order is not None and archive.read(order) != b"little":
        raise Refusal("its numbers are not little-endian")
    if entries[programs[0]].file_size > MAX_PICKLE:
        raise Refusal(f"its data.pkl is larger than {MAX_PICKLE >> 20} MiB")

    storages: dict[str, np.ndarray] = {}
    copied = 0

    def load(storage: Storage) -> np.ndarray:
        if storage.key not in storages:
            info = entries.get(f"{folder}data/{storage.key}")
            if info is None:
                raise Refusal(f"its tensor data {storage.key} is missing")
            if info.file_size != storage.size * np.dtype(storage.dtype).itemsize:
                raise Refusal(f"its tensor data {storage.key} has {info.file_size} bytes, which is not as declared")
            storages[storage.key] = np.frombuffer(archive.read(info), np.uint8)
        return storages[storage.key].view(storage.dtype)

    def tensor(storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> np.ndarray:
        nonlocal copied
        count = math.prod(shape)
        last = offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
        if count > storage.size or (count and last >= storage.size):
            raise Refusal(f"a tensor of shape {list(shape)} reaches beyond its data {storage.key}")
        values = load(storage)
        copied += count * values.itemsize
        if copied > 2 * file_size:
            raise Refusal("its tensors share their data too often")
        if count == 0:
            return np.zeros(shape, values.dtype)
        steps = [stride * values.itemsize for stride in strides]
        return np.lib.stride_tricks.as_strided(values[offset:], shape, steps).copy()

    return _tensors(Machine(tensor).run(archive.read(programs[0])))


def _tensors(value: Any) -> dict[str, np.ndarray]:
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
