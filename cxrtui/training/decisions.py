"""Decides whether a run stops, pauses or saves a checkpoint before its next step. The loop asks one object for it.

Only the standard library is used here: the runner imports this before it loads JAX.
"""

from __future__ import annotations

import time

REQUESTED, PRUNED, PERIODIC = "requested", "pruned", "periodic"
ENDED = ("early_stopping", "epochs")  # reasons of a run that is complete; any other reason stopped it earlier


class Requests:
    """The requests of the caller that drives a run. This class requests nothing; the runner and a search override it.

    All methods are called between steps, in the thread that trains, and must return at once.
    """

    def stop(self) -> str:
        """Return why the run is to stop, as ``requested`` by a user or ``pruned`` by a search; empty if it goes on."""
        return ""

    def stop_after_epoch(self) -> bool:
        """Return whether the run is to stop after its next validation; asked then, and not between steps."""
        return False

    def pause(self) -> bool:
        """Return whether the run is to pause."""
        return False

    def checkpoint(self) -> bool:
        """Return whether a checkpoint is requested; True once for each request."""
        return False


class Decisions:
    """Decides what the loop does next, by the caller's requests and the age of the last checkpoint.

    Args:
        requests: of the caller.
        checkpoint_minutes: between two checkpoints within an epoch; 0 means no such checkpoints.
    """

    def __init__(self, requests: Requests | None = None, checkpoint_minutes: float = 0.0) -> None:
        self._requests = requests or Requests()
        self._seconds = 60.0 * checkpoint_minutes
        self._saved_at = time.monotonic()
        self._stopped = ""

    def stop(self) -> str:
        """Return the reason to stop, or an empty string. The first reason is kept, because the log reports it."""
        self._stopped = self._stopped or self._requests.stop()
        return self._stopped

    def stopping(self) -> bool:
        """Return whether there is a reason to stop."""
        return bool(self.stop())

    def stop_alone(self) -> str:
        """Return the same as `stop`, in work that the first of several hosts does while the others wait for it."""
        return self.stop()

    def asked_to_stop_after_epoch(self) -> bool:
        """Return whether `stop_after_epoch` would give a reason now; nothing is decided by that."""
        return bool(self._stopped) or self._requests.stop_after_epoch()

    def stop_after_epoch(self) -> str:
        """Return the reason to stop now that an epoch was trained, validated and saved; else an empty string."""
        if not self._stopped and self._requests.stop_after_epoch():
            self._stopped = REQUESTED
        return self._stopped

    def pause(self) -> bool:
        """Return whether the run is to pause."""
        return self._requests.pause()

    def checkpoint(self, *, standing: bool = False) -> str:
        """Return why a checkpoint is to be saved now, ``periodic`` or ``requested``; else an empty string.

        Args:
            standing: whether the run is paused; then nothing changes, and no periodic checkpoint is due.
        """
        if not standing and 0 < self._seconds < time.monotonic() - self._saved_at:
            return PERIODIC
        return REQUESTED if self._requests.checkpoint() else ""

    def saved(self) -> None:
        """Note that a checkpoint is being saved now. The time until the next periodic one begins here."""
        self._saved_at = time.monotonic()
