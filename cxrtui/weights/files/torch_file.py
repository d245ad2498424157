"""Reads the tensors of a ``.pth`` file without torch and without running code from the file.

Since torch 1.6 such a file is a zip: ``<name>/data.pkl`` describes the tensors, and ``<name>/data/<n>`` hold their
bytes, uncompressed. Older files are a stream, which `torch_stream` reads. `torch_pickle.Machine` interprets the pickle
and runs nothing.
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
    """Return the tensors of `read_contents`."""
    return read_contents(path).tensors


def read_contents(path: str | Path) -> Contents:
    """Return the content of a file that ``torch.save`` wrote: tensors by name in their own dtypes, and other values.

    A state dict within a checkpoint, under ``state_dict``, ``model`` or the like, is found too; nested names are
    joined by dots. Of values that are no tensors only the kind is returned; they are neither built nor run.

    Raises:
        WeightsError: the file is missing, torn, of torch before 0.1.10, or holds something that needs code.
    """
    path = Path(path)
    require_file(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pickletools warns of an odd string, which is refused later
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
