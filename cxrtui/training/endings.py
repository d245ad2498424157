"""Describes how a run failed: what could not be written, what is safe, what the user can do, and the exit code."""

from __future__ import annotations

from pathlib import Path

from cxrtui.disk import explained, refusal
from cxrtui.errors import EXIT_FAULT, CheckpointError, CxrtuiError, DataError, TooLargeError
from cxrtui.runs.advice import named
from cxrtui.runs.beginnings import is_beginning
from cxrtui.runs.folder import Run, is_run
from cxrtui.runs.lock import RunLock
from cxrtui.settings.config import load
from cxrtui.weights import states


def described(run: Run, error: BaseException) -> tuple[str, int]:
    """Return what `error` means to the user, in a sentence, and its exit code."""
    if isinstance(error, CxrtuiError):
        return str(error), error.exit_code
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, OSError):
        why, file = refusal(error), Path(error.filename) if isinstance(error.filename, str) else None
        if file is not None and file.is_relative_to(run.folder):
            # If the disk does not refuse, something else is in the place of the file, such as a pipe or a folder.
            reason, remedy = (why.reason, why.remedy) if why else (explained(error), "check what is there")
            message = f"{file} cannot be written ({reason}); {safe(run)}; {remedy} and {again(run)}."
            return message, CheckpointError.exit_code
        if why is not None:
            place = file or "a file that the run needs"
            return f"{place} cannot be written ({why.reason}); {why.remedy} and {again(run)}.", DataError.exit_code
    if _memory_full(error):
        return f"The device's memory is full; {_smaller(run)}. ({explained(error)[:200]})", EXIT_FAULT
    return text, EXIT_FAULT


_CUT = ("gloo", "nccl", "coordination service", "connection closed", "connection reset", "socket closed")


def is_fault(error: BaseException) -> bool:
    """Return whether `error` may be another host's: none that cxrtui raises on purpose, the disk's, or full memory."""
    return not (isinstance(error, (CxrtuiError, OSError)) or _memory_full(error))


def _memory_full(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)


def is_cut(message: str) -> bool:
    """Return whether a message of a fault says that the connection to another host broke."""
    return any(word in message.lower() for word in _CUT)


def instead(run: Run, error: BaseException) -> dict[str, str]:
    """Return settings by key with which a run like this takes less memory, if `error` is that there was too little."""
    if isinstance(error, TooLargeError):
        return error.instead
    size = _batch_size(run) if _memory_full(error) else 0
    return {"optim.batch_size": str(size // 2)} if size >= 2 else {}


def _batch_size(run: Run) -> int:
    """Return how many films a step of `run` has; 0 if that is not known."""
    try:
        return load(run.config_file).optim.batch_size
    except CxrtuiError:
        return 0


def _smaller(run: Run) -> str:
    """Return a clause that says how a run like this takes less memory."""
    size = _batch_size(run)
    if size < 2:
        return "lower optim.batch_size or data.size"
    return f"start a run with optim.batch_size={size // 2} in place of {size}, or with a smaller data.size"


def gone(run: Run, lock: RunLock) -> CheckpointError:
    """Return the error of a run whose folder was moved or deleted while it was being written."""
    place = lock.place
    if lock.taken_over:
        return CheckpointError(
            f"This process did not answer for so long that another one took run {run.name} over; it writes no more."
        )
    if place is None:
        return CheckpointError(
            f"{run.folder} was deleted while run {run.name} was being written; what it held is lost, start a new run."
        )
    return CheckpointError(
        f"{run.folder} was renamed to {place} while run {run.name} was being written; {safe(Run(place))}; "
        f"{again(Run(place))}."
    )


def safe(run: Run) -> str:
    """Return a clause that names the checkpoint of `run` to go on from."""
    saved = states.steps(run.state)
    return f"the checkpoint of step {saved[-1]} is safe" if saved else "no checkpoint was saved yet"


def again(run: Run) -> str:
    """Return a clause that says how to go on with `run`."""
    try:
        started = is_run(run.folder) and not is_beginning(run)
    except OSError:
        started = True
    return f"go on with --resume {named(run)}" if started else "start the run again"
