"""The jobs of the shelf, of which one at a time runs in a daemon thread: fetch, port, check, remove.

A screen may read `Jobs.job` at any time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from cxrtui.errors import Cancelled, CxrtuiError, UsageError, cancelled_when
from cxrtui.tui import threads
from cxrtui.tui.backend import Backend
from cxrtui.tui.keys import key_of
from cxrtui.tui.weights.places import Place, Stamp, clean, megabytes, stamp
from cxrtui.weights import hub, shelf
from cxrtui.workspace import expand

DOING = {"fetch": "fetching", "port": "porting", "check": "checking", "remove": "removing"}
NOT_DONE = {"fetch": "Not fetched", "port": "Not ported", "check": "Not checked", "remove": "Not removed"}


@dataclass(frozen=True)
class Job:
    """A job and its progress, in bytes for a fetch and in folders for a check.

    Attributes:
        kind: one of `DOING`.
        name: the name of the place on the shelf.
        here, total: done so far and in all; 0 if not known.
        begun: `time.monotonic` at the beginning.
        stopping: the job was cancelled and has not ended yet.
        ended: the job has ended; one of the next three fields says how.
        cancelled: the user cancelled it.
        error: why it could not be done.
        result: what was done, in a sentence.
        bad: whether the result is bad: a check found damage.
    """

    kind: str
    name: str
    here: int = 0
    total: int = 0
    begun: float = 0.0
    stopping: bool = False
    ended: bool = False
    cancelled: bool = False
    error: str = ""
    result: str = ""
    bad: bool = False

    @property
    def outcome(self) -> str:
        """How the job ended, as one line."""
        if self.cancelled:
            kept = f"; {megabytes(self.here)} are kept, and {key_of('weights', 'fetch')} goes on from there"
            return f"{NOT_DONE[self.kind].lower()}: cancelled{kept if self.here and self.kind == 'fetch' else ''}"
        if self.error:
            return f"✗ {NOT_DONE[self.kind].lower()}"
        return f"{'✗' if self.bad else '✔'} {self.result}"

    @property
    def news(self) -> str:
        """How the job ended, for a notification on another screen."""
        if self.error:
            return f"{NOT_DONE[self.kind]}: {clean(self.name)}. The Weights screen says why."
        return clean(self.result)

    @property
    def severity(self) -> Literal["information", "error"]:
        """The severity of the notification."""
        return "error" if self.error or self.bad else "information"


class Jobs:
    """Runs jobs in a thread; each method that starts one raises UsageError while another job is running."""

    def __init__(self, models: Path, backend: Backend) -> None:
        self.models, self._backend = models, backend
        self.job: Job | None = None
        """The running job, or the last one until it is taken by `take`."""
        self.checked: dict[Path, tuple[Stamp, str]] = {}
        self._stop = threading.Event()
        self._lock = threading.Lock()

    @property
    def active(self) -> bool:
        """Whether a job is running."""
        return self.job is not None and not self.job.ended

    def cancel(self) -> None:
        """Ask the thread to end; a silent connection ends at its time-out."""
        self._stop.set()
        self._update(stopping=True)

    def take(self) -> Job | None:
        """Return the job that has ended since the last call, or None."""
        with self._lock:
            job = self.job
            if job is None or not job.ended:
                return None
            self.job = None
            return job

    def fetch(self, published: hub.Published, *, force: bool = False) -> None:
        """Fetch published weights; with `force` they replace a damaged folder."""
        name = published.name

        def work() -> str:
            new = self._backend.fetch_weights(
                name, self.models, self._on_progress, force=force, check_cancelled=self._check_cancelled
            )
            if not new:
                return f"{name} is on the shelf already, and its checksum is right"
            if published.sha256:
                return f"{name} is on the shelf, and is what was published"
            return f"{name} is on the shelf; no checksum was known beforehand, so this first fetch was trusted"

        self._begin("fetch", name, work)

    def port(
        self, file: str, name: str, licence: str, *, range_: str = "", prefix: str = "", average: bool = False,
        force: bool = False,
    ) -> None:  # fmt: skip
        """Put a file of weights in any known format on the shelf."""

        def work() -> str:
            options = {"prefix": prefix or None, "average": average, "range": range_, "licence": licence}
            taken, digest = self._backend.port_weights(
                expand(file), self.models, name, options, force=force, check_cancelled=self._check_cancelled
            )
            published = hub.catalogue().get(name)
            if published is not None and published.sha256 not in ("", digest):
                return f"{name} is on the shelf, but is not the file that is published under this name"
            return f"{name} is on the shelf: {taken}; its card lists what was left"

        self._begin("port", name, work)

    def check(self, places: Sequence[Place]) -> None:
        """Compare the checksums of all folders on the shelf."""
        here = [place for place in places if place.folder_is_here]

        def work() -> str:
            damaged = []
            for count, place in enumerate(here):
                self._check_cancelled()
                self._on_progress(count, len(here))
                folder, before, error = place.entry.folder, stamp(place.entry.folder), ""
                try:
                    shelf.verify(folder)
                except (CxrtuiError, OSError) as problem:
                    error = str(problem)
                    damaged.append(place.name)
                self.checked[folder] = before, error
            if damaged:
                self._update(bad=True)
                return (
                    f"damaged: {', '.join(damaged)}; the rest is sound" if len(damaged) < len(here) else "all damaged"
                )
            return f"{len(here)} checked: all sound" if len(here) != 1 else "checked: sound"

        self._begin("check", "the shelf", work)

    def remove(self, place: Place) -> None:
        """Remove a folder of the shelf, or the part that an interrupted fetch has left."""

        def work() -> str:
            from cxrtui.weights import shelving

            if place.folder_is_here:
                shelving.remove(self.models, place.name)
            elif place.entry.published is not None:
                shelving.remove_partial(place.entry.published, self.models)
            return f"{place.name} is removed"

        self._begin("remove", place.name, work)

    def check_free(self) -> None:
        """Make sure that no job is running.

        Raises:
            UsageError: a job is running.
        """
        job = self.job
        if job is not None and not job.ended:
            end = "it is being cancelled" if job.stopping else f"{key_of('weights', 'back')} cancels that"
            raise UsageError(f"Still {DOING[job.kind]} {job.name}; {end}.")

    def _check_cancelled(self) -> None:
        cancelled_when(self._stop.is_set)()

    def _begin(self, kind: str, name: str, work: Callable[[], str]) -> None:
        self.check_free()
        self._stop = threading.Event()
        self.job = Job(kind, name, begun=time.monotonic())
        threads.start(f"{kind} {name}", self._work, work)

    def _update(self, **changes: Any) -> None:
        with self._lock:
            if self.job is not None and not self.job.ended:
                self.job = replace(self.job, **changes)

    def _on_progress(self, here: int, total: int) -> None:
        self._update(here=here, total=total)

    def _work(self, work: Callable[[], str]) -> None:
        try:
            outcome: dict[str, Any] = {"result": work()}
        except Cancelled:
            outcome = {"cancelled": True}
        except CxrtuiError as error:  # an error after a cancellation is not worth reporting
            outcome = {"cancelled": True} if self._stop.is_set() else {"error": str(error)}
        except Exception as error:  # the screen must show it, because nobody else hears of it
            outcome = {"error": f"{type(error).__name__}: {error}"}
        self._update(**outcome, ended=True)
