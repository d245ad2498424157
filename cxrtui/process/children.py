"""Starts the processes that train, gives them orders, and says how a process has ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from typing import Any

from cxrtui.memory import with_large_pages


def environment() -> dict[str, str]:
    """Return the environment of a child: as this process found it, with the same modules to import, and large pages."""
    modules = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    return with_large_pages(os.environ) | {"PYTHONPATH": modules}


def start_child(stderr: Any, *arguments: str) -> subprocess.Popen[bytes]:
    """Start `child`, which then waits for orders.

    Args:
        stderr: gets what it prints; see `subprocess.Popen`.
        arguments: of the command line.

    Raises:
        OSError: the system cannot start a process.
    """
    # -P and the path: a file of the working folder must not be imported in place of a library.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "cxrtui.process.child", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, start_new_session=True, env=environment(),
    )  # fmt: skip


def send(process: subprocess.Popen[bytes], **order: object) -> None:
    """Give an order to a process of `start_child`; one that has ended takes none."""
    assert process.stdin is not None
    with contextlib.suppress(OSError, ValueError):
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()


def how_ended(code: int) -> str:
    """Return how a process with this exit code, as `subprocess` gives it, has ended, to follow its name."""
    if code >= 0:
        return f"ended with exit code {code}"
    name = str(-code)
    with contextlib.suppress(ValueError):
        name = signal.Signals(-code).name
    return f"was ended by {name}" + (", as the system does where memory is short" if -code == signal.SIGKILL else "")
