"""A setting is a dataclass's field with a help text and limits; this module also turns text into its value."""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from cxrtui.errors import ConfigError

_MOST = 2**63


class Entry(Protocol):
    """A key and a value of a setting that is a table: ``key = value`` in TOML, ``key:value`` after ``--set``."""

    @classmethod
    def of(cls, key: object, value: object) -> Self:
        """Return the checked entry; `value` is None if a text has no colon.

        Raises:
            ConfigError: key and value are not a valid entry.
        """

    @property
    def rank(self) -> int:
        """The entry's place among the entries of a table."""


@dataclass(frozen=True)
class Limits:
    """The values that a setting may have.

    Attributes:
        low: the least number, if there is one.
        high: the greatest number, if there is one.
        choices: the allowed words, for the value or for each of its items; empty if any is allowed.
        table: the type of an entry if the setting is a table; the value is then a tuple of entries.
        auto: the number that `word` stands for, if it is allowed.
        word: may stand in place of that number.
    """

    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    table: type[Entry] | None = None
    auto: int | None = None
    word: str = "auto"


NO_LIMITS = Limits()


def between(low: float, high: float, *, auto: int | None = None, word: str = "auto") -> Limits:
    """Return the limits of a number that is not below `low` and not above `high`; `word` may mean the number `auto`."""
    return Limits(low=low, high=high, auto=auto, word=word)


def at_least(low: float) -> Limits:
    """Return the limits of a number that is not below `low`."""
    return Limits(low=low)


def among(*choices: str) -> Limits:
    """Return the limits of a setting whose value, or each item of it, is one of `choices`."""
    return Limits(choices=choices)


def table_of(entry: type[Entry]) -> Limits:
    """Return the limits of a setting that is a table of `entry`."""
    return Limits(table=entry)


def setting(default: Any, about: str, limits: Limits = NO_LIMITS, *, label: str = "", often: bool = False) -> Any:
    """Make a field with its help text and its limits.

    Args:
        default: the value if nothing is set.
        about: the help text.
        limits: the allowed values; without them, every value of the field's type.
        label: the name in a form, if it is not made from the field's own.
        often: whether most runs set it, so that a form shows it at first.
    """
    return dataclasses.field(
        default=default, metadata={"about": about, "limits": limits, "label": label, "often": often}
    )


def plain(value: Any, table: type[Entry] | None) -> Any:
    """Return a setting's value for TOML and JSON: a list for a tuple, a dict for a table."""
    if table is not None:
        return {str(key): item for key, item in value}
    return list(value) if isinstance(value, tuple) else value


def as_text(value: Any) -> str:
    """Return a value in the form that ``--set`` takes: commas between items, a backslash before a comma in an item."""
    if not isinstance(value, (list, tuple)):
        return str(value)
    return ",".join(str(item).replace("\\", "\\\\").replace(",", "\\,") for item in value)


def _items(text: str) -> list[str]:
    """Return the items of a list from its text; this is the inverse of `as_text`."""
    parts = re.findall(r"(?:[^,\\]|\\.|\\$)+", text)
    return [part for item in parts if (part := re.sub(r"\\([,\\])", r"\1", item).strip())]


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown word, with the known word that is most similar to it."""
    close = difflib.get_close_matches(word[:64], list(known), n=1, cutoff=0.0)
    return f"; did you mean {close[0]}?" if close else ""


def _shown(value: Any) -> str:
    """Return a value for a message, shortened, because a hostile file may hold a value of a megabyte."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _scalar(key: str, kind: Any, value: Any) -> Any:
    """Return `value` as `kind` (int, float, str); text is parsed, and a number is never silently rounded."""
    try:
        if kind is str:
            if not isinstance(value, (str, int, float)) or isinstance(value, bool):
                raise ValueError
            if not str(value).isprintable():
                raise ConfigError(
                    f"{key} must be printable UTF-8 text; rename or link the file that {_shown(value)} means."
                )
            return str(value)
        if isinstance(value, bool):
            raise ValueError
        if kind is int:
            number = int(value) if isinstance(value, (str, int)) else value
            if number != int(number):
                raise ValueError
            if not -_MOST <= number < _MOST:
                raise ConfigError(f"{key} must be a number of 64 bits, not {_shown(value)}.")
            return int(number)
        return float(value)
    except (ValueError, TypeError, OverflowError):
        name = {int: "a whole number", float: "a number", str: "text"}[kind]
        if value == "":
            raise ConfigError(f"{key} must be {name}, and is empty.") from None
        raise ConfigError(f"{key} must be {name}, not {_shown(value)}.") from None


def _entries(key: str, kind: type[Entry], value: Any) -> tuple[Entry, ...]:
    """Return the entries of a table by rank, or of a text ``key:value,key:value`` or a list in the given order."""
    if isinstance(value, Mapping):
        return tuple(sorted((kind.of(*item) for item in value.items()), key=lambda entry: entry.rank))
    parts = _items(value) if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)):
        raise ConfigError(f"{key} must be a table, not {_shown(value)}.")
    return tuple(part if isinstance(part, kind) else _entry(kind, str(part)) for part in parts)


def _entry(kind: type[Entry], text: str) -> Entry:
    key, colon, value = (part.strip() for part in text.partition(":"))
    return kind.of(key, value if colon else None)


def value_of(key: str, limits: Limits, kind: Any, value: Any) -> Any:
    """Return `value` in the type of the setting `key`, checked against its limits.

    Args:
        key: for messages.
        limits: of the setting.
        kind: str, int, float, or a tuple of one of them or of the entries of a table.
        value: the value as read; text such as ``0.3`` or ``a,b`` is parsed.

    Raises:
        ConfigError: the value is of the wrong type or outside the limits.
    """
    if limits.table is not None:
        return _entries(key, limits.table, value)
    if isinstance(kind, types.GenericAlias):
        inner = typing.get_args(kind)[0]
        parts = _items(value) if isinstance(value, str) else value
        if not isinstance(parts, (list, tuple)):
            parts = [parts]
        result: Any = tuple(_scalar(key, inner, part) for part in parts)
        if inner is int and any(number < 1 for number in result):
            raise ConfigError(f"{key} must hold positive whole numbers, not {_shown(value)}.")
        if (choices := limits.choices) and (other := [part for part in result if part not in choices]):
            raise ConfigError(f"{key} may hold {', '.join(choices)}, not {_shown(other[0])}.")
        return result
    if limits.auto is not None and value == limits.word:
        return limits.auto
    result = _scalar(key, kind, value)
    if limits.choices and result not in limits.choices:
        raise ConfigError(f"{key} must be one of {', '.join(limits.choices)}, not {_shown(result)}.")
    low, high = limits.low, limits.high
    inside = kind is str or ((low is None or result >= low) and (high is None or result <= high))
    if not inside or (kind is float and not math.isfinite(result)):
        span = f"at least {low:g}" if high is None else f"between {low:g} and {high:g}"
        raise ConfigError(f"{key} must be {span}, not {_shown(result)}.")
    return result
