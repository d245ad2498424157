"""What a run is to do beside the next step: stop, pause or save a checkpoint. The loop asks one object for all of it.

Only the standard library is used here: the runner imports this before it loads JAX.
"""

from __future__ import annotations

import time

REQUESTED, PERIODIC = "requested", "periodic"
ENDED = ("early_stopping", "epochs")  # reasons of a run that came to its end; any other one stopped it before


class Requests:
    """What whoever drives a run may ask for; this one never asks. The runner and a search override it.

    All methods are asked between steps, in the thread that trains, and must return at once.
    """

    def stop(self) -> str:
        """Why the run is to stop: ``requested`` by a user, ``pruned`` by a search, …; empty where it is not to stop."""
        return ""

    def pause(self) -> bool:
        """Whether the run is to stand still."""
        return False

    def checkpoint(self) -> bool:
        """Whether a checkpoint is wanted; True once for each request."""
        return False


class Decisions:
    """What the loop does next, and why: the caller's requests, and the age of the last checkpoint.

    Args:
        requests: of the caller.
        checkpoint_minutes: between two checkpoints within an epoch; 0 for none.
    """

    def __init__(self, requests: Requests | None = None, checkpoint_minutes: float = 0.0) -> None:
        self._requests = requests or Requests()
        self._seconds = 60.0 * checkpoint_minutes
        self._saved_at = time.monotonic()
        self._stopped = ""

    def stop(self) -> str:
        """The reason to stop, or an empty string. The first reason that was given stays: it is what the log reports."""
        self._stopped = self._stopped or self._requests.stop()
        return self._stopped

    def stopping(self) -> bool:
        """Whether there is a reason to stop."""
        return bool(self.stop())

    def pause(self) -> bool:
        """Whether the run is to stand still."""
        return self._requests.pause()

    def checkpoint(self, *, standing: bool = False) -> str:
        """Why a checkpoint is to be saved now: ``periodic`` or ``requested``; else an empty string.

        Args:
            standing: the run has paused, so that nothing has changed since the last checkpoint that it owed itself.
        """
        if not standing and 0 < self._seconds < time.monotonic() - self._saved_at:
            return PERIODIC
        return REQUESTED if self._requests.checkpoint() else ""

    def saved(self) -> None:
        """Note that a checkpoint is being saved now: the next periodic one is due so much later."""
        self._saved_at = time.monotonic()
