"""The first difference between two configurations, as messages name it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def first_difference(
    before: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]
) -> tuple[str, Any, Any] | None:
    """Return the first setting that `before` has otherwise than `now`: its key, and both values; None if there is none.

    A setting that `before` lacks, because an older version wrote it, is no difference.

    Example:
        >>> first_difference({"optim": {"epochs": 3}}, {"optim": {"epochs": 4, "clip": 1.0}})
        ('optim.epochs', 3, 4)
    """
    for section, body in now.items():
        for key, value in body.items():
            was = before.get(section, {}).get(key, value)
            if was != value:
                return f"{section}.{key}", was, value
    return None
