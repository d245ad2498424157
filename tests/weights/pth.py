"""Files as ``torch.save`` writes them, and as an attacker would, made without torch."""

from __future__ import annotations

import pickle
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

STORAGE = {"float32": "FloatStorage", "float16": "HalfStorage", "int64": "LongStorage", "float64": "DoubleStorage"}


@dataclass
class Global:
    module: str
    name: str


@dataclass
class Persistent:
    identity: Any


@dataclass
class Call:
    function: Global
    arguments: tuple[Any, ...]


@dataclass
class Real:
    """A value of Python's own, as Python's own pickle writes it."""

    value: Any
    protocol: int = 2


@dataclass
class Built:
    target: Any
    state: Any


def pickled(value: Any) -> bytes:
    """A pickle of protocol 2, without a memo."""
    return b"\x80\x02" + _opcodes(value) + b"."


def _opcodes(value: Any) -> bytes:
    match value:
        case None:
            return b"N"
        case bool():
            return b"\x88" if value else b"\x89"
        case int():
            if -(2**31) <= value < 2**31:
                return b"J" + struct.pack("<i", value)
            raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            return b"\x8a" + bytes([len(raw)]) + raw
        case float():
            return b"G" + struct.pack(">d", value)
        case str():
            return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
        case tuple():
            return b"(" + b"".join(map(_opcodes, value)) + b"t"
        case list():
            return b"](" + b"".join(map(_opcodes, value)) + b"e"
        case dict():
            return b"}(" + b"".join(_opcodes(key) + _opcodes(item) for key, item in value.items()) + b"u"
        case Global():
            return f"c{value.module}\n{value.name}\n".encode()
        case Persistent():
            return _opcodes(value.identity) + b"Q"
        case Call():
            return _opcodes(value.function) + _opcodes(value.arguments) + b"R"
        case Real():
            return pickle.dumps(value.value, value.protocol)[2:-1]  # without its beginning and its end
        case Built():
            return _opcodes(value.target) + _opcodes(value.state) + b"b"
    raise TypeError(value)


def tensor_call(storage: str, key: str, size: int, *, offset: Any = 0, shape: Any = (), strides: Any = ()) -> Call:
    identity = ("storage", Global("torch", storage), key, "cpu", size)
    hooks = Call(Global("collections", "OrderedDict"), ())
    return Call(
        Global("torch._utils", "_rebuild_tensor_v2"), (Persistent(identity), offset, shape, strides, False, hooks)
    )


def pth(
    path: Path, program: bytes, data: dict[str, bytes], *, compression: int = zipfile.ZIP_STORED,
    byteorder: bytes = b"little",
) -> Path:  # fmt: skip
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", program)
        archive.writestr("archive/byteorder", byteorder)
        for key, content in data.items():
            archive.writestr(f"archive/data/{key}", content)
        archive.writestr("archive/version", b"3\n")
    return path


def state_dict_file(path: Path, tensors: dict[str, np.ndarray], *, within: str | None = None) -> Path:
    """A state dict, contiguous, each tensor with its own data; ``within`` a checkpoint under that name."""
    calls = {}
    for index, (key, value) in enumerate(tensors.items()):
        strides = (
            tuple(stride // value.itemsize for stride in np.ascontiguousarray(value).strides) if value.ndim else ()
        )
        calls[key] = tensor_call(STORAGE[str(value.dtype)], str(index), value.size, shape=value.shape, strides=strides)
    data = {str(index): value.tobytes() for index, value in enumerate(tensors.values())}
    content: Any = calls if within is None else {within: calls, "epoch": 9, "note": [1.5, "x", None, (True,)]}
    return pth(path, pickled(content), data)


def stream(path: Path, value: Any, data: dict[str, bytes], *, keys: Any = None, little: bool = True) -> Path:
    """A file as torch 0.1.10 to 1.5 wrote it; `data` by storage, each of float32."""
    facts = {"protocol_version": 1001, "little_endian": little, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    parts = [
        pickled(item) for item in (0x1950A86A20F9469CFC6C, 1001, facts, value, list(data) if keys is None else keys)
    ]
    for content in data.values():
        parts += [struct.pack("<q", len(content) // 4), content]
    path.write_bytes(b"".join(parts))
    return path


def stream_tensor(key: str, size: int, shape: Any, strides: Any, *, parameter: bool = False) -> Any:
    """A tensor as torch 0.1 to 0.3 wrote it, or a parameter."""
    storage = Persistent(("storage", Global("torch", "FloatStorage"), key, "cpu", size, None))
    tensor = Call(Global("torch._utils", "_rebuild_tensor"), (storage, 0, shape, strides))
    if not parameter:
        return tensor
    return Built(Call(Global("torch.nn.parameter", "Parameter"), (tensor,)), (True, False, None))
