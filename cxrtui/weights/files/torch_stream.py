"""Reads the ``.pth`` files of torch 0.1.10 to 1.5, such as torchvision's first ones.

A file holds five pickles: a magic number, the version of the protocol, facts about the machine, the state dict, and the
keys of the storages. For each key, the number of elements (int64) and the elements follow. These come last, so the
state dict is interpreted twice: first to learn what storages there are, then to build its tensors.
"""

from __future__ import annotations

import io
import re
import struct
from typing import BinaryIO

import numpy as np

from cxrtui.weights.files.recognise import is_stream
from cxrtui.weights.files.torch_pickle import MAX_PICKLE, Machine, Refusal, Storage
from cxrtui.weights.files.torch_tensors import Builder, Contents, contents

PROTOCOL = 1001
_PICKLE = re.compile(rb"\x80[\x02-\x05](\x95.{6}\0\0|[\](}cX])", re.S)
_TAR = b"ustar"  # at byte 257 in the older format, of 2016


def read(file: BinaryIO, file_size: int) -> Contents:
    """Return the content of an open file.

    Raises:
        Refusal: it is of another format, its parts contradict each other, or it holds something that needs code.
        ValueError: a pickle in it does not end.
    """
    head = io.BytesIO(file.read(MAX_PICKLE))
    start = head.getvalue()[:512]
    if not is_stream(start):
        if start[257:262] == _TAR:
            raise Refusal(
                "it is a tar, as torch before 0.1.10 wrote; open it in torch and save the state dict again, or as "
                "safetensors"
            )
        if _PICKLE.match(start):
            raise Refusal(
                "it is a pickle that torch.save did not write; if you trust it, load it in Python and save its "
                "arrays with safetensors.numpy.save_file"
            )
        raise Refusal("it is not a .pth file, which is a zip with data.pkl in it; fetch it again")
    _pickle(head)
    if _pickle(head) != PROTOCOL:
        raise Refusal("its protocol is unknown")
    facts = _pickle(head)
    if not (isinstance(facts, dict) and facts.get("little_endian") is True):
        raise Refusal("its numbers are not little-endian")

    program, learning = head.tell(), Machine(lambda *_: np.zeros(0))
    learning.run(head)
    storages = learning.storages
    keys = _pickle(head)
    if not (isinstance(keys, list) and all(isinstance(key, str) for key in keys) and sorted(keys) == sorted(storages)):
        raise Refusal("its list of tensor data is not that of its tensors")
    places = _places(file, head.tell(), [storages[key] for key in keys], file_size)
    loaded: dict[str, np.ndarray] = {}

    def load(storage: Storage) -> np.ndarray:
        if storage.key not in loaded:
            file.seek(places[storage.key])
            loaded[storage.key] = np.fromfile(file, np.dtype(storage.dtype), storage.size)  # type: ignore[arg-type]
        return loaded[storage.key]

    head.seek(program)
    return contents(Machine(Builder(load, file_size)).run(head))


def _pickle(head: io.BytesIO) -> object:
    """Return the value of the next pickle, which holds no tensors."""

    def none(*_: object) -> np.ndarray:
        raise Refusal("it has tensors where none are expected")

    return Machine(none).run(head)


def _places(file: BinaryIO, place: int, storages: list[Storage], file_size: int) -> dict[str, int]:
    """Return the offset in the file, in bytes, at which the elements of each storage begin."""
    places = {}
    for storage in storages:
        file.seek(place)
        if file.read(8) != struct.pack("<q", storage.size):
            raise Refusal(f"its tensor data {storage.key} is missing, or not as long as declared")
        places[storage.key] = place + 8
        place += 8 + storage.size * np.dtype(storage.dtype).itemsize
    if place != file_size:
        raise Refusal(f"it has {file_size} bytes where its tensors end at byte {place}; fetch it again")
    return places
