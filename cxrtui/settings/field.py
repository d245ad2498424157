"""One setting: a dataclass's field with its help text and limits, and how a text or a number becomes its value."""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, Self

from cxrtui.errors import ConfigError

_MOST = 2**63


class Entry(Protocol):
    """A key and a value of a setting that is a table: ``key = value`` in TOML, ``key:value`` after ``--set``."""

    @classmethod
    def of(cls, key: object, value: object) -> Self:
        """The entry, checked.

        Raises:
            ConfigError: it is not one; `value` is None where a text has no colon.
        """

    @property
    def rank(self) -> int:
        """Where it stands among the entries of a table."""


def setting(default: Any, about: str, *, low: float | None = None, high: float | None = None,
            choices: tuple[str, ...] = (), table: type[Entry] | None = None, label: str = "",
            often: bool = False) -> Any:  # fmt: skip
    """A field with its help text and its limits.

    Args:
        default: its value where nothing is set.
        about: what it is, for people.
        low: the least value.
        high: the greatest value.
        choices: the words that it may be, or that its items may be.
        table: what an entry is, where it is a table; its value is a tuple of them.
        label: its name in a form, where that is not the field's own.
        often: whether most runs set it, so that a form shows it at first.
    """
    limits = {"low": low, "high": high, "choices": choices, "table": table}
    return dataclasses.field(default=default, metadata={"about": about, "label": label, "often": often, **limits})


def plain(value: Any, table: type[Entry] | None) -> Any:
    """A setting's value as TOML and JSON hold it: a list for a tuple, a table by its keys."""
    if table is not None:
        return {str(key): item for key, item in value}
    return list(value) if isinstance(value, tuple) else value


def as_text(value: Any) -> str:
    """A setting as ``--set`` takes it: items by comma, commas within one behind a backslash."""
    if not isinstance(value, (list, tuple)):
        return str(value)
    return ",".join(str(item).replace("\\", "\\\\").replace(",", "\\,") for item in value)


def _items(text: str) -> list[str]:
    """The inverse of `as_text`, for a list."""
    parts = re.findall(r"(?:[^,\\]|\\.|\\$)+", text)
    return [part for item in parts if (part := re.sub(r"\\([,\\])", r"\1", item).strip())]


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: the known one that it resembles."""
    close = difflib.get_close_matches(word[:64], list(known), n=1, cutoff=0.0)
    return f"; did you mean {close[0]}?" if close else ""


def _shown(value: Any) -> str:
    """A value as a message quotes it: a hostile file may hold one of a megabyte."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _scalar(key: str, kind: Any, value: Any) -> Any:
    """`value` as `kind` (int, float, str, bool); text is parsed, a number is never silently rounded."""
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
        raise ConfigError(f"{key} must be {name}, not {_shown(value)}.") from None


def _entries(key: str, kind: type[Entry], value: Any) -> tuple[Entry, ...]:
    """The entries of a table; of a text ``key:value,key:value``, or a list of such, in its own order."""
    if isinstance(value, Mapping):
        return tuple(sorted((kind.of(*item) for item in value.items()), key=lambda entry: entry.rank))
    parts = _items(value) if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)):
        raise ConfigError(f"{key} must be a table, not {_shown(value)}.")
    return tuple(part if isinstance(part, kind) else _entry(kind, str(part)) for part in parts)


def _entry(kind: type[Entry], text: str) -> Entry:
    key, colon, value = (part.strip() for part in text.partition(":"))
    return kind.of(key, value if colon else None)


def value_of(key: str, limits: Mapping[str, Any], kind: Any, value: Any) -> Any:
    """`value` as the setting `key` holds it.

    Args:
        key: for messages.
        limits: the metadata that `setting` gave the field.
        kind: str, int, float, or a tuple of one of them or of the entries of a table.
        value: what was read, or text such as ``0.3`` or ``a,b``, which is parsed.

    Raises:
        ConfigError: it is of the wrong type or outside the limits.
    """
    if limits["table"] is not None:
        return _entries(key, limits["table"], value)
    if isinstance(kind, types.GenericAlias):
        inner = typing.get_args(kind)[0]
        parts = _items(value) if isinstance(value, str) else value
        if not isinstance(parts, (list, tuple)):
            parts = [parts]
        result: Any = tuple(_scalar(key, inner, part) for part in parts)
        if inner is int and any(number < 1 for number in result):
            raise ConfigError(f"{key} must hold positive whole numbers, not {_shown(value)}.")
        if (choices := limits["choices"]) and (other := [part for part in result if part not in choices]):
            raise ConfigError(f"{key} may hold {', '.join(choices)}, not {_shown(other[0])}.")
        return result
    result = _scalar(key, kind, value)
    if limits["choices"] and result not in limits["choices"]:
        raise ConfigError(f"{key} must be one of {', '.join(limits['choices'])}, not {_shown(result)}.")
    low, high = limits["low"], limits["high"]
    inside = kind is str or ((low is None or result >= low) and (high is None or result <= high))
    if not inside or (kind is float and not math.isfinite(result)):
        span = f"at least {low:g}" if high is None else f"between {low:g} and {high:g}"
        raise ConfigError(f"{key} must be {span}, not {_shown(result)}.")
    return result
