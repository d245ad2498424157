"""Computes the digest in ``classifier.toml`` of labels, threshold, preprocessing and the network's description.

A flipped bit in any of them can change a prediction, as a flipped bit in the weights can.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

DIGEST = "sha256"


def digest(facts: Mapping[str, Any]) -> str:
    """Return the SHA-256 of all `facts` but the digest itself, as TOML reads them back."""
    body = {key: value for key, value in facts.items() if key != DIGEST}
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def changed(facts: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    """Return what has changed since the export, as text; empty if nothing has, or if an older version wrote no digest.

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
