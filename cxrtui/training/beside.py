"""Compiles the programs of a run while its network is made, or does one after the other where memory is small."""

from __future__ import annotations

import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import jax

from cxrtui import memory, resources

T = TypeVar("T")


def beside(programs: list[Callable[[], Any]], network: Callable[[], Any]) -> list[Any]:
    """Call functions that compile `programs`, or load them, each in a thread, and here the one that makes the network.

    A compiler takes up to a gigabyte, that of the program which draws random weights as well, and gives most of it back
    in the end. With less than `resources.SMALL` they are therefore called one after the other, `network` last, since
    its arrays stay.

    Returns:
        The results of `programs`, in order, and that of `network`.
    """
    if resources.is_small():
        return [alone(work) for work in (*programs, network)]
    with ThreadPoolExecutor(len(programs)) as others:
        compiling = [others.submit(program) for program in programs]
        made = network()
        found = [*(future.result() for future in compiling), made]
    memory.give_back()
    return found


def alone(work: Callable[[], T]) -> T:
    """Return the result of `work`, which compiles; where memory is small, all is given back that it took for a moment.

    JAX's caches hold what was traced and compiled, as the program that drew random weights, which nobody calls again,
    and references in circles hold more.
    """
    found = work()
    if resources.is_small():
        jax.clear_caches()  # type: ignore[no-untyped-call]
        gc.collect()
        memory.give_back()
    return found
