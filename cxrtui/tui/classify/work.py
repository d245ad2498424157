"""The threads of the Classify screen: one classifies, one looks up the true classes."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from textual.message import Message
from textual.message_pump import MessagePump

from cxrtui.errors import Cancelled, CxrtuiError, cancelled_when
from cxrtui.evaluation.rows import Row
from cxrtui.tui import threads
from cxrtui.tui.backend import Backend
from cxrtui.tui.classify.models import Model
from cxrtui.tui.classify.outcomes import Truth


class Job:
    """One classification: `paths` by `model`. The thread fills it, and the screen takes from it.

    `refuse` is whether films that are no frontal chest films are refused.
    """

    def __init__(self, model: Model, paths: Sequence[Path], *, refuse: bool = True) -> None:
        self.model, self.paths, self.refuse = model, tuple(paths), refuse
        self.started = time.monotonic()
        self.first: float | None = None  # when the first film was done, so that compiling does not count in the rate
        self.taken = 0
        self.ended = False
        self.error = ""
        self._cancelled = threading.Event()
        self._slot: deque[Row] = deque()

    def cancel(self) -> None:
        """Ask the thread to stop."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to stop."""
        return self._cancelled.is_set()

    def put(self, item: Row) -> bool:
        """Add a film; return whether the screen has taken all earlier ones, so that it must be called."""
        self.first = self.first or time.monotonic()
        waiting = bool(self._slot)
        self._slot.append(item)
        return not waiting

    def take(self) -> list[Row]:
        """Return the films that are done and were not taken yet."""
        items = []
        while self._slot:
            items.append(self._slot.popleft())
        self.taken += len(items)
        return items

    def progress(self) -> str:
        """Return how far it is, in words, with the time that is left."""
        now = time.monotonic()
        if self.first is None:
            return f"loading the model and compiling… {now - self.started:.0f} s"
        text = f"{self.taken} of {len(self.paths)} films"
        if self.taken > 1 and (seconds := now - self.first) > 0.5 and self.taken < len(self.paths):
            rate = (self.taken - 1) / seconds
            text += f" · {rate:.1f} a second · {(len(self.paths) - self.taken) / rate:.0f} s left"
        return text


class Progressed(Message):
    """A job has films that the screen can take, or has ended."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job


class Work:
    """Classifies for a screen."""

    def __init__(self, target: MessagePump, backend: Backend) -> None:
        self._target, self._backend = target, backend

    def start(self, job: Job) -> None:
        """Start a job."""
        threads.start("classify", self._work, job)

    def _work(self, job: Job) -> None:
        try:
            self._classify(job)
        except Cancelled:
            pass
        except CxrtuiError as error:
            job.error = str(error)
        except Exception as error:  # the screen must show it, because nobody else hears of it
            job.error = f"{type(error).__name__}: {error}"
        job.ended = True
        self._target.post_message(Progressed(job))

    def _classify(self, job: Job) -> None:
        check_cancelled = cancelled_when(lambda: job.cancelled)
        for item in self._backend.classify(job.model.place, job.paths, check_cancelled, refuse=job.refuse):
            if job.put(item):
                self._target.post_message(Progressed(job))
            check_cancelled()


class Learned(Message):
    """The true classes of some films are known."""

    def __init__(self, truths: list[tuple[Path, Truth]]) -> None:
        super().__init__()
        self.truths = truths


class Looker:
    """Looks up the true classes of films, in a thread of its own, because a collection may take long to read."""

    def __init__(self, target: MessagePump, backend: Backend) -> None:
        self._target, self._backend = target, backend
        self._turn = threading.Condition()
        self._wanted: deque[tuple[Path, tuple[str, ...]]] = deque()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def want(self, paths: Sequence[Path], labels: Sequence[str]) -> None:
        """Look up films for a model of these labels; `Learned` follows for those of which something is known."""
        with self._turn:
            self._wanted.extend((path, tuple(labels)) for path in paths)
            self._turn.notify()
        if self._thread is None:
            self._thread = threads.start("true classes", self._work)

    def stop(self) -> None:
        """End the thread."""
        with self._turn:
            self._stopped = True
            self._turn.notify()

    def _check_cancelled(self) -> None:
        if self._stopped:
            raise Cancelled

    def _work(self) -> None:
        look_up: Callable[..., Truth | None] | None = None
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._stopped or self._wanted)
                if self._stopped:
                    return
                batch = list(self._wanted)
                self._wanted.clear()
            try:
                look_up = look_up or self._backend.truths()
                found = [(path, look_up(path, labels, self._check_cancelled)) for path, labels in batch]
            except Cancelled:
                return
            except (CxrtuiError, OSError):  # what is not known is not shown
                continue
            if truths := [(path, truth) for path, truth in found if truth is not None]:
                self._target.post_message(Learned(truths))
