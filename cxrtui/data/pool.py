"""Threads for files: as many as there are cores, and never more of their work under way than a window."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_AHEAD = 64
In = TypeVar("In")
Out = TypeVar("Out")


def workers() -> int:
    """Cores that this process may use, 32 at most."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(32, cores)


def windowed(pool: ThreadPoolExecutor, items: Sequence[In], work: Callable[[In], Out]) -> Iterator[Out]:
    """`work` of each item, in order, with a bounded number of them under way."""
    pending: deque[Future[Out]] = deque()
    try:
        for item in items:
            pending.append(pool.submit(work, item))
            if len(pending) >= _AHEAD:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()
