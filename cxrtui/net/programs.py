"""Keeps compiled programs in this process for the next training or evaluation of the same kind."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

import jax

T = TypeVar("T")
_MOST = 4


class Programs(Generic[T]):
    """The programs that were used last; the key of each holds everything that it depends on. Threads may share it.

    If a run is stopped and resumed in the dashboard, its step is not traced and loaded again.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, key: Hashable) -> bool:
        """Return whether the program of `key` is kept."""
        with self._lock:
            return key in self._kept

    def get(self, key: Hashable, compile: Callable[[], T]) -> T:
        """Return the program of `key`: the one that is kept, or the result of `compile`."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        program = compile()  # without the lock, so that others can be compiled meanwhile
        with self._lock:
            self._kept[key] = program
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return program


def kind(tree: Any) -> Hashable:
    """Return what a program is compiled for: the structure of a pytree, and each leaf's shape, dtype and sharding."""
    leaves, structure = jax.tree.flatten(tree)
    return structure, tuple(
        (leaf.shape, leaf.dtype, getattr(leaf, "weak_type", False), getattr(leaf, "sharding", None)) for leaf in leaves
    )
