"""JSON as its standard has it: a number that is not finite is ``null``, and never one of Python's own words for it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """`value` with None for each number that is not finite, however deep it lies."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def dumps(value: Any, *, indent: int | None = None) -> str:
    """`value` as strict JSON."""
    return json.dumps(plain(value), indent=indent, allow_nan=False)
