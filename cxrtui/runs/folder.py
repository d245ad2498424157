"""A run is a folder; this module is its layout, and how to read and steer it from any process.

::

    checkpoints/<run>/
        config.toml      what was asked for
        manifest.json    id, versions, seed, device, data fingerprint
        events.jsonl     append-only log, the only interface to whatever watches
        control          replaced atomically: the latest commands to the run
        lock             held by the process that writes the run; its pid
        heartbeat        touched by that process, for whoever shares the folder but not the machine
        splits.csv       which film is in which part
        state/           Orbax checkpoints
        evaluation/      metrics and predictions of the best weights
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from cxrtui.disk import explained, refusal
from cxrtui.errors import CheckpointError, UsageError
from cxrtui.files import is_there, open_file, read_text, write_atomic
from cxrtui.runs import events
from cxrtui.runs.lock import RunLock
from cxrtui.runs.state import RunState, fold_all, with_problem
from cxrtui.runs.tail import EventTail, cannot

COMMANDS = ("pause", "resume", "checkpoint", "stop")
_TAIL_BYTES = 512 * 1024
_SUMMARY_MOST = 1 << 28  # bytes of a log that are looked through for its last verdict
_SMALL = 1 << 16  # bytes of a lock or a control file at most


@dataclass(frozen=True)
class Run:
    """One run folder; it need not exist yet."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def config_file(self) -> Path:
        """The run's config.toml."""
        return self.folder / "config.toml"

    @property
    def manifest_file(self) -> Path:
        """The run's manifest.json."""
        return self.folder / "manifest.json"

    @property
    def events_file(self) -> Path:
        """The run's log."""
        return self.folder / "events.jsonl"

    @property
    def splits_file(self) -> Path:
        """The run's splits.csv."""
        return self.folder / "splits.csv"

    @property
    def state(self) -> Path:
        """Folder of the Orbax checkpoints."""
        return self.folder / "state"

    @property
    def evaluation(self) -> Path:
        """Folder of metrics and predictions."""
        return self.folder / "evaluation"

    def tail(self) -> EventTail:
        """A reader of the log from its beginning."""
        return EventTail(self.events_file)

    def read(self) -> RunState:
        """The whole log, folded."""
        return self._folded(self.tail())

    def _folded(self, tail: EventTail) -> RunState:
        return with_problem(fold_all(tail.poll()), tail.problem or self._other_problem())

    def _other_problem(self) -> str:
        """What is wrong with the configuration, as far as can be seen without reading it."""
        try:
            open_file(self.config_file).close()
        except OSError as error:
            return cannot(self.config_file, error)
        return ""

    def summary(self) -> RunState:
        """The end of the log folded, back to the last verdict: status and best values of a long run, at once."""
        try:
            size = self.events_file.stat().st_size
        except OSError:
            return self.read()  # which says why
        length = _TAIL_BYTES
        while True:
            tail = self.tail()
            tail._offset = max(0, size - length)
            state = self._folded(tail)
            if state.early is not None or length >= min(size, _SUMMARY_MOST):
                return state
            length *= 8  # a very long epoch: the last verdict is further back

    def alive(self) -> bool:
        """Whether some process holds the run's lock right now."""
        try:
            with open_file(self.folder / "lock") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: watchers do not see each other
        except (BlockingIOError, PermissionError):
            return True
        except OSError:  # not there, or no file: nobody holds it
            return False
        return False

    def acquire(self) -> RunLock:
        """The right to write this run.

        Raises:
            UsageError: another process has it.
            CheckpointError: the disk refuses.
        """
        try:
            return RunLock(self.folder / "lock")
        except OSError as error:
            why = refusal(error)
            remedy = why.remedy if why else "check the folder"
            raise CheckpointError(
                f"Run {self.name} cannot be written to ({self.folder / 'lock'}: {explained(error)}); {remedy}."
            ) from None

    def holder(self) -> int | None:
        """The pid of the process that writes the run, or None."""
        if not self.alive():
            return None
        try:
            return int(read_text(self.folder / "lock", _SMALL))
        except (OSError, ValueError):
            return None

    def held_since(self) -> int | None:
        """When the process that writes the run took it, in nanoseconds, as the ids of commands are; None where none."""
        try:
            return (self.folder / "lock").stat().st_mtime_ns if self.alive() else None
        except OSError:
            return None

    def beat(self) -> None:
        """Say that the writer lives, where the disk lets it: no reason to end."""
        with contextlib.suppress(OSError):
            (self.folder / "heartbeat").touch()

    def command(self, command: str) -> None:
        """Ask the run to pause, resume, checkpoint or stop; it answers in its log.

        Raises:
            UsageError: the disk refuses.
        """
        if command not in COMMANDS:
            raise ValueError(f"not a command: {command}")
        kept = [*self.read_commands()[-7:], (command, time.time_ns())]
        body = {"commands": [{"command": word, "id": number} for word, number in kept]}
        try:
            write_atomic(self.folder / "control", json.dumps(body))
        except OSError as error:
            why = refusal(error)
            remedy = why.remedy if why else "check what is there"
            raise UsageError(
                f"Run {self.name} cannot be asked to {command}: {self.folder / 'control'} cannot be written "
                f"({explained(error)}); {remedy}, or send SIGTERM to its process to stop it."
            ) from None

    def read_commands(self) -> list[tuple[str, int]]:
        """The latest commands with their ids, oldest first; what is no command of ours is passed over."""
        try:
            body = json.loads(read_text(self.folder / "control", _SMALL))
            commands = [(item["command"], item["id"]) for item in body["commands"]]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return []
        return [(word, number) for word, number in commands if word in COMMANDS and type(number) is int]

    def read_command(self) -> tuple[str, int] | None:
        """The latest command and its id, or None."""
        return self.read_commands()[-1] if self.read_commands() else None

    def append(self, event: events.Event) -> str:
        """Write one line to the log, in one system call, and return it without its newline.

        A line before it that was cut, by a full disk or with its process, is ended first.

        Raises:
            OSError: the line could not be written, or not to its end; `filename` is the log.
        """
        line = events.encode(event)
        rest = line.encode() + b"\n"
        try:
            if self._log_is_cut():
                rest = b"\n" + rest
            # Not blocking: a pipe in its place must end the run, not hold it.
            descriptor = os.open(self.events_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o644)
            try:
                while rest:  # a disk that fills up takes a part first, and says so only then
                    rest = rest[os.write(descriptor, rest) :]
            finally:
                os.close(descriptor)
        except OSError as error:
            error.filename = str(self.events_file)
            raise
        return line

    def _log_is_cut(self) -> bool:
        """Whether the log's last line has no end."""
        try:
            with open_file(self.events_file) as file:
                if file.seek(0, os.SEEK_END) == 0:
                    return False
                file.seek(-1, os.SEEK_END)
                return file.read(1) != b"\n"
        except FileNotFoundError:
            return False

    def delete(self) -> None:
        """Remove the folder and everything in it; of a symbolic link, and of those in the folder, only the link.

        Raises:
            UsageError: the run is being written, or the disk refuses.
        """
        if self.alive():
            raise UsageError(f"Run {self.name} is live; stop it before deleting it.")
        try:
            if self.folder.is_symlink():
                self.folder.unlink()
            else:
                shutil.rmtree(self.folder)
        except OSError as error:
            raise UsageError(f"Run {self.name} cannot be deleted: {explained(error)}.") from None


def is_run(folder: Path) -> bool:
    """Whether `folder` looks like a run, so that nothing else is ever listed, resumed or deleted as one.

    What cannot be read of it does not hide it: whatever has the names counts.
    """
    return is_there(folder / "config.toml") and is_there(folder / "events.jsonl")
