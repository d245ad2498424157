"""Runs the user's command when a run has ended, so that a message can be sent, for example.

The command is the setting ``run.notify``. No shell reads it, and what happened is in its environment alone, so no name
or reason can become a part of the command.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import tempfile

from cxrtui.disk import explained
from cxrtui.printable import printable
from cxrtui.runs.folder import Run

SECONDS = 30.0
"""How long the command may take."""
_TAIL = 300  # characters of its output that a warning repeats


def words_of(command: str) -> list[str]:
    """Return the program and its arguments; empty if there is no command. A leading ``~`` of the program is resolved.

    Raises:
        ValueError: a quotation in `command` is not closed.
    """
    words = shlex.split(command)
    return [os.path.expanduser(words[0]), *words[1:]] if words else []


def notify(command: str, run: Run, status: str, message: str, seconds: float = SECONDS) -> str:
    """Run `command`, and return why that failed, or an empty string.

    Its environment has CXRTUI_RUN (the name), CXRTUI_FOLDER (of the run), CXRTUI_STATUS and CXRTUI_MESSAGE. It reads
    nothing, what it prints to stdout is dropped, and after `seconds` it is killed with all that it started.

    Args:
        command: a line that `shlex.split` takes apart.
        run: the run that has ended.
        status: finished, stopped or failed.
        message: a sentence for people.
        seconds: how long it may take.
    """
    outcome = {"CXRTUI_RUN": run.name, "CXRTUI_FOLDER": str(run.folder.absolute()), "CXRTUI_STATUS": status,
            "CXRTUI_MESSAGE": printable(message)}  # fmt: skip
    try:
        words = words_of(command)
        if not words:
            return ""
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                words, env=os.environ | outcome, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
                start_new_session=True,
            )  # fmt: skip
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                return f"it took more than {seconds:g} s and was ended"
            finally:
                _end(process)
            if not code:
                return ""
            errors.seek(max(0, errors.seek(0, os.SEEK_END) - _TAIL))
            output = printable(" ".join(errors.read().decode(errors="replace").split()))
            return f"exit {code}" + (f": {output}" if output else "")
    except ValueError as error:
        return str(error)
    except OSError as error:
        return f"{printable(str(error.filename or command))}: {explained(error)}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the command and what it has started, if it still runs."""
    if process.poll() is None:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
