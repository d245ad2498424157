"""Reads the logs of the compared runs and compares them, in threads of the screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from cxrtui.errors import Cancelled, cancelled_when
from cxrtui.evaluation.comparison.compare import Comparer, Comparison
from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Follower, Snapshot

_BLOCK_SECONDS = 0.3  # a long log is shown in several parts


class Logs:
    """Follows the log of each run."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._followers = [Follower(run) for run in runs]

    def leave_out(self, run: Run) -> None:
        """Follow this run no longer."""
        self._followers = [follower for follower in self._followers if follower.run != run]

    def looks(self, stopped: Callable[[], bool]) -> Iterator[tuple[Snapshot, ...]]:
        """Yield all runs as they are now, again and again until their logs were read to the end."""
        while not stopped():
            end = time.monotonic() + _BLOCK_SECONDS
            snapshots = tuple(
                follower.snapshot(lambda end=end: stopped() or time.monotonic() > end)  # type: ignore[misc]
                for follower in list(self._followers)
            )
            yield snapshots
            if all(item.read for item in snapshots):
                return


class Comparing:
    """Compares the runs when something that a comparison shows has changed: not at each step of a live run."""

    def __init__(self) -> None:
        self._comparer = Comparer()
        self._wanted: tuple[tuple[Snapshot, ...], int] | None = None
        self._done: tuple[object, ...] = ()

    def want(self, runs: Sequence[Snapshot], reference: int) -> None:
        """Compare these runs next."""
        self._wanted = tuple(runs), reference

    def looks(self, stopped: Callable[[], bool]) -> Iterator[Comparison]:
        """Yield the comparison that is wanted, unless it was the last one; at first without what takes long."""
        if self._wanted is None:
            return
        runs, reference = self._wanted
        content = (reference, *(part for run in runs for part in _content(run)))
        if len(content) == len(self._done) and all(a is b for a, b in zip(content, self._done, strict=True)):
            return
        if not self._comparer.is_quick(runs, reference):
            yield self._comparer.sketch(runs, reference)
        try:
            yield self._comparer.compare(runs, reference, cancelled_when(stopped))
        except Cancelled:
            return
        self._done = content


def _content(item: Snapshot) -> tuple[object, ...]:
    state = item.state
    return (item.run, state.config, state.versions, state.device, state.labels, state.data, state.compiled, state.early,
            state.evaluations, state.problem)  # fmt: skip
