"""Ends a process although a thread still compiles.

An interpreter that shuts down while a thread compiles waits for the thread, or aborts. Nothing is lost if the process
ends at once: checkpoints and logs are written whole or not at all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

_unneeded: list[Future[Any]] = []


def let_go(futures: Iterable[Future[Any]]) -> None:
    """Note that nobody waits for the work of these futures any more."""
    _unneeded[:] = [future for future in (*_unneeded, *futures) if not future.done()]


def end_if_busy(code: int) -> None:
    """End the process with `code` if work goes on for which nobody waits; else return. Call it last of all."""
    if not all(future.done() for future in _unneeded):
        end(code)


def end(code: int) -> None:
    """End the process with `code`, whatever its threads do."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # the terminal may have gone
            stream.flush()
    os._exit(code)
