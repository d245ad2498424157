"""The filter language of a list of runs: words separated by spaces, all of which must hold.

::

    frozen                 the name, the note or a tag contains it
    data:dark              a value contains the text; status: and tag: compare the beginning
    optim.name=sgd         a value is exactly that; != is anything else
    lr>1e-4  acc>=90%      a number is above, at least, below (<) or at most (<=)
    age<2d                 an age, in s, min, h, d or w
    status:failed,stopped  one of several
    -tag:bad               the word must not hold
    "two words"            quotation marks keep spaces, commas and signs together

`fields` has the names. A run without the value does not match. Case does not matter.
"""

from __future__ import annotations

import itertools
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cxrtui.errors import UsageError
from cxrtui.runs import status
from cxrtui.runs.fields import Field, Value, field_of, names, texts_of
from cxrtui.runs.follow import Snapshot
from cxrtui.settings.field import nearest

UNITS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
STATUS_GROUPS: dict[str, tuple[str, ...]] = {"done": ("finished",), "live": status.LIVE}
_STATUSES = (*status.LIVE, *status.ENDED, "empty", "unreadable", "reading")
_SHOWN = {word: status.shown(word) for word in _STATUSES}
_KEYED = re.compile(r"([A-Za-z][A-Za-z0-9_.]*)(!=|>=|<=|:|=|>|<)")
_ORDERS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip
_SAME = 1e-9  # relative difference of two numbers that count as equal

Test = Callable[[Snapshot, float], bool]


class FilterError(UsageError):
    """A word of a filter cannot be understood; it is at ``text[start:end]`` of the filter, and `reason` says why."""

    def __init__(self, reason: str, text: str, start: int, end: int) -> None:
        stop = "" if reason.endswith("?") else "."
        super().__init__(f"The filter cannot be used at {text[start:end]!r} (character {start + 1}): {reason}{stop}")
        self.reason, self.start, self.end = reason, start, end


@dataclass(frozen=True)
class Filter:
    """A filter; the empty one matches every run. `begun`: its last word may be the beginning of a name of a value."""

    text: str = ""
    tests: tuple[Test, ...] = ()
    begun: bool = False

    def matches(self, run: Snapshot, now: float) -> bool:
        """Return whether all words hold for `run`; ages are counted to `now`, in seconds since the epoch."""
        return all(test(run, now) for test in self.tests)


@dataclass(frozen=True)
class _Word:
    """A word of the filter: its characters, each with its place and whether it was between quotation marks."""

    characters: tuple[tuple[str, int, bool], ...]
    start: int
    end: int

    def __str__(self) -> str:
        return "".join(letter for letter, _, _ in self.characters)

    @property
    def bare(self) -> str:
        """The word up to its first quoted character."""
        return "".join(letter for letter, _, _ in itertools.takewhile(lambda item: not item[2], self.characters))

    def after(self, count: int) -> _Word:
        """Return the word without its first `count` characters."""
        start = self.characters[count][1] if count < len(self.characters) else self.end
        return _Word(self.characters[count:], start, self.end)

    def items(self) -> list[_Word]:
        """Return the parts between commas that are not quoted."""
        parts: list[list[tuple[str, int, bool]]] = [[]]
        for item in self.characters:
            if item[0] == "," and not item[2]:
                parts.append([])
            else:
                parts[-1].append(item)
        return [_Word(tuple(part), part[0][1] if part else self.start, part[-1][1] + 1 if part else self.end)
                for part in parts]  # fmt: skip


def parse(text: str) -> Filter:
    """Return the filter in `text`.

    Raises:
        FilterError: a word names no value, or its value cannot be compared.
    """
    return Filter(text.strip(), tuple(_test(word, text) for word in _words(text)))


def parse_while_typing(text: str) -> tuple[Filter, FilterError | None]:
    """Return the filter of the words in `text` that can be used, and the first error."""
    tests, error = [], None
    last = ""
    try:
        for word in _words(text):
            last = "" if word.bare != str(word) or word.end < len(text) else str(word).removeprefix("-").casefold()
            try:
                tests.append(_test(word, text))
            except FilterError as found:
                error = error or found
    except FilterError as found:  # a quotation mark that is still open
        error = error or found
    begun = bool(last) and error is None and any(name.startswith(last) for name in names())
    return Filter(text.strip(), tuple(tests), begun), error


