"""Keeps off stderr what Orbax says of failures that are raised as errors as well."""

from __future__ import annotations

import functools
import logging
import sys

_OF_ORBAX = ("orbax", "OCDBT", "tensorstore")  # its code, the folders it writes, and the library that reads and writes


@functools.cache
def silence_repeated_errors() -> None:
    """Silence what is printed of a failed save or read beside the error that `Checkpoints` raises for it.

    Orbax reads and writes many arrays at once, and raises the error of the first that fails. It logs that error too.
    The errors of the other arrays, and of the closed event loop, are printed whenever Python collects their tasks.
    """
    logging.getLogger("absl").addFilter(lambda record: "orbax" not in record.pathname)
    logging.getLogger("asyncio").addFilter(lambda record: not of_orbax_task(record))
    before = sys.unraisablehook

    def hook(report: sys.UnraisableHookArgs) -> None:
        if "Event loop is closed" not in str(report.exc_value):
            before(report)

    sys.unraisablehook = hook


def of_orbax_task(record: logging.LogRecord) -> bool:
    """Return whether `record` is asyncio's report of a task of Orbax's whose error or end nobody waited for."""
    text = f"{record.getMessage()} {record.exc_info[1] if record.exc_info else ''}"
    forgotten = "exception was never retrieved" in text or "Task was destroyed but it is pending" in text
    return forgotten and any(word in text for word in _OF_ORBAX)
