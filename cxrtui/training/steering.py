"""Reads what a running training is asked to do, by its control file and by its caller."""

from __future__ import annotations

import time
from collections.abc import Callable

from cxrtui.runs.folder import Run
from cxrtui.training.decisions import REQUESTED, Requests

_POLL_SECONDS = 0.1


class Steering(Requests):
    """The commands of the control file and of the caller, which `fit` and the loop around it ask for."""

    def __init__(self, run: Run, should_stop: Callable[[], bool | str]) -> None:
        self._run, self._should_stop = run, should_stop
        self._seen = {number for _, number in run.read_commands()}
        self._looked = 0.0
        self.reason = ""
        self.paused = self.last_epoch = False
        self.standing = False  # whether the run has paused
        self.checkpoint_asked = False

    def look(self) -> None:
        """Read the control file, at most ten times a second."""
        if (now := time.monotonic()) - self._looked < _POLL_SECONDS:
            return
        self._looked = now
        if asked := self._should_stop():
            self._stop(asked if isinstance(asked, str) else REQUESTED)
        for command, number in self._run.read_commands():
            if number in self._seen:
                continue
            self._seen.add(number)
            match command:
                case "stop":
                    self._stop(REQUESTED)
                case "stop-after-epoch":
                    self.last_epoch = True
                case "keep-going":
                    self.last_epoch = False
                case "pause":
                    self.paused = True
                case "resume":
                    self.paused = False
                case "checkpoint":
                    self.checkpoint_asked = True

    def _stop(self, reason: str) -> None:
        self.reason = self.reason or reason

    @property
    def stopping(self) -> bool:
        """Whether the control file or the caller has asked for a stop."""
        return bool(self.reason)

    def stop(self) -> str:
        """Return why the run is to stop: ``requested``, or what the caller says; empty if it goes on."""
        self.look()
        return self.reason

    def stop_after_epoch(self) -> bool:
        """Return whether the control file asks to stop after this epoch."""
        self.look()
        return self.last_epoch

    def pause(self) -> bool:
        """Return whether the run is to pause."""
        self.look()
        return self.paused and not self.stopping

    def checkpoint(self) -> bool:
        """Return True once for each command."""
        asked, self.checkpoint_asked = self.checkpoint_asked, False
        return asked

    @property
    def waiting(self) -> bool:
        """Whether a paused run has nothing to do; saving a checkpoint is something."""
        return self.paused and not (self.stopping or self.checkpoint_asked)