def _words(text: str) -> Iterator[_Word]:
    characters: list[tuple[str, int, bool]] = []
    begin = opened = -1
    for place, letter in enumerate(text):
        if letter == '"':
            begin = place if begin < 0 else begin
            opened = place if opened < 0 else -1
        elif letter.isspace() and opened < 0:
            if begin >= 0:
                yield _Word(tuple(characters), begin, place)
            characters, begin = [], -1
        else:
            begin = place if begin < 0 else begin
            characters.append((letter, place, opened >= 0))
    if opened >= 0:
        raise FilterError("the quotation mark is not closed", text, opened, len(text))
    if begin >= 0:
        yield _Word(tuple(characters), begin, len(text))


def _test(word: _Word, text: str) -> Test:
    if word.bare.startswith("-"):
        if len(word.characters) < 2:
            raise FilterError("- needs a word after it", text, word.start, word.end)
        wanted = _test(word.after(1), text)
        return lambda run, now: not wanted(run, now)
    keyed = _KEYED.match(word.bare)
    if keyed is None:
        part = str(word).casefold()
        return lambda run, now: any(part in item.casefold() for item in texts_of(run))
    name, sign = keyed.groups()
    field = field_of(name)
    if field is None:
        raise FilterError(
            f"there is no value {name!r}{nearest(name, names())}", text, word.start, word.start + len(name)
        )
    items = word.after(keyed.end()).items()
    if not all(str(item) for item in items):
        raise FilterError(f"{name}{sign} needs a value after it", text, word.start, word.end)
    if sign in _ORDERS and len(items) > 1:
        raise FilterError(f"{sign} takes one value", text, items[1].start, word.end)
    tests = [_comparison(field, sign, item, text) for item in items]
    if sign == "!=":
        return lambda run, now: all(test(run, now) for test in tests)
    return lambda run, now: any(test(run, now) for test in tests)


def _comparison(field: Field, sign: str, item: _Word, text: str) -> Test:
    """Return the test of one value after the sign."""
    if field.kind in ("number", "age"):
        wanted = _amount(field, item, text)
        if sign in _ORDERS:
            order = _ORDERS[sign]
            return lambda run, now: _holds(field.value(run, now), lambda value: order(value, wanted))
        if field.kind == "age":
            raise FilterError(f"{field.name} takes < or >, for example {field.name}<2d", text, item.start, item.end)
        return lambda run, now: _holds(
            field.value(run, now), lambda value: (abs(value - wanted) <= _SAME * abs(wanted)) == (sign != "!=")
        )
    if sign in _ORDERS:
        raise FilterError(f"{field.name} is text and takes : or =", text, item.start, item.end)
    part = str(item).casefold()
    if field.kind == "status":
        words = _statuses(part, item, text)
        return lambda run, now: (field.value(run, now) in words) == (sign != "!=")
    if sign == ":" and field.name == "tag":
        return lambda run, now: any(value.startswith(part) for value in _folded(field.value(run, now)))
    if sign == ":":
        return lambda run, now: any(part in value for value in _folded(field.value(run, now)))
    if sign == "=":
        return lambda run, now: part in _folded(field.value(run, now))
    return lambda run, now: bool(values := _folded(field.value(run, now))) and part not in values


def _holds(value: Value, test: Callable[[float], bool]) -> bool:
    return isinstance(value, (int, float)) and test(value)


def _folded(value: Value) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(map(str.casefold, value)) if isinstance(value, tuple) else (str(value).casefold(),)


def _amount(field: Field, item: _Word, text: str) -> float:
    """Return the number that the filter compares with, or the number of seconds of an age.

    Raises:
        FilterError: it is no number.
    """
    found = re.fullmatch(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([A-Za-z%]*)", str(item))
    unit = found[2].casefold() if found else ""
    scales = UNITS if field.kind == "age" else {"": 1.0, "%": 0.01}
    if found is None or unit not in scales:
        what = f"an age such as 2d or 30min ({', '.join(UNITS)})" if field.kind == "age" else "a number"
        raise FilterError(
            f"{field.name} is compared with {what}, and {str(item)!r} is none", text, item.start, item.end
        )
    return float(found[1]) * scales[unit]


def _statuses(part: str, item: _Word, text: str) -> frozenset[str]:
    """Return the words of a status that `part` means.

    Raises:
        FilterError: it means none.
    """
    words = {word for word in _STATUSES if _SHOWN[word].startswith(part) or word.startswith(part)}
    for name, group in STATUS_GROUPS.items():
        if name.startswith(part):
            words.update(group)
    if not words:
        known = (*STATUS_GROUPS, *_STATUSES)
        raise FilterError(f"no status begins with {part!r}{nearest(part, known)}", text, item.start, item.end)
    return frozenset(words)
