"""The side that trains: ``python -m cxrtui.process.child``."""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from cxrtui import leaving
from cxrtui.collector import collect_seldom
from cxrtui.errors import EXIT_FAULT
from cxrtui.runs import events, hosts
from cxrtui.runs.folder import Run
from cxrtui.runs.hosts import Place
from cxrtui.settings import config

_BEAT_SECONDS = 2.0
_ORPHANED = 300.0
"""Seconds in which a training without its command is to end; one that waits for hosts that have gone never does."""


class Orders:
    """What the parent and signals ask for."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.fault = ""
        self._orphaned: float | None = None
        self.on_orphaned: Callable[[], None] = self.stop.set
        self._let_go = False

    def follow(self, lines: Iterator[dict[str, Any]]) -> None:
        """Take orders until the parent ends; without a parent the run stops, unless it was let go."""
        for order in lines:
            if "stop" in order:
                self.fault = order["stop"] or self.fault
                self.stop.set()
            self._let_go = self._let_go or "let_go" in order
        if not self._let_go:
            self.on_orphaned()

    def stop_orphaned(self, why: str) -> None:
        """Stop with a checkpoint because the command of the first of several hosts was ended, which the log names.

        Nothing is named where a stop was requested before.
        """
        self._orphaned = time.monotonic()
        if not self.stop.is_set():
            self.fault = why
            self.stop.set()

    @property
    def orphaned(self) -> bool:
        """Whether the run stops because its command was ended."""
        return self._orphaned is not None

    @property
    def overdue(self) -> bool:
        """Whether it should have stopped by now."""
        return self._orphaned is not None and time.monotonic() - self._orphaned > _ORPHANED

    def take_signals(self) -> None:
        """Let the signals that end a process stop the run."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.on_signal)

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """Stop with a checkpoint."""
        del number, frame
        self.stop.set()


class Replies:
    """Writes to the parent; once it has gone, nothing is written and nothing fails."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._begun = False
        self._beaten = 0.0

    def on_event(self, line: str, event: events.Event) -> None:
        """Report the first event, and how the run failed."""
        if isinstance(event, events.Failed):
            self.write(failed=line)
        elif not self._begun:
            self._begun = True
            self.write(begun=True)

    def on_fault(self, message: str) -> None:
        """Report an error that may come of another host; the parent finds out."""
        self.write(fault=message)

    def beat(self) -> None:
        """Say now and then that this process lives; its parent ends one that is stopped, as others wait for it."""
        if (now := time.monotonic()) - self._beaten > _BEAT_SECONDS:
            self._beaten = now
            self.write(lives=True)

    def write(self, **reply: object) -> None:
        """Write one line."""
        with contextlib.suppress(OSError):
            os.write(self._descriptor, json.dumps(reply).encode() + b"\n")


def read_lines(descriptor: int) -> Iterator[dict[str, Any]]:
    """Yield the lines of a pipe until its end; a stream of Python would hold up the end of the process."""
    rest = b""
    while data := os.read(descriptor, 1 << 16):
        *lines, rest = (rest + data).split(b"\n")
        yield from map(json.loads, lines)


def take_pipes() -> tuple[int, int]:
    """Return stdin and stdout under other numbers; a library then reads nothing, and prints to stderr."""
    taken = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return taken


def print_to(file: str) -> None:
    """Print to the end of this file from now on, what libraries print too; nowhere if it cannot be written."""
    with contextlib.suppress(OSError):
        opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        os.dup2(opened, 1)
        os.dup2(opened, 2)
        os.close(opened)


def lower_priority(nice: int) -> None:
    """Let other processes go before this one. Where Linux groups sessions, the nice value of the group counts."""
    if nice:
        with contextlib.suppress(OSError):
            os.nice(nice)
        with contextlib.suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(nice))


def load() -> None:
    """Import what a training needs; it then starts a second sooner. No device is touched."""
    from cxrtui.runner import driving

    driving.load()


def main() -> None:
    """Train the run that the parent names, and exit with the run's exit code."""
    collect_seldom()
    faulthandler.enable()
    stdin, stdout = take_pipes()
    orders, replies, lines = Orders(), Replies(stdout), read_lines(stdin)
    job = next(lines, None)
    if job is not None and "standby" in job:
        lower_priority(job["standby"])
        load()
        job = next(lines, None)
    if job is None:  # the parent has gone
        sys.exit(EXIT_FAULT)
    orders.take_signals()
    if job["stderr"]:
        print_to(job["stderr"])
    run = Run(Path(job["folder"]))
    lower_priority(job["nice"])
    place = Place(**job["place"]) if job["place"] else None
    if place is not None and place.process:  # it has nothing to stop by itself
        orders.on_orphaned = functools.partial(os._exit, EXIT_FAULT)
    elif place is not None and place.processes > 1:
        orders.on_orphaned = functools.partial(orders.stop_orphaned, hosts.orphaned(run.folder))
    threading.Thread(target=orders.follow, args=(lines,), name="orders", daemon=True).start()
    outcome = [EXIT_FAULT]

    def work() -> None:
        from cxrtui.runner import drive

        settings = config.resolve(config.flatten(job["settings"], "the training process"))
        if place is None:
            outcome[0] = drive(run, settings, resume=job["resume"], should_stop=orders.stop.is_set,
                               on_event=replies.on_event, fault=lambda: orders.fault)  # fmt: skip
        else:
            from cxrtui.together import train

            outcome[0] = train(run, settings, place, resume=job["resume"], should_stop=orders.stop.is_set,
                               on_event=replies.on_event, on_fault=replies.on_fault,
                               fault=lambda: orders.fault)  # fmt: skip
            if orders.orphaned:
                hosts.write_orphaned(run.folder, outcome[0])
        replies.write(ended=outcome[0])

    # The training has a thread of its own, so that the main thread answers signals while JAX compiles.
    worker = threading.Thread(target=work, name="training", daemon=True)
    worker.start()
    while worker.is_alive():
        worker.join(0.2)
        if place is not None and place.processes > 1:
            replies.beat()
        if orders.overdue:
            hosts.write_orphaned(run.folder, EXIT_FAULT)
            os._exit(EXIT_FAULT)
    _remove_if_empty(run.stderr_file)
    if place is not None:  # JAX would wait for the other hosts, which may be gone
        leaving.end(outcome[0])
    leaving.end_if_busy(outcome[0])
    sys.exit(outcome[0])


def _remove_if_empty(file: Path) -> None:
    sys.stderr.flush()
    with contextlib.suppress(OSError):
        if os.path.samestat(os.fstat(2), file.stat()) and not os.fstat(2).st_size:
            file.unlink()


if __name__ == "__main__":
    main()
