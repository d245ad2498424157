"""Processes that work on a folder of `checkpoints/` without a terminal: on a study, or on a protocol.

An owned process stops when its parent ends; any other goes on by itself. What it prints goes to ``worker.log`` in the
folder.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from cxrtui import leaving
from cxrtui.collector import collect_seldom
from cxrtui.disk import explained
from cxrtui.errors import EXIT_FAULT, CxrtuiError
from cxrtui.files import read_text
from cxrtui.process.children import environment

OWNED = "owned"
_LAST_WORDS = 500  # characters of worker.log in a message
_left: list[subprocess.Popen[bytes]] = []  # polled now and then, because their exit codes wait for somebody


def start(module: str, folder: Path, *words: str, owned: bool = False) -> subprocess.Popen[bytes]:
    """Start ``python -m MODULE FOLDER WORD…`` in a session of its own, which no terminal can signal.

    An owned process ends with its stdin.

    Raises:
        CxrtuiError: the system cannot start a process.
    """
    with contextlib.ExitStack() as stack:
        try:
            log: Any = stack.enter_context(_log(folder).open("ab"))
        except OSError:
            log = subprocess.DEVNULL
        command = [sys.executable, "-P", "-m", module, str(folder), *words, *([OWNED] if owned else [])]
        try:
            stdin = subprocess.PIPE if owned else subprocess.DEVNULL
            return subprocess.Popen(command, stdin=stdin, stdout=log, stderr=log, start_new_session=True,
                                    env=environment())  # fmt: skip
        except OSError as error:
            raise CxrtuiError(f"The process for {folder.name} cannot be started ({explained(error)}).") from None


def leave(module: str, folder: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start a process that goes on by itself, also when this one ends; arguments as in `start`.

    Raises:
        CxrtuiError: the system cannot start a process.
    """
    process = start(module, folder, *words)
    _left[:] = [child for child in _left if child.poll() is None]
    _left.append(process)
    return process


def last_words(folder: Path) -> str:
    """Return the last line that a process of this machine has printed; empty if there is none."""
    with contextlib.suppress(OSError):
        lines = read_text(_log(folder), errors="replace").strip().splitlines()
        return lines[-1][-_LAST_WORDS:] if lines else ""
    return ""


def _log(folder: Path) -> Path:
    return folder / "worker.log"


def serve(work: Callable[[Callable[[], bool]], int], *, owned: bool) -> None:
    """Exit with the code that `work` returns; `work` is given a function that returns whether it is to stop.

    A signal asks it to stop, and for an owned process the end of its parent. An error of ours is printed as its message
    and gives its exit code.
    """
    collect_seldom()
    asked, outcome = threading.Event(), [EXIT_FAULT]

    def on_signal(number: int, frame: FrameType | None) -> None:
        del number, frame
        asked.set()

    def follow() -> None:
        while os.read(0, 1 << 12):
            pass
        asked.set()

    def run() -> None:
        try:
            outcome[0] = work(asked.is_set)
        except CxrtuiError as error:
            print(error, file=sys.stderr)
            outcome[0] = error.exit_code

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    if owned:
        threading.Thread(target=follow, name="parent", daemon=True).start()
    # The trainings have a thread of their own, so that the main thread answers signals while JAX compiles.
    worker = threading.Thread(target=run, name="training", daemon=True)
    worker.start()
    while worker.is_alive():
        worker.join(0.2)
    leaving.end_if_busy(outcome[0])
    sys.exit(outcome[0])
