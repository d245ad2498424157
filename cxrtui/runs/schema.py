"""This module checks values of JSON against the types of a dataclass's fields.

A check returns the value with its text made printable; it raises ValueError, TypeError, OverflowError or
RecursionError if the value is not of the type. A whole number must fit 64 bits, so that a result computed from it fits
a float. A number that is not finite is written as null and read as NaN; older logs write it as a string.
"""

from __future__ import annotations

import math
import typing
from collections.abc import Callable, Mapping
from typing import Any

from cxrtui.printable import printable, printable_lines

Check = Callable[[Any], Any]
_MOST = 2**63
_DEEPEST = 32  # levels of a configuration; Pythons differ in how many they can walk through
_NOT_FINITE = frozenset(("nan", "inf", "-inf"))


def _int(value: Any) -> int:
    if type(value) is not int or not -_MOST <= value < _MOST:
        raise ValueError
    return value


def _float(value: Any) -> float:
    if value is None:
        return math.nan
    if type(value) is str and value in _NOT_FINITE:
        return float(value)
    if type(value) not in (int, float):
        raise ValueError
    return float(value)


def _bool(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError
    return value


def _str(value: Any) -> str:
    if type(value) is not str:
        raise ValueError
    return printable_lines(value)


def _any(value: Any, depth: int = 0) -> Any:
    """Check a value of a configuration or a device; text is made printable at every depth, of which few are allowed."""
    if isinstance(value, str):
        return printable_lines(value)
    if isinstance(value, (dict, list)) and depth == _DEEPEST:
        raise ValueError
    if isinstance(value, dict):
        return {printable(key): _any(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_any(item, depth + 1) for item in value]
    return _int(value) if type(value) is int else value


def _list_of(check: Check) -> Check:
    def checked(value: Any) -> list[Any]:
        if type(value) is not list:
            raise ValueError
        return [check(item) for item in value]

    return checked


def _dict_of(check: Check) -> Check:
    def checked(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise ValueError
        return {printable(key): check(item) for key, item in value.items()}

    return checked


_PLAIN: dict[Any, Check] = {int: _int, float: _float, bool: _bool, str: _str, Any: _any}


def _check_of(annotation: Any) -> Check:
    """Return the check for `annotation`: a plain type, a list of one, or a dict from str to one."""
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    inner = _check_of(typing.get_args(annotation)[-1])
    return _list_of(inner) if typing.get_origin(annotation) is list else _dict_of(inner)


def checks(cls: type[Any]) -> dict[str, Check]:
    """Return the check of each field of the dataclass `cls`, by the field's name."""
    return {key: _check_of(annotation) for key, annotation in typing.get_type_hints(cls).items()}


def misfit(body: Mapping[str, Any], known: Mapping[str, Check]) -> str:
    """Return a clause about the first field of `body` that fails its check; empty if none does."""
    for key, value in body.items():
        if key in known:
            try:
                known[key](value)
            except (TypeError, ValueError, OverflowError, RecursionError):
                return f"whose {key} is not valid"
    return ""
