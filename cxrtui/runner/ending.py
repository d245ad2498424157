"""What follows the last step of a run: its last event, a traceback, and the user's command."""

from __future__ import annotations

import dataclasses
import traceback

from cxrtui.disk import explained
from cxrtui.errors import EXIT_DONE, EXIT_FAULT, EXIT_STOPPED
from cxrtui.files import write_atomic
from cxrtui.runner.log import Log
from cxrtui.runs import codec, events, notify
from cxrtui.runs.describe import describe
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config
from cxrtui.training import endings


def ended_by(why: str, stopped: events.Stopped, run: Run, error: str) -> events.Failed:
    """Return the last event of a run that was stopped because the program around it failed."""
    message = f"{why}; {endings.safe(run)}; {endings.again(run)}."
    return events.Failed(error=error, message=message, exit_code=EXIT_FAULT, step=stopped.step)


def failed_by(run: Run, error: Exception, log: Log) -> int:
    """Turn an exception into the run's last event, and keep its traceback beside the log."""
    if log.lock is not None and not log.lock.holds:  # the folder has moved, which explains any other error
        error = endings.gone(run, log.lock)
        if log.lock.place is not None and not log.lock.taken_over:
            log.run = Run(log.lock.place)
    message, code = endings.described(run, error)
    gone = log.run is run and log.lock is not None and not log.lock.holds
    name = "" if gone else keep_traceback(log.run, error)
    failed = events.Failed(error=type(error).__name__, message=message, exit_code=code, step=log.step, traceback=name,
                           instead=endings.instead(run, error))  # fmt: skip
    line = codec.encode(failed)
    if not gone:
        try:
            line = log.append(failed)
        except OSError as full:  # the disk that the run needs may be the one that failed
            if not (isinstance(error, OSError) and error.filename == full.filename):
                both = f"{message} The log {full.filename} cannot be written either ({explained(full)})."
                line = codec.encode(failed := dataclasses.replace(failed, message=both))
    log.notify(line, failed)
    return code


def keep_traceback(run: Run, error: Exception) -> str:
    """Write the traceback of `error` beside the log, and return the file's name, or "" if it cannot be written."""
    name = "traceback.txt"
    try:
        write_atomic(run.folder / name, "".join(traceback.format_exception(error)))
    except OSError:
        return ""
    return name


def tell_user(run: Run, settings: Config, code: int, log: Log) -> None:
    """Run the user's command; if it fails, the log has a warning."""
    status = {EXIT_DONE: "finished", EXIT_STOPPED: "stopped"}.get(code, "failed")
    lines = [line.text for event in (log.ended, log.tested) if event is not None and (line := describe(event))]
    message = f"Run {run.name} {status}: {' · '.join(lines)}"
    if why := notify.notify(settings.run.notify, log.run, status, message):
        warning = events.Warned(code="notify", message=f"The command of run.notify failed: {why}.")
        log.add([warning])
