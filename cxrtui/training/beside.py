"""Compiles the programs of a run while its network is made, or does one after the other where memory is small."""

from __future__ import annotations

import gc
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any, TypeVar

import jax

from cxrtui import leaving, memory, resources
from cxrtui.errors import CheckCancelled, never_cancelled

T = TypeVar("T")

_POLL_SECONDS = 0.1


def beside(works: list[Callable[[], Any]], check_cancelled: CheckCancelled = never_cancelled) -> list[Any]:
    """Call functions that compile a program, load it, or make the network, each in a thread, and return their results.

    A compiler takes up to a gigabyte, that of the program which draws random weights as well, and gives most of it back
    in the end. With less than `resources.SMALL` they are therefore called one after the other. The one that makes the
    network is to be the last, since its arrays stay.

    Raises:
        Cancelled: by `check_cancelled`, which is called often. A compiler cannot be interrupted: it goes on in its
            thread, and a process that ends meanwhile does not wait for it (`leaving`).
    """
    small = resources.is_small()
    threads = ThreadPoolExecutor(1 if small else len(works), "cxrtui-compile")
    waiting = compiling = [threads.submit(alone, work) for work in works]
    try:
        while waiting:
            done, rest = wait(compiling, _POLL_SECONDS, FIRST_EXCEPTION)
            for future in done:
                future.result()  # it raises its error
            if waiting := list(rest):
                check_cancelled()
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
        leaving.let_go(compiling)
    if not small:
        memory.give_back()
    return [future.result() for future in compiling]


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
