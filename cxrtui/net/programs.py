"""Compiled programs that this process keeps for the next training or evaluation that is of the same kind."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

import jax

T = TypeVar("T")
_MOST = 4


class Programs(Generic[T]):
    """The few programs that were used last, by all that they depend on. Safe to ask from several threads.

    A run that is stopped and resumed in the dashboard goes on without its step being traced and loaded again.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, compile: Callable[[], T]) -> T:
        """The program of `key`: the one that is kept, or what `compile` gives."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        program = compile()  # without the lock: other programs are compiled beside it
        with self._lock:
            self._kept[key] = program
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return program


def kind(tree: Any) -> Hashable:
    """What a program is compiled for: the structure of a pytree, and each leaf's shape, dtype and place."""
    leaves, structure = jax.tree.flatten(tree)
    return structure, tuple(
        (leaf.shape, leaf.dtype, getattr(leaf, "weak_type", False), getattr(leaf, "sharding", None)) for leaf in leaves
    )
