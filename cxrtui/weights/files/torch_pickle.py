"""Interprets a pickle, and builds only tensors and plain values from it.

A pickle is a program, and Python's own reader runs the functions that it names. This module interprets the opcodes
instead: it imports no global and calls nothing. It builds tensors from the few calls that torch writes for them; any
other object becomes an `Inert` (`torch_globals`), which does nothing. It refuses weights that only code could build,
names that run a program, and every opcode that no checkpoint needs.
"""

from __future__ import annotations

import pickletools
import re
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from cxrtui.weights.files.torch_globals import (
    DICTIONARIES,
    GETATTR,
    ORDERED,
    PARAMETERS,
    STORAGES,
    SUBCLASS,
    TENSORS,
    Inert,
    is_dangerous,
)

MAX_PICKLE = 4 << 20  # bytes; a ResNet-50's has 40 kB
MAX_TENSORS = 20_000
MAX_STEPS = 50 * MAX_TENSORS  # opcodes; a tensor takes about thirty
MAX_DIMENSIONS = 8
_LARGEST = 2**48  # integers below this are taken as sizes, offsets or keys


class Refusal(Exception):
    """The file is not read for the reason in the message; callers raise a `WeightsError` with the path."""


class _Global(NamedTuple):
    name: str


class Storage(NamedTuple):
    """The storage that holds a tensor's bytes."""

    dtype: Any
    key: str
    size: int  # elements


_MARK = object()


