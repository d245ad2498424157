"""Requests to a training that a test decides on."""

from __future__ import annotations

from collections.abc import Callable

from cxrtui.training.decisions import REQUESTED, Requests


def _never() -> bool:
    return False


class Asks(Requests):
    """Asks for what three functions say."""

    def __init__(
        self, stop: Callable[[], bool] = _never, checkpoint: Callable[[], bool] = _never,
        pause: Callable[[], bool] = _never, reason: str = REQUESTED,
    ) -> None:  # fmt: skip
        self._stop, self._checkpoint, self._pause, self._reason = stop, checkpoint, pause, reason

    def stop(self) -> str:
        return self._reason if self._stop() else ""

    def checkpoint(self) -> bool:
        return self._checkpoint()

    def pause(self) -> bool:
        return self._pause()
