"""Arrays of a new network or, where none are wanted, their shapes and dtypes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import jax
import jax.numpy as jnp

_SHAPES_ONLY: ContextVar[bool] = ContextVar("shapes_only", default=False)


@contextlib.contextmanager
def shapes_only() -> Iterator[None]:
    """Let the layers that are made in this block have shapes and dtypes in place of arrays; nothing is traced for them.

    `nnx.eval_shape` gives the same and traces how each kernel is drawn, which takes 0.2 s for a ResNet-50.
    """
    token = _SHAPES_ONLY.set(True)
    try:
        yield
    finally:
        _SHAPES_ONLY.reset(token)


def in_shapes_only() -> bool:
    """Return whether layers have shapes in place of arrays now."""
    return _SHAPES_ONLY.get()


def array(shape: tuple[int, ...], made: Callable[[], jax.Array]) -> Any:
    """Return the float32 array that `made` returns or, in `shapes_only`, its shape."""
    return jax.ShapeDtypeStruct(shape, jnp.float32) if _SHAPES_ONLY.get() else made()


def full(shape: tuple[int, ...], value: float) -> Any:
    """Return an `array` of one value."""
    return array(shape, lambda: jnp.full(shape, value, jnp.float32))
