"""Threads for files: as many as there are cores, and never more of their work under way than a window."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from cxrtui.errors import Cancelled, CheckCancelled
from cxrtui.runs.events import Preparing

_AHEAD = 64
_PATIENCE = 5.0
TICK = 0.1
In = TypeVar("In")
Out = TypeVar("Out")
OnProgress = Callable[[str, int, int], None]  # the phase, how many are done, of how many (0: not known)


def no_progress(phase: str, done: int, total: int) -> None:
    """An `OnProgress` that shows nothing."""


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


def reported(
    work: Callable[[OnProgress], Out], phase: str, check_cancelled: CheckCancelled
) -> Generator[Preparing, None, Out]:
    """What `work` returns; meanwhile how far it is, as events, some ten times a second.

    It runs in a thread of its own and ends at its next `OnProgress` after a stop; it must leave nothing half-done then.

    Raises:
        Cancelled: `check_cancelled` said so.
    """
    said, results, failures = [(phase, 0, 0)], list[Out](), list[BaseException]()
    cancelled = threading.Event()

    def on_progress(phase: str, done: int, total: int) -> None:
        if cancelled.is_set():
            raise Cancelled
        said[0] = (phase, done, total)

    def run() -> None:
        try:
            results.append(work(on_progress))
        except BaseException as error:  # handed to the thread that waits
            failures.append(error)

    yield Preparing(stage=phase)
    worker = threading.Thread(target=run, name="cxrtui-reported", daemon=True)
    worker.start()
    try:
        while worker.is_alive():
            check_cancelled()
            yield Preparing(stage=said[0][0], done=said[0][1], total=said[0][2])
            worker.join(TICK)
    finally:
        cancelled.set()
        worker.join(_PATIENCE)
    if failures:
        raise failures[0]
    return results[0]
