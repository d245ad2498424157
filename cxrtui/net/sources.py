"""Tells by a digest whether anything has changed that a program or a converted network may depend on, without JAX."""

from __future__ import annotations

import functools
import hashlib
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy")


@functools.cache
def sources() -> str:
    """Return a digest of what a trace may depend on: our sources, and the versions of the packages below them."""
    digest = hashlib.sha256(repr([(name, version(name)) for name in _PACKAGES]).encode())
    root = Path(__file__).parents[1]
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
