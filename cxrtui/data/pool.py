"""This module runs work on files in one thread per core, with a bounded number of items in progress."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from cxrtui import resources
from cxrtui.errors import Cancelled, CheckCancelled
from cxrtui.runs.events import Preparing

_AHEAD = 64
_PATIENCE = 5.0
_OF_A_WORKER = 1 << 29  # bytes of a process that decodes: itself, and a usual film
TICK = 0.1
In = TypeVar("In")
Out = TypeVar("Out")
OnProgress = Callable[[str, int, int], None]  # the phase, the number done, the total (0: unknown)


def no_progress(phase: str, done: int, total: int) -> None:
    """An `OnProgress` that shows nothing."""


def workers() -> int:
    """Return the number of cores that this process may use, at most 32, and no more than it has memory for."""
    return max(1, min(32, resources.cores(), resources.total_memory() // _OF_A_WORKER))


def windowed(pool: ThreadPoolExecutor, items: Iterable[In], work: Callable[[In], Out]) -> Iterator[Out]:
    """Yield the result of `work` for each item, in order, with a bounded number of items in progress."""
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
    """Return the result of `work`; meanwhile, yield its progress as events, about ten times a second.

    `work` runs in its own thread. After a stop, its next call of `OnProgress` raises; it must then clean up.

    Raises:
        Cancelled: `check_cancelled` said so.
    """
    latest, results, failures = [(phase, 0, 0)], list[Out](), list[BaseException]()
    cancelled = threading.Event()

    def on_progress(phase: str, done: int, total: int) -> None:
        if cancelled.is_set():
            raise Cancelled
        latest[0] = (phase, done, total)

    def run() -> None:
        try:
            results.append(work(on_progress))
        except BaseException as error:  # the waiting thread raises it
            failures.append(error)

    yield Preparing(stage=phase)
    worker = threading.Thread(target=run, name="cxrtui-reported", daemon=True)
    worker.start()
    try:
        while worker.is_alive():
            check_cancelled()
            yield Preparing(stage=latest[0][0], done=latest[0][1], total=latest[0][2])
            worker.join(TICK)
    finally:
        cancelled.set()
        worker.join(_PATIENCE)
    if failures:
        raise failures[0]
    return results[0]
