"""Tensors of a ``.pth`` file, read without torch and without running anything that is in it.

Since torch 1.6 such a file is a zip: ``<name>/data.pkl`` describes the tensors, ``<name>/data/<n>`` hold their bytes,
stored and not compressed. Before, it was a stream, which `torch_stream` reads. The pickle is interpreted by
`torch_pickle.Machine`, which runs nothing.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from pathlib import Path

import numpy as np

from cxrtui.errors import WeightsError
from cxrtui.weights.files import torch_stream
from cxrtui.weights.files.recognise import require_file
from cxrtui.weights.files.torch_pickle import MAX_PICKLE, Machine, Refusal, Storage
from cxrtui.weights.files.torch_tensors import Builder, Contents, contents


def read_torch(path: str | Path) -> dict[str, np.ndarray]:
    """The tensors of `read_contents`."""
    return read_contents(path).tensors


def read_contents(path: str | Path) -> Contents:
    """What is in a file that ``torch.save`` wrote: its tensors by name in their own dtypes, and what stands beside.

    A checkpoint that holds the state dict among other things, under ``state_dict``, ``model`` or the like, is opened:
    nested names are joined by dots. Whatever is no tensor is only named; nothing of it is built or run.

    Raises:
        WeightsError: if the file is not there, torn, of torch before 0.1.10, or holds what needs code.
    """
    path = Path(path)
    require_file(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pickletools decodes an odd string before it is refused
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    return _read(archive, path.stat().st_size)
            with path.open("rb") as file:
                return torch_stream.read(file, path.stat().st_size)
    except Refusal as refusal:
        raise WeightsError(f"{path} is refused: {refusal}.") from refusal
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError, ValueError, OverflowError,
            LookupError, TypeError, MemoryError) as error:  # fmt: skip
        raise WeightsError(f"{path} is not a complete .pth file ({error}); fetch it again.") from error


def _read(archive: zipfile.ZipFile, file_size: int) -> Contents:
    entries: dict[str, zipfile.ZipInfo] = {}
    if any(re.fullmatch(r"[^/]+/(constants\.pkl|code/.*)", name) for name in archive.namelist()):
        raise Refusal("it is a TorchScript archive, a program; in torch save torch.jit.load(FILE).state_dict() instead")
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

    def load(storage: Storage) -> np.ndarray:
        if storage.key not in storages:
            info = entries.get(f"{folder}data/{storage.key}")
            if info is None:
                raise Refusal(f"its tensor data {storage.key} is missing")
            if info.file_size != storage.size * np.dtype(storage.dtype).itemsize:
                raise Refusal(f"its tensor data {storage.key} has {info.file_size} bytes, which is not as declared")
            storages[storage.key] = np.frombuffer(archive.read(info), np.uint8)
        return storages[storage.key].view(storage.dtype)

    return contents(Machine(Builder(load, file_size)).run(archive.read(programs[0])))
