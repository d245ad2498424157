"""The errors that a user can cause or must know of, each with the exit code of the command line.

::

    CxrtuiError            1  a fault of ours
    ├── UsageError         2  the command line or the configuration
    │   └── ConfigError       an unknown key, a value out of range
    │       ├── DivergedError    settings with which the loss is no longer a number
    │       └── TooLargeError    settings with which a run takes more memory than there is
    ├── DataError          3  the X-rays, their labels or their split
    │   ├── FilmError         one file that cannot be read as an image
    │   └── MovedError        the films of a run that goes on are not where they were
    │       └── OtherFilmsError  they are not what they were
    ├── WeightsError       4  weights that are missing, torn or do not fit
    │   ├── NotWrittenError   the disk refuses to write something to the shelf
    │   └── CheckpointError   a run whose state cannot be restored
    └── RefusedError       6  an evidence gate refused

Exit code 5, "stopped on request with a checkpoint saved", is an outcome and not an error: `EXIT_STOPPED`. `Cancelled`
ends work that is no longer wanted. It is not a `CxrtuiError`, so code that handles errors does not catch it.

A message is one sentence that says what is wrong, where, and what to do; it is shown without a traceback. Its text is
printable, whatever names and reasons it quotes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cxrtui.printable import printable_lines

EXIT_DONE = 0
EXIT_FAULT = 1
EXIT_STOPPED = 5


class CxrtuiError(Exception):
    """Base of every error that cxrtui raises on purpose."""

    exit_code = EXIT_FAULT

    def __str__(self) -> str:
        return printable_lines(super().__str__())


class UsageError(CxrtuiError):
    """The command line asks for something that is not possible."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration key is unknown or its value is not valid."""


class DivergedError(ConfigError):
    """With these settings the training loss became infinite or NaN; other settings may work."""


class TooLargeError(ConfigError):
    """With these settings a run takes more memory than there is.

    Attributes:
        instead: settings by key, as texts, with which it fits; empty if none are known.
    """

    def __init__(self, message: str, instead: Mapping[str, str]) -> None:
        super().__init__(message)
        self.instead = dict(instead)


class DataError(CxrtuiError):
    """The X-rays, their labels or their split cannot be used as they are."""

    exit_code = 3


class FilmError(DataError):
    """One file cannot be read as an image; the message is the reason, without the path."""


class MovedError(DataError):
    """The films of a run that is resumed are not where they were; the message says how to name their new place."""


class OtherFilmsError(MovedError):
    """Other films are in the place where the films of a resumed run were."""


class WeightsError(CxrtuiError):
    """Weights are missing, torn, or do not fit the network."""

    exit_code = 4


class NotWrittenError(WeightsError):
    """The disk refuses to write something to the shelf."""


class CheckpointError(WeightsError):
    """A run's saved state is missing, torn, or belongs to another network."""


class RefusedError(CxrtuiError):
    """The evidence does not support what was asked for."""

    exit_code = 6


class Cancelled(Exception):
    """The work was ended because it is no longer wanted; it leaves nothing half-done behind."""


CheckCancelled = Callable[[], None]
"""Long work calls this between two of its steps; it raises `Cancelled` if the work is no longer wanted."""


def never_cancelled() -> None:
    """Do nothing: a `CheckCancelled` for work that is never cancelled."""


def cancelled_when(asked: Callable[[], bool]) -> CheckCancelled:
    """Return a `CheckCancelled` that raises once `asked` returns True."""

    def check() -> None:
        if asked():
            raise Cancelled

    return check
