"""Keeps Orbax quiet about failures that are raised as errors as well."""

from __future__ import annotations

import functools
import logging
import sys


@functools.cache
def silence_failed_saves() -> None:
    """Silence Orbax's log of a save that failed, because `Checkpoints.wait` raises the same error.

    Orbax writes many arrays at once. It raises the error of the first that fails; asyncio would print the others
    whenever Python collects their tasks.
    """
    logging.getLogger("absl").addFilter(lambda record: "orbax" not in record.pathname)
    logging.getLogger("asyncio").addFilter(lambda record: not of_orbax_task(record))
    silence_late_readers()  # a failed save leaves tasks behind as a failed read does


def of_orbax_task(record: logging.LogRecord) -> bool:
    """Whether asyncio reports with `record` the error of a task of Orbax's that nobody waited for."""
    message = f"{record.getMessage()} {record.exc_info[1] if record.exc_info else ''}"
    forgotten = "exception was never retrieved" in message or "Task was destroyed but it is pending" in message
    return forgotten and any(word in message for word in ("orbax", "OCDBT", "tensorstore"))


@functools.cache
def silence_late_readers() -> None:
    """Silence the errors of Orbax's other reads after the first torn array, and those about the closed event loop.

    The first error is raised; the others would be printed whenever Python collects their tasks.
    """
    before = sys.unraisablehook

    def hook(told: sys.UnraisableHookArgs) -> None:
        if "Event loop is closed" not in str(told.exc_value):
            before(told)

    def by_tensorstore(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return "Task exception was never retrieved" in record.getMessage() and "tensorstore_spec" in str(error)

    sys.unraisablehook = hook
    logging.getLogger("asyncio").addFilter(lambda record: not by_tensorstore(record))
