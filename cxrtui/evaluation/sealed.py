"""The digest in ``classifier.toml``: labels, threshold, preprocessing and the network's description, as exported.

A flipped bit in any of them would change what a film is called as surely as one in the weights.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

DIGEST = "sha256"


def digest(facts: Mapping[str, Any]) -> str:
    """SHA-256 of all that `facts`, as TOML gives them back, say beside it."""
    told = {key: value for key, value in facts.items() if key != DIGEST}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def changed(facts: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    """What is not as it was exported, in words; empty where all is, or where an older version noted no digest.

    Args:
        facts: of ``classifier.toml``.
        spec: of the network, in the folder's ``model.toml``.
    """
    if DIGEST not in facts:
        return ""
    if facts[DIGEST] != digest(facts):
        return "it is not what was exported"
    if json.dumps(facts.get("spec"), sort_keys=True) != json.dumps(dict(spec), sort_keys=True):
        return "the network in model.toml is not the one that was exported"
    return ""
