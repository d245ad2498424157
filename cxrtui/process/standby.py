"""A process that has imported what a training needs and waits for one, so that the next training starts sooner.

A dashboard has one while its user sets up a run. It touches no device and ends with the dashboard.
"""

from __future__ import annotations

import subprocess
import threading
from contextlib import suppress

from cxrtui import resources
from cxrtui.process.children import send, start_child
from cxrtui.process.parent import NICE

_FREE = 1 << 30  # bytes of memory; the process takes 0.3 GB
_lock = threading.Lock()
_waiting: list[subprocess.Popen[bytes]] = []  # one at most


def prepare() -> None:
    """Start the process, unless one waits already, or the machine has too little memory or one core alone."""
    if resources.cores() < 2 or resources.is_small() or resources.free_memory() < _FREE:
        return
    with _lock, suppress(OSError):  # without it, a training starts as any other does
        if not _waiting:
            process = start_child(subprocess.DEVNULL)
            send(process, standby=NICE)
            _waiting.append(process)


def take() -> subprocess.Popen[bytes] | None:
    """Return the process, which is the caller's from now on; None if there is none."""
    with _lock:
        process = _waiting.pop() if _waiting else None
    if process is not None and process.poll() is not None:
        _close(process)
        return None
    return process


def dismiss() -> None:
    """End the process, if there is one."""
    if (process := take()) is not None:
        process.kill()
        process.wait()
        _close(process)


def _close(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
