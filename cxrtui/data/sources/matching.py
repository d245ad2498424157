"""This module matches the names in a rule with the findings of a source.

A finding may be a path in a hierarchy (``Pneumonia/Viral/COVID-19``), and several may be listed (``COVID-19, ARDS``). A
name matches a finding, any item of its list and any level of a path, in any spelling that `findings.canonical` accepts.
``*`` matches every finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from cxrtui.data.films import printable
from cxrtui.data.findings import canonical, findings, levels, missing

ANY = "*"
_EXACT = 1_000  # deeper than any hierarchy


@lru_cache(maxsize=4096)
def _levels(label: str) -> Mapping[str, int]:
    """Return the canonical names that match `label`, each with its depth in the hierarchy; the whole is deepest."""
    result: dict[str, int] = {}
    for item in findings(label):
        for place, level in enumerate(levels(item), start=1):
            result[canonical(level)] = max(place, result.get(canonical(level), 0))
        result.setdefault(canonical(item), 1)
    return {**result, whole(label): _EXACT}


@lru_cache(maxsize=4096)
def whole(label: str) -> str:
    """Return the canonical name of all that `label` lists."""
    return ",".join(map(canonical, findings(label))) or label


def depth(label: str, names: tuple[str, ...]) -> int:
    """Return how deep in `label` one of `names` matches; 0 for ``*``, -1 for none."""
    if label in names or printable(label) in names:  # a setting can only hold printable text
        return _EXACT + 1
    if missing(label):  # a missing finding is not among "all others"
        return -1
    names_of_label = _levels(label)
    return max((0 if name == ANY else names_of_label.get(whole(name), -1) for name in names), default=-1)


def matches(label: str, name: str) -> bool:
    """Whether `name` matches the finding `label`."""
    return depth(label, (name,)) >= 0


def is_there(name: str, found: Mapping[str, int]) -> bool:
    """Whether `name` matches a finding of `found`."""
    return any(matches(label, name) for label in found)
