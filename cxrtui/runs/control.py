"""The `control` file in a run's folder holds the latest commands to it; it is replaced as a whole for each command."""

from __future__ import annotations

import json
import time
from pathlib import Path

from cxrtui.disk import explained, refusal
from cxrtui.errors import UsageError
from cxrtui.files import read_text, write_atomic

COMMANDS = ("pause", "resume", "checkpoint", "stop", "stop-after-epoch", "keep-going")
"""The commands; ``stop-after-epoch`` stops a run after its next validation, unless ``keep-going`` takes that back."""
_KEPT = 8
_MOST = 1 << 16  # bytes of the file at most


def ask(file: Path, command: str) -> None:
    """Add `command` to the latest commands in `file`.

    Raises:
        UsageError: the disk refuses.
    """
    if command not in COMMANDS:
        raise ValueError(f"not a command: {command}")
    kept = [*read(file)[1 - _KEPT :], (command, time.time_ns())]
    body = {"commands": [{"command": word, "id": number} for word, number in kept]}
    try:
        write_atomic(file, json.dumps(body))
    except OSError as error:
        why = refusal(error)
        remedy = why.remedy if why else "check what is there"
        raise UsageError(
            f"Run {file.parent.name} cannot be asked to {command}: {file} cannot be written "
            f"({explained(error)}); {remedy}, or send SIGTERM to its process to stop it."
        ) from None


def read(file: Path) -> list[tuple[str, int]]:
    """Return the latest commands with their ids, oldest first; unknown commands are skipped.

    An id is the time of the command in nanoseconds since the epoch.
    """
    try:
        body = json.loads(read_text(file, _MOST))
        commands = [(item["command"], item["id"]) for item in body["commands"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []
    return [(word, number) for word, number in commands if word in COMMANDS and type(number) is int]
