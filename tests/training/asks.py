"""Requests to a training that a test decides on."""

from __future__ import annotations

from collections.abc import Callable

from cxrtui.training.decisions import REQUESTED, Requests


def _never() -> bool:
    return False


class Asks(Requests):
    """Asks for what four functions say."""

    def __init__(
        self, stop: Callable[[], bool] = _never, checkpoint: Callable[[], bool] = _never,
        pause: Callable[[], bool] = _never, reason: str = REQUESTED, stop_after_epoch: Callable[[], bool] = _never,
    ) -> None:  # fmt: skip
        self._stop_after_epoch = stop_after_epoch
        self._stop, self._checkpoint, self._pause, self._reason = stop, checkpoint, pause, reason

    def stop(self) -> str:
        return self._reason if self._stop() else ""

    def stop_after_epoch(self) -> bool:
        return self._stop_after_epoch()

    def checkpoint(self) -> bool:
        return self._checkpoint()

    def pause(self) -> bool:
        return self._pause()
