"""Daemon threads for work that must not block the screen, and the end of the process while such a thread compiles."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

from cxrtui import leaving
from cxrtui.import_guard import contain

T = TypeVar("T")

_started: list[threading.Thread] = []


def start(name: str, work: Callable[..., object], *arguments: Any) -> threading.Thread:
    """Run `work` in a daemon thread, whose imports cannot disturb the screen's thread."""
    contain()
    _started[:] = [thread for thread in _started if thread.is_alive()]
    thread = threading.Thread(target=work, args=arguments, name=name, daemon=True)
    _started.append(thread)
    thread.start()
    return thread


async def result_of(name: str, work: Callable[..., T], *arguments: Any) -> T:
    """Run `work` in a thread of `start`, and return its result or raise its error; the event loop goes on meanwhile."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def give(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():  # the screen has closed
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(cast(T, result))

    def run() -> None:
        result, failure = None, None
        try:
            result = work(*arguments)
        except Exception as error:
            failure = error
        with suppress(RuntimeError):  # the application has ended
            loop.call_soon_threadsafe(give, result, failure)

    start(name, run)
    return await future


def leave(code: int, patience: float = 0.3, *, at_once: bool = False) -> int:
    """Return `code` if no thread is running; else, or with `at_once`, end the process here.

    The terminal is restored by then; see `leaving` for why nothing else is lost.
    """
    for thread in _started:
        thread.join(patience)
    if at_once or any(thread.is_alive() for thread in _started):
        leaving.end(code)
    return code
