"""A pickle machine that builds tensors and nothing else.

A pickle is a program, and Python's own reader runs what it names; so this interprets the few opcodes that a state dict
needs. Of all the globals that a pickle can name it knows those in `STORAGES` and those in `REBUILDERS`; none of
them is ever imported. Any other opcode, global or reference is refused.
"""

from __future__ import annotations

import pickletools
import re
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

import ml_dtypes
import numpy as np

MAX_PICKLE = 4 << 20  # bytes; a ResNet-50's has 40 kB
MAX_TENSORS = 20_000
MAX_STEPS = 50 * MAX_TENSORS  # opcodes; a tensor takes about thirty
MAX_DIMENSIONS = 8
_LARGEST = 2**48  # of whole numbers that mean something

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
_TENSORS = ("torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor")  # the latter until torch 0.3
_PARAMETERS = ("torch._utils _rebuild_parameter", "torch.nn.parameter Parameter")  # the latter until torch 0.3
REBUILDERS = {*_TENSORS, *_PARAMETERS, "collections OrderedDict"}


class Refusal(Exception):
    """What in the file is not a tensor; becomes a `WeightsError` with the path."""


class _Global(NamedTuple):
    name: str


class Storage(NamedTuple):
    """Where a tensor's bytes are."""

    dtype: Any
    key: str
    size: int  # elements


_MARK = object()


class Machine:
    """Interprets a pickle's opcodes, as far as tensors need them; `pickletools` splits them and runs nothing."""

    def __init__(self, tensor: Callable[..., np.ndarray]) -> None:
        self.tensor = tensor
        self.built = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, program: bytes | BinaryIO) -> Any:
        """What the program leaves on its stack; a file is read to the program's end and no further.

        Raises:
            Refusal: at the first opcode that a state dict does not need.
        """
        argument: Any
        for step, (opcode, argument, _) in enumerate(pickletools.genops(program)):
            if step >= MAX_STEPS:
                raise Refusal(f"its pickle takes more than {MAX_STEPS:,} steps; it may be hostile")
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
        if name not in REBUILDERS and not (module in ("torch", "torch.storage") and attribute in STORAGES):
            raise Refusal(f"its pickle names {name.replace(' ', '.', 1)!r}, which is no tensor; it may be hostile")
        return _Global(name)

    def _stack_global(self) -> None:
        attribute, module = self._pop(), self._pop()
        if not (isinstance(module, str) and isinstance(attribute, str)):
            raise Refusal("its pickle names no global where one is expected")
        self.stack.append(self._global(f"{module} {attribute}"))

    def _tuple_of(self, length: int) -> None:
        items = [self._pop() for _ in range(length)]
        self.stack.append(tuple(reversed(items)))

    def _tuple_since_mark(self) -> None:
        self.stack.append(tuple(self._since_mark()))

    def _append(self) -> None:
        self._extend([self._pop()])

    def _appends(self) -> None:
        self._extend(self._since_mark())

    def _extend(self, items: list[Any]) -> None:
        target = self._top()
        if not isinstance(target, list):
            raise Refusal("its pickle appends to what is no list")
        target.extend(items)

    def _set_item(self) -> None:
        value = self._pop()
        self._update([self._pop(), value])

    def _set_items(self) -> None:
        self._update(self._since_mark())

    def _update(self, items: list[Any]) -> None:
        target = self._top()
        if not isinstance(target, dict) or len(items) % 2:
            raise Refusal("its pickle sets an item of what is no dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            # From 2^61 on numbers can be chosen that share one hash; a dictionary of them takes many minutes to fill.
            if not isinstance(key, str) and not (isinstance(key, int) and abs(key) < _LARGEST):
                raise Refusal("a key in its pickle is neither a string nor a small number")
            target[key] = value

    def _build(self) -> None:
        # Version numbers beside a state dict, flags and hooks of a parameter of torch 0.3: no weight depends on them.
        state, target = self._pop(), self._top()
        if not (isinstance(target, dict) and isinstance(state, dict)) and not (
            isinstance(target, np.ndarray) and isinstance(state, tuple)
        ):
            raise Refusal("its pickle sets the state of an object; it may be hostile")

    def _persistent(self) -> None:
        """``("storage", <class>, <key>, <place>, <elements>)``, the only thing that lives outside the pickle.

        Until torch 1.5 a None follows, or the place of a view in another storage, which a state dict has not.
        """
        match self._pop():
            case ("storage", _Global(name), str(key), str(), int(size)) | (
                "storage", _Global(name), str(key), str(), int(size), None,
            ) if name.partition(" ")[2] in STORAGES and re.fullmatch(r"[0-9]{1,20}", key) and _sizes(size):  # fmt: skip
                self.stack.append(Storage(STORAGES[name.partition(" ")[2]], key, size))
            case _:
                raise Refusal("its pickle refers to what is no tensor data; it may be hostile")

    def _reduce(self) -> None:
        arguments = self._pop()
        match self._pop(), arguments:
            case _Global("collections OrderedDict"), ():
                self.stack.append({})
            case _Global(name), (
                Storage() as storage, int(offset), tuple(shape), tuple(strides), *_,
            ) if name in _TENSORS and _sizes(offset, *shape, *strides) and _dimensions(shape, strides):  # fmt: skip
                self.built += 1
                if self.built > MAX_TENSORS:
                    raise Refusal(f"it holds more than {MAX_TENSORS} tensors")
                self.stack.append(self.tensor(storage, offset, shape, strides))
            case _Global(name), (np.ndarray() as value, *_) if name in _PARAMETERS:
                self.stack.append(value)
            case _:
                raise Refusal("its pickle calls something that builds no tensor; it may be hostile")


def _sizes(*values: Any) -> bool:
    return all(type(value) is int and 0 <= value < _LARGEST for value in values)


def _dimensions(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    return len(shape) == len(strides) <= MAX_DIMENSIONS


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
_ACTIONS: dict[str, Callable[[Machine], None]] = {
    "STACK_GLOBAL": Machine._stack_global,
    "TUPLE1": lambda machine: machine._tuple_of(1),
    "TUPLE2": lambda machine: machine._tuple_of(2),
    "TUPLE3": lambda machine: machine._tuple_of(3),
    "TUPLE": Machine._tuple_since_mark,
    "APPEND": Machine._append,
    "APPENDS": Machine._appends,
    "SETITEM": Machine._set_item,
    "SETITEMS": Machine._set_items,
    "BUILD": Machine._build,
    "BINPERSID": Machine._persistent,
    "REDUCE": Machine._reduce,
}
