"""The optimizer steps of a run as growing columns: a million steps are held, copied and drawn as ten arrays.

A log is mostly steps, so this module also decodes their lines in blocks. It is the only module of runs/ that imports
more than the standard library: msgspec decodes a line of known fields in a tenth of the time of ``json``. A line that
msgspec refuses goes to `codec.parse`, which decodes it or says why not; a property test checks that both agree.
"""

from __future__ import annotations

import math
import typing
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, Literal, overload

import msgspec

from cxrtui.runs import events
from cxrtui.runs.events import StepDone

CODES: dict[str, Literal["q", "d"]] = {
    name: "q" if kind is int else "d" for name, kind in typing.get_type_hints(StepDone).items()
}
"""The type code of the column of each field of `StepDone`, in order: 64-bit integer or 64-bit float."""
_FIRST_CAPACITY = 64

Columns = Mapping[str, "array[Any]"]


class StepBlock:
    """One or more consecutive steps of a log, decoded together: `columns[name][i]` is a field of the i-th step."""

    __slots__ = ("columns",)

    def __init__(self, columns: Columns) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns["step"])

    @property
    def last_time(self) -> float:
        """The time of the latest step, in seconds since the epoch."""
        return float(max(self.columns["time"]))

    def events(self) -> list[StepDone]:
        """Return the steps as events."""
        rows = zip(*self.columns.values(), strict=True)
        return [StepDone(**dict(zip(self.columns, row, strict=True))) for row in rows]


class _Store:
    """Arrays with spare capacity; `filled` rows are in use, and a row in use is never written again."""

    __slots__ = ("arrays", "capacity", "filled", "rising")

    def __init__(self, capacity: int) -> None:
        self.arrays: dict[str, array[Any]] = {name: array(code, bytes(8 * capacity)) for name, code in CODES.items()}
        self.capacity = capacity
        self.filled = 0
        self.rising = True  # each step number is at least the one before it

    def grown(self, length: int, room: int) -> _Store:
        """Return a store with the first `length` rows of this one and room for at least `room` more."""
        larger = _Store(max(_FIRST_CAPACITY, 2 * (length + room)))
        for name, column in larger.arrays.items():
            column[:length] = self.arrays[name][:length]
        larger.filled, larger.rising = length, self.rising
        return larger


class Steps(Sequence[StepDone]):
    """An append-only sequence of steps: `appended` returns a new value in O(1), and no value ever changes.

    Successive values share one store; each knows its own length, so that a reader in another thread never sees a row
    that came later. `column` gives a field of all steps without a copy.
    """

    __slots__ = ("_length", "_store")

    def __init__(self, steps: Sequence[StepDone] = ()) -> None:
        self._store, self._length = _Store(max(_FIRST_CAPACITY, len(steps))), 0
        for item in steps:
            self._write(item)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> StepDone: ...

    @overload
    def __getitem__(self, index: slice) -> list[StepDone]: ...

    def __getitem__(self, index: int | slice) -> StepDone | list[StepDone]:
        if isinstance(index, slice):
            return [self._at(place) for place in range(*index.indices(self._length))]
        if not -self._length <= index < self._length:
            raise IndexError(index)
        return self._at(index % self._length)

    def __iter__(self) -> Iterator[StepDone]:
        return (self._at(place) for place in range(self._length))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Steps) or len(self) != len(other):
            return NotImplemented if not isinstance(other, Steps) else False
        return all(self.column(name).cast("B") == other.column(name).cast("B") for name in CODES)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Steps({list(self)!r})"

    def _at(self, place: int) -> StepDone:
        return StepDone(**{name: column[place] for name, column in self._store.arrays.items()})

    def column(self, name: str) -> memoryview:
        """Return the field `name` of every step, ``[len(self)]``, int64 or float64, as a view of the shared memory."""
        return memoryview(self._store.arrays[name])[: self._length]

    def tail(self, count: int) -> list[StepDone]:
        """Return the last `count` steps."""
        return self[max(0, self._length - count) :]

    def appended(self, item: StepDone) -> Steps:
        """Return these steps with one more."""
        grown = self._with_room(1)
        grown._write(item)
        return grown

    def extended(self, block: StepBlock) -> Steps:
        """Return these steps followed by those of `block`."""
        count = len(block)
        grown = self._with_room(count)
        store, end = grown._store, self._length + count
        numbers = block.columns["step"]
        before = store.arrays["step"][self._length - 1] if self._length else numbers[0]
        store.rising = store.rising and before <= numbers[0] and list(numbers) == sorted(numbers)
        for name, column in store.arrays.items():
            column[self._length : end] = block.columns[name]
        store.filled = grown._length = end
        return grown

    def until(self, step: int) -> Steps:
        """Return the steps whose number is at most `step`."""
        if not self._store.rising:
            return Steps([item for item in self if item.step <= step])
        low, high = 0, self._length
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._store.arrays["step"][middle] <= step else (low, middle)
        return self._sharing(self._store, low)

    def _with_room(self, count: int) -> Steps:
        store = self._store
        if store.filled != self._length or store.filled + count > store.capacity:
            store = store.grown(self._length, count)
        return self._sharing(store, self._length)

    @staticmethod
    def _sharing(store: _Store, length: int) -> Steps:
        made = Steps.__new__(Steps)
        made._store, made._length = store, length
        return made

    def _write(self, item: StepDone) -> None:
        store, place = self._store, self._length
        values = {name: getattr(item, name) for name in CODES}
        if place and store.arrays["step"][place - 1] > item.step:
            store.rising = False
        for name, column in store.arrays.items():
            column[place] = values[name]
        store.filled = self._length = place + 1


_PREFIX = b'{"v": 1, "type": "StepDone", '
_Line = msgspec.defstruct(
    "_Line",
    [("type", Literal["StepDone"]), *((name, int | float | None) for name in CODES)],  # integers and floats stay apart
    gc=False,
)
_decode = msgspec.json.Decoder(_Line).decode


def is_step(line: bytes) -> bool:
    """Return whether `line` begins as cxrtui writes a step; a step that begins otherwise is decoded by itself."""
    return line.startswith(_PREFIX)


def decode_block(lines: Sequence[bytes]) -> StepBlock | None:
    """Return the steps in `lines`, or None if one of the lines is not a whole and valid step."""
    try:
        found = [_decode(line) for line in lines]
        columns = {name: _column(code, [getattr(item, name) for item in found]) for name, code in CODES.items()}
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError):
        return None
    times = columns["time"]
    if any(map(math.isnan, times)) or min(times) < events.EARLIEST or max(times) > events.LATEST:
        return None
    return StepBlock(columns)


def _column(code: Literal["q", "d"], values: list[Any]) -> array[Any]:
    """Return the values as one column.

    Raises:
        TypeError: a whole number is missing or has a fraction.
        OverflowError: a number does not fit.
    """
    try:
        return array(code, values)
    except TypeError:
        if code == "q":
            raise
    return array(code, [math.nan if value is None else value for value in values])


assert [item.name for item in fields(StepDone)] == list(CODES)
