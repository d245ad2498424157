"""JSON that follows the standard: a number that is not finite is written as ``null`` and not as ``NaN``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """Return `value` with None in place of each number that is not finite, at any depth."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Return `value` as strict JSON."""
    return json.dumps(plain(value), indent=indent, allow_nan=False)
