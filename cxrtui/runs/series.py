"""A series of ordinary runs that are trained one after the other: the trials of a study, the folds of a protocol.

A run of a series has a name that follows from the series, so that a series that was stopped or killed finds the runs
that it has begun, and goes on with them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from cxrtui.errors import CxrtuiError
from cxrtui.runs.events import Event
from cxrtui.runs.folder import Run, is_run
from cxrtui.runs.listing import new_run
from cxrtui.settings.config import Config, load
from cxrtui.settings.sections import FILES

OnEvent = Callable[[str, Event], None]
_PLACES = ("data.source", *FILES)  # where files lie, which may be another path on another machine


class Drive(Protocol):
    """Trains a run to its end, as ``runner.drive`` does; the runner lies above what drives a series, so it is given."""

    def __call__(
        self, run: Run, settings: Config, *, resume: bool, should_stop: Callable[[], bool | str], on_event: OnEvent
    ) -> int:
        """Return the exit code; `should_stop` returns True, or the reason, to stop the run with a checkpoint."""


class SeriesError(CxrtuiError):
    """The series cannot go on: a run of it failed, or its name is taken."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def check_own(run: Run, config: Config, series: str) -> None:
    """Check that a run that exists is one of this series, and not an earlier one's or a user's of the same name.

    Args:
        run: the run, which need not exist.
        config: the settings that the series trains it with.
        series: what the message calls it, such as ``this study``.

    Raises:
        SeriesError: its settings differ; the message names the first that does.
    """
    if not is_run(run.folder):
        return
    try:
        own, wanted = load(run.config_file).as_dict(), config.as_dict()
    except CxrtuiError as error:
        raise SeriesError(f"{run.folder} has the name of a run of {series}, but {error}", error.exit_code) from None
    for section, body in wanted.items():
        for key, value in body.items():
            name = f"{section}.{key}"
            if name not in _PLACES and own[section][key] != value:
                raise SeriesError(
                    f"{run.folder} has the name of a run of {series}, but another {name} ({own[section][key]}, not "
                    f"{value}); move it away or delete it (cxrtui runs delete {run.name}), and go on.", 2
                )  # fmt: skip


def train(run: Run, config: Config, drive: Drive, should_stop: Callable[[], bool | str], on_event: OnEvent) -> int:
    """Train a run, or go on with it if it has begun, and return its exit code."""
    begun = is_run(run.folder)
    if not begun:
        run = new_run(run.folder.parent, run.name)
    return drive(run, config, resume=begun, should_stop=should_stop, on_event=on_event)
