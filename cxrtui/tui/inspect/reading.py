"""Makes reports on films in a thread, one at a time; a newer request cancels the one before."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from cxrtui.errors import Cancelled, CxrtuiError
from cxrtui.settings.config import DataConfig
from cxrtui.tui import threads
from cxrtui.tui.inspect.glance import worded

if TYPE_CHECKING:
    from cxrtui.data.inspect.report import Report
    from cxrtui.data.pool import OnProgress

_TICK = 0.1


class Reported(Message):
    """A thread has progress, the report or an error; `job` is the number of the request."""

    def __init__(self, job: int, progress: str = "", report: Report | None = None, error: str = "") -> None:
        super().__init__()
        self.job, self.progress, self.report, self.error = job, progress, report, error


class Reading:
    """Posts `Reported` to `target`; `job` is the number of the newest request, and only its messages count."""

    def __init__(self, target: MessagePump, inspect: Callable[[str, DataConfig, OnProgress], Report]) -> None:
        self._target, self._inspect = target, inspect
        self.job = 0
        self._begun = 0.0

    @property
    def seconds(self) -> float:
        """The time since the newest request."""
        return time.monotonic() - self._begun

    def start(self, text: str, data: DataConfig) -> None:
        """Report on the films that `text` names, by the settings `data`."""
        self.job, self._begun = self.job + 1, time.monotonic()
        threads.start("inspect", self._work, self.job, text, data)

    def cancel(self) -> None:
        """End the reading in progress."""
        self.job += 1

    def _work(self, job: int, text: str, data: DataConfig) -> None:
        shown_at = 0.0

        def on_progress(stage: str, done: int, total: int) -> None:
            nonlocal shown_at
            if job != self.job:
                raise Cancelled
            if time.monotonic() - shown_at >= _TICK:
                shown_at = time.monotonic()
                self._post(job, progress=f"{stage}: {done:,}" + (f" of {total:,}" if total else ""))

        try:
            self._post(job, report=worded(self._inspect(text, data, on_progress)))
        except Cancelled:
            return
        except CxrtuiError as error:
            self._post(job, error=str(error))
        except Exception as error:  # the screen must show it, because nobody else hears of it
            self._post(job, error=f"{type(error).__name__}: {error}")

    def _post(self, job: int, *, progress: str = "", report: Report | None = None, error: str = "") -> None:
        self._target.post_message(Reported(job, progress, report, error))
