"""Tensors of a ``.pth`` file, read without torch and without running anything that is in it.

Since torch 1.6 such a file is a zip: ``<name>/data.pkl`` describes the tensors, ``<name>/data/<n>`` hold their bytes,
stored and not compressed. A pickle is a program, and Python's own reader runs what it names; so `_Machine` interprets
the few opcodes that a state dict needs. Of all the globals that a pickle can name it knows those in `STORAGES` and the
three in `_REBUILDERS`; none of them is ever imported. Any other opcode, global or reference is refused.
"""

from __future__ import annotations

import math
import pickletools
import re
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

from cxrtui.errors import WeightsError

MAX_PICKLE = 16 << 20  # bytes; a ResNet-50's has 40 kB
MAX_TENSORS = 20_000
MAX_DIMENSIONS = 8

STORAGES: dict[str, Any] = {
    "DoubleStorage": np.float64,
    "FloatStorage": np.float32,
    "HalfStorage": np.float16,
    "BFloat16Storage": ml_dtypes.bfloat16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ShortStorage": np.int16,
    "CharStorage": np.int8,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}
_REBUILDERS = {"torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter", "collections OrderedDict"}
# Written by torch.save before 1.6: a pickle with this number first, or a tar.
_LEGACY = (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19", b"\x80")


class Refusal(Exception):
    """What in the file is not a tensor; becomes a `WeightsError` with the path."""


class _Global(NamedTuple):
    name: str


class _Storage(NamedTuple):
    dtype: Any
    key: str
    size: int  # elements


_MARK = object()


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

    def load(storage: _Storage) -> np.ndarray:
        if storage.key not in storages:
            info = entries.get(f"{folder}data/{storage.key}")
            if info is None:
                raise Refusal(f"its tensor data {storage.key} is missing")
            if info.file_size != storage.size * np.dtype(storage.dtype).itemsize:
                raise Refusal(f"its tensor data {storage.key} has {info.file_size} bytes, which is not as declared")
            storages[storage.key] = np.frombuffer(archive.read(info), np.uint8)
        return storages[storage.key].view(storage.dtype)

    def tensor(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> np.ndarray:
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

    return _tensors(_Machine(tensor).run(archive.read(programs[0])))


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


class _Machine:
    """Interprets a pickle's opcodes, as far as tensors need them; `pickletools` splits them and runs nothing."""

    def __init__(self, tensor: Callable[..., np.ndarray]) -> None:
        self.tensor = tensor
        self.built = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, program: bytes) -> Any:
        """What the program leaves on its stack.

        Raises:
            Refusal: at the first opcode that a state dict does not need.
        """
        argument: Any
        for opcode, argument, _ in pickletools.genops(program):
            if opcode.name == "STOP":
                return self._pop()
            if opcode.name in _PLAIN:
                self.stack.append(argument)
            elif opcode.name in _CONSTANTS:
                self.stack.append(_CONSTANTS[opcode.name]())
            elif opcode.name in ("BINPUT", "LONG_BINPUT"):
                self.memo[argument] = self._top()
            elif opcode.name == "MEMOIZE":
                self.memo[len(self.memo)] = self._top()
            elif opcode.name in ("BINGET", "LONG_BINGET"):
                self.stack.append(self.memo[argument])
            elif opcode.name == "GLOBAL":
                self.stack.append(self._global(argument))
            elif opcode.name in _ACTIONS:
                _ACTIONS[opcode.name](self)
            elif opcode.name not in ("PROTO", "FRAME"):
                raise Refusal(f"its pickle uses {opcode.name}, which no tensor needs; it may be hostile")
        raise Refusal("its pickle has no end")

    def _pop(self) -> Any:
        value = self._top()
        del self.stack[-1]
        return value

    def _top(self) -> Any:
        if not self.stack or self.stack[-1] is _MARK:
            raise Refusal("its pickle is broken")
        return self.stack[-1]

    def _since_mark(self) -> list[Any]:
        for index in range(len(self.stack) - 1, -1, -1):
            if self.stack[index] is _MARK:
                items = self.stack[index + 1 :]
                del self.stack[index:]
                return items
        raise Refusal("its pickle is broken")

    def _global(self, name: str) -> _Global:
        module, _, attribute = name.partition(" ")
        if name not in _REBUILDERS and not (module in ("torch", "torch.storage") and attribute in STORAGES):
            raise Refusal(f"its pickle names {name.replace(' ', '.', 1)!r}, which is no tensor; it may be hostile")
        return _Global(name)

    def stack_global(self) -> None:
        attribute, module = self._pop(), self._pop()
        if not (isinstance(module, str) and isinstance(attribute, str)):
            raise Refusal("its pickle names no global where one is expected")
        self.stack.append(self._global(f"{module} {attribute}"))

    def tuple_of(self, length: int) -> None:
        items = [self._pop() for _ in range(length)]
        self.stack.append(tuple(reversed(items)))

    def tuple_since_mark(self) -> None:
        self.stack.append(tuple(self._since_mark()))

    def append(self) -> None:
        self._extend([self._pop()])

    def appends(self) -> None:
        self._extend(self._since_mark())

    def _extend(self, items: list[Any]) -> None:
        target = self._top()
        if not isinstance(target, list):
            raise Refusal("its pickle appends to what is no list")
        target.extend(items)

    def set_item(self) -> None:
        value = self._pop()
        self._update([self._pop(), value])

    def set_items(self) -> None:
        self._update(self._since_mark())

    def _update(self, items: list[Any]) -> None:
        target = self._top()
        if not isinstance(target, dict) or len(items) % 2:
            raise Refusal("its pickle sets an item of what is no dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str | int):
                raise Refusal("a key in its pickle is neither a string nor a number")
            target[key] = value

    def build(self) -> None:
        # A state dict is an OrderedDict with version numbers beside it, which no weight depends on.
        state = self._pop()
        if not isinstance(self._top(), dict) or not isinstance(state, dict):
            raise Refusal("its pickle sets the state of an object; it may be hostile")

    def persistent(self) -> None:
        """``("storage", <class>, <key>, <place>, <elements>)``, the only thing that lives outside the pickle."""
        match self._pop():
            case ("storage", _Global(name), str(key), str(), int(size)) if (
                name.partition(" ")[2] in STORAGES and re.fullmatch(r"[0-9]{1,9}", key) and size >= 0
            ):
                self.stack.append(_Storage(STORAGES[name.partition(" ")[2]], key, size))
            case _:
                raise Refusal("its pickle refers to what is no tensor data; it may be hostile")

    def reduce(self) -> None:
        arguments = self._pop()
        match self._pop(), arguments:
            case _Global("collections OrderedDict"), ():
                self.stack.append({})
            case _Global("torch._utils _rebuild_tensor_v2"), (
                _Storage() as storage, int(offset), tuple(shape), tuple(strides), *_,
            ) if _sizes(offset, *shape, *strides) and len(shape) == len(strides) <= MAX_DIMENSIONS:  # fmt: skip
                self.built += 1
                if self.built > MAX_TENSORS:
                    raise Refusal(f"it holds more than {MAX_TENSORS} tensors")
                self.stack.append(self.tensor(storage, offset, shape, strides))
            case _Global("torch._utils _rebuild_parameter"), (np.ndarray() as value, *_):
                self.stack.append(value)
            case _:
                raise Refusal("its pickle calls something that builds no tensor; it may be hostile")


def _sizes(*values: Any) -> bool:
    return all(type(value) is int and 0 <= value < 2**48 for value in values)


_PLAIN = {
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
    "SHORT_BINSTRING", "BINSTRING", "SHORT_BINBYTES", "BINBYTES",
}  # fmt: skip
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "MARK": lambda: _MARK,
}
_ACTIONS: dict[str, Callable[[_Machine], None]] = {
    "STACK_GLOBAL": _Machine.stack_global,
    "TUPLE1": lambda machine: machine.tuple_of(1),
    "TUPLE2": lambda machine: machine.tuple_of(2),
    "TUPLE3": lambda machine: machine.tuple_of(3),
    "TUPLE": _Machine.tuple_since_mark,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "BUILD": _Machine.build,
    "BINPERSID": _Machine.persistent,
    "REDUCE": _Machine.reduce,
}
