"""Writes to the log of a run whose process died."""

from __future__ import annotations

from cxrtui.runner.ending import tell_user
from cxrtui.runner.log import Log
from cxrtui.runs import codec, events
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config
from cxrtui.training.mirror import Mirror


def record(run: Run, settings: Config, failed: events.Failed, *, take_over: bool = False) -> str:
    """Write the last line of a run whose process died without one, and return it; an ended run's log stays as it is.

    The last copy of ``run.mirror`` is made, and the user's command runs, as after any other end. With `take_over` the
    process that wrote the run may not be dead: it does not answer.

    Raises:
        CxrtuiError: another process writes the run by now, or the disk refuses.
        OSError: the line could not be written.
    """
    log = Log(run, None)
    log.lock = run.acquire(take_over=take_over)
    try:
        log.go_on()
        state = run.read()
        if not state.live and state.status != "empty":
            return codec.encode(failed)
        line = log.append(failed)
        log.add(Mirror(run, settings.run.mirror).once())
        tell_user(run, settings, failed.exit_code, log)
        return line
    finally:
        log.lock.release()


def warn(run: Run, warning: events.Warned, *, take_over: bool = False) -> None:
    """Write a warning to the log of a run whose process died, before another one goes on with it; see `record`.

    Raises:
        CxrtuiError, OSError: as `record`.
    """
    log = Log(run, None)
    log.lock = run.acquire(take_over=take_over)
    try:
        log.append(warning)
    finally:
        log.lock.release()