class Machine:
    """Interprets the opcodes that tensors need; `pickletools` splits a pickle into opcodes and runs nothing."""

    def __init__(self, tensor: Callable[..., np.ndarray | Inert]) -> None:
        self.tensor = tensor
        self.built = 0
        self.storages: dict[str, Storage] = {}
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, program: bytes | BinaryIO) -> Any:
        """Return the value that the program leaves on its stack; a file is read to the program's end and no further.

        Raises:
            Refusal: the program has an opcode that no checkpoint needs, or names something that runs.
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
                raise Refusal(f"its pickle uses {opcode.name}, which no checkpoint needs; it may be hostile")
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
        if is_dangerous(name):
            raise Refusal(f"its pickle names {_shown(name)}, which runs something; it may be hostile")
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
        if isinstance(target, list):
            target.extend(items)
        elif not isinstance(target, Inert):  # a subclass of list holds no weights
            raise Refusal("its pickle appends to what is no list")

    def _add(self) -> None:
        """Drop the members of a set: a hostile file could choose members whose hashes collide."""
        self._since_mark()
        if not isinstance(self._top(), Inert):
            raise Refusal("its pickle adds to what is no set")

    def _set_item(self) -> None:
        value = self._pop()
        self._update([self._pop(), value])

    def _set_items(self) -> None:
        self._update(self._since_mark())

    def _update(self, items: list[Any]) -> None:
        target = self._top()
        if isinstance(target, Inert):
            target = target.items
        if not isinstance(target, dict) or len(items) % 2:
            raise Refusal("its pickle sets an item of what is no dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) is int and abs(key) >= _LARGEST:
                # From 2^61 on, many integers can share one hash, and a dictionary of them takes minutes to fill.
                raise Refusal("a key in its pickle is neither a string nor a small number")
            if type(key) in (str, int):  # no weight has a key of another type
                target[key] = value

    def _build(self) -> None:
        # These are version numbers beside a state dict, flags and hooks of a parameter, or the state of an `Inert`.
        # No weight depends on them.
        self._pop()
        if not isinstance(self._top(), (dict, np.ndarray, Inert)):
            raise Refusal("its pickle sets the state of what has none; it may be hostile")

    def _new(self) -> None:
        arguments, cls = self._pop(), self._pop()
        if not isinstance(arguments, tuple):
            raise Refusal("its pickle is broken")
        self.stack.append(self._made(cls))

    def _new_ex(self) -> None:
        self._pop()
        self._new()

    def _made(self, cls: Any) -> Any:
        """Return the result of calling a class or a function: a dictionary for a dictionary class, else an `Inert`."""
        if not isinstance(cls, (_Global, Inert)):
            raise Refusal("its pickle calls what is no class and no function; it may be hostile")
        if cls.name in DICTIONARIES:
            return {}
        return Inert(cls.name)

    def _pop_any(self) -> None:
        if not self.stack:
            raise Refusal("its pickle is broken")
        del self.stack[-1]

    def _drop(self) -> None:
        self._since_mark()

    def _frozen(self) -> None:
        self._since_mark()
        self.stack.append(Inert("builtins frozenset"))

    def _persistent(self) -> None:
        """Read ``("storage", <class>, <key>, <place>, <elements>)``, the only reference to data outside the pickle.

        Until torch 1.5 a None follows, or the place of a view in another storage, which no state dict has.
        """
        match self._pop():
            case ("storage", _Global(name), str(key), str(), int(size)) | (
                "storage", _Global(name), str(key), str(), int(size), None,
            ) if (dtype := _storage(name)) and re.fullmatch(r"[0-9]{1,20}", key) and _sizes(size):  # fmt: skip
                storage = Storage(dtype, key, size)
                if self.storages.setdefault(key, storage) != storage:
                    raise Refusal(f"its tensor data {key} is declared in two ways")
                self.stack.append(storage)
            case ("module", _Global() as cls, str() | None, str() | None):
                self.stack.append(cls)  # torch before 1.6 wrote a class and its source; neither is run
            case _:
                raise Refusal("its pickle refers to what is no tensor data; it may be hostile")

    def _reduce(self) -> None:
        arguments, function = self._pop(), self._pop()
        if not isinstance(arguments, tuple):
            raise Refusal("its pickle is broken")
        self.stack.append(self._called(function, arguments))

    def _called(self, function: Any, arguments: tuple[Any, ...]) -> Any:
        match function, arguments:
            case _Global(name), (
                Storage() as storage, int(offset), tuple(shape), tuple(strides), *_,
            ) if name in TENSORS:  # fmt: skip
                if not (_sizes(offset, *shape, *strides) and len(shape) == len(strides) <= MAX_DIMENSIONS):
                    raise Refusal("a tensor in it has a shape that none can have")
                self.built += 1
                if self.built > MAX_TENSORS:
                    raise Refusal(f"it holds more than {MAX_TENSORS} tensors")
                return self.tensor(storage, offset, shape, strides)
            case _Global(name), _ if name in TENSORS:
                raise Refusal("its pickle builds a tensor of what is no tensor data; it may be hostile")
            case _Global(name), (np.ndarray() as value, *_) if name in PARAMETERS:
                return value
            case _Global(name), (_Global(inner), _, tuple(parts), *_) if name == SUBCLASS and inner in TENSORS:
                return self._called(_Global(inner), parts)
            case _Global(name), (_Global(owner) | Inert(name=owner), str(attribute)) if name in GETATTR:
                return self._global(f"{owner}.{attribute}")
            case _Global(name), _ if name in GETATTR:
                raise Refusal("its pickle takes an attribute of what is no class; it may be hostile")
            case _Global(name), (list(pairs),) if name == ORDERED:  # Python 2 wrote its pairs as arguments
                self.stack.append({})
                self._update([part for pair in pairs if isinstance(pair, (list, tuple)) for part in pair])
                return self.stack.pop()
        return self._made(function)


def _sizes(*values: Any) -> bool:
    return all(type(value) is int and 0 <= value < _LARGEST for value in values)


def _storage(name: str) -> Any:
    module, _, attribute = name.partition(" ")
    return STORAGES.get(attribute) if module in ("torch", "torch.storage") else None


def _shown(name: str) -> str:
    return repr(name.replace(" ", ".", 1))[:200]


_PLAIN = {
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
    "SHORT_BINSTRING", "BINSTRING", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8", "LONG4",
}  # fmt: skip
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_SET": lambda: Inert("builtins set"),
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
    "ADDITEMS": Machine._add,
    "BUILD": Machine._build,
    "NEWOBJ": Machine._new,
    "NEWOBJ_EX": Machine._new_ex,
    "FROZENSET": Machine._frozen,
    "POP": Machine._pop_any,
    "POP_MARK": Machine._drop,
    "BINPERSID": Machine._persistent,
    "REDUCE": Machine._reduce,
}
