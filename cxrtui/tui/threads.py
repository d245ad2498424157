"""Daemon threads for work that must not block the screen, and the end of the process while such a thread compiles."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from cxrtui.import_guard import contain

_started: list[threading.Thread] = []


def start(name: str, work: Callable[..., object], *arguments: Any) -> threading.Thread:
    """Run `work` in a daemon thread, whose imports cannot disturb the screen's thread."""
    contain()
    _started[:] = [thread for thread in _started if thread.is_alive()]
    thread = threading.Thread(target=work, args=arguments, name=name, daemon=True)
    _started.append(thread)
    thread.start()
    return thread


def leave(code: int, patience: float = 0.3, *, at_once: bool = False) -> int:
    """Return `code` if no thread is running; else, or with `at_once`, end the process here.

    An interpreter that shuts down while a thread compiles waits for the thread, or aborts. Nothing is lost here:
    checkpoints and logs are written whole or not at all, and the terminal is restored.
    """
    for thread in _started:
        thread.join(patience)
    if at_once or any(thread.is_alive() for thread in _started):
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):  # the terminal may have gone
                stream.flush()
        os._exit(code)
    return code
