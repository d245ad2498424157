"""Calls of a network as one compiled program: op by op, a test would wait for a hundred small ones."""

from __future__ import annotations

import functools
from typing import Any

import jax
from flax import nnx


@functools.partial(jax.jit, static_argnums=(0, 1, 5))
def _run(graphdef: Any, method: str, state: nnx.State, images: jax.Array, keys: Any, options: Any) -> Any:
    network = nnx.merge(graphdef, state, copy=True)
    return getattr(network, method)(images, **dict(options), **keys)


def run(
    network: nnx.Module, images: jax.Array, *, method: str = "__call__", dropout: Any = None, **options: Any
) -> Any:
    """``network.method(images, **options)``, leaving the network's running averages as they were."""
    graphdef, state = nnx.split(network)
    keys = {} if dropout is None else {"dropout": dropout}
    return _run(graphdef, method, state, images, keys, tuple(options.items()))
