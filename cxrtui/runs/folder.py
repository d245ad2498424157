"""The folder of a run: its layout, and methods that read and steer the run from any process.

::

    checkpoints/<run>/
        config.toml      the configuration
        manifest.json    id, versions, seed, device, data fingerprint
        events.jsonl     append-only log, the only interface to programs that show the run
        summary.json     the places in the log of the lines that a list of runs needs
        control          replaced atomically: the latest commands to the run
        stderr.txt       what libraries printed while a process trained that no terminal shows
        lock             held by the process that writes the run; its pid and machine
        heartbeat        touched by that process, for other machines that share the folder
        splits.csv       which film is in which split
        state/           Orbax checkpoints
        evaluation/      metrics and predictions of the best weights
        notes.toml       what people note about the run, and its tags
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

from cxrtui.disk import explained, refusal
from cxrtui.errors import CheckpointError, UsageError
from cxrtui.files import is_there, open_file, remove_folder
from cxrtui.runs import control, events, lock, log
from cxrtui.runs.reading import read_log
from cxrtui.runs.state import RunState, with_problem
from cxrtui.runs.tail import EventTail, cannot

BIN = ".bin"
"""The folder in `checkpoints/` to which deleted runs are moved."""
FRESH_SECONDS = 300.0
"""Age of a heartbeat up to which its process counts as alive; compiling takes minutes without one."""


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
    def stderr_file(self) -> Path:
        """What was printed to stderr by a process that trained without a terminal."""
        return self.folder / "stderr.txt"

    @property
    def state(self) -> Path:
        """Folder of the Orbax checkpoints."""
        return self.folder / "state"

    @property
    def evaluation(self) -> Path:
        """Folder of metrics and predictions."""
        return self.folder / "evaluation"

    @property
    def profile(self) -> Path:
        """The folder of the trace of ``run.profile``."""
        return self.folder / "profile"

    @property
    def lock_file(self) -> Path:
        """The run's lock."""
        return self.folder / "lock"

    @property
    def control_file(self) -> Path:
        """The latest commands to the run."""
        return self.folder / "control"

    def tail(self) -> EventTail:
        """Return a reader of the log from its beginning."""
        return EventTail(self.events_file)

    def read(self) -> RunState:
        """Return the state that the whole log folds into."""
        state = read_log(self.events_file)
        return with_problem(state, state.problem or self.config_problem())

    def config_problem(self) -> str:
        """Return why config.toml cannot be opened; empty if it can. Its content is not read."""
        try:
            open_file(self.config_file).close()
        except OSError as error:
            return cannot(self.config_file, error)
        return ""

    def alive(self) -> bool:
        """Return whether some process holds the run's lock right now."""
        return lock.held(self.lock_file)

    def seems_alive(self) -> bool:
        """Return whether some process holds the lock, or a process of another machine has a fresh heartbeat.

        Not every shared folder shows the locks of other machines, but all show when a file was touched.
        """
        return self.alive() or (self._beats() and lock.taken_elsewhere(self.lock_file))

    def _beats(self) -> bool:
        """Return whether the heartbeat was touched less than `FRESH_SECONDS` ago."""
        try:
            return abs(time.time() - (self.folder / "heartbeat").stat().st_mtime) < FRESH_SECONDS
        except OSError:
            return False

    def holder(self) -> int | None:
        """Return the pid of the process that writes the run, or None."""
        return lock.holder(self.lock_file)

    def stopping(self) -> bool:
        """Return whether the process that writes the run was asked to stop and has not stopped yet."""
        return "stop" in self._commands_of_holder()

    def stopping_after_epoch(self) -> bool:
        """Return whether the process that writes the run was asked to stop at the end of its epoch."""
        asked = [word for word in self._commands_of_holder() if word in ("stop-after-epoch", "keep-going")]
        return asked[-1:] == ["stop-after-epoch"]

    def _commands_of_holder(self) -> list[str]:
        """Return the commands to the process that writes the run, oldest first."""
        since = lock.held_since(self.lock_file)
        return [] if since is None else [word for word, asked in self.read_commands() if asked >= since]

    def acquire(self, *, take_over: bool = False) -> lock.RunLock:
        """Take and return the lock that gives the right to write this run; with `take_over` from a process that hangs.

        Raises:
            UsageError: another process holds it.
            CheckpointError: the disk refuses.
        """
        try:
            return lock.RunLock(self.lock_file, take_over=take_over)
        except OSError as error:
            why = refusal(error)
            remedy = why.remedy if why else "check the folder"
            raise CheckpointError(
                f"Run {self.name} cannot be written to ({self.lock_file}: {explained(error)}); {remedy}."
            ) from None

    def beat(self) -> None:
        """Touch the heartbeat; an error of the disk is ignored, because it need not end the run."""
        with contextlib.suppress(OSError):
            (self.folder / "heartbeat").touch()

    def command(self, command: str) -> None:
        """Give the run one of `control.COMMANDS`; the run reports in its log what it does.

        Raises:
            UsageError: the disk refuses.
        """
        control.ask(self.control_file, command)

    def read_commands(self) -> list[tuple[str, int]]:
        """Return the latest commands with their ids, oldest first."""
        return control.read(self.control_file)

    def read_command(self) -> tuple[str, int] | None:
        """Return the latest command and its id, or None."""
        commands = self.read_commands()
        return commands[-1] if commands else None

    def append(self, event: events.Event) -> str:
        """Write one line to the log, and return it without its newline.

        Raises:
            OSError: as `log.append`.
        """
        return log.append(self.events_file, event).line

    def delete(self) -> None:
        """Remove the folder and everything in it; of a symbolic link, here or in the folder, only the link.

        Raises:
            UsageError: the run is being written, or the disk refuses.
        """
        if self.alive():
            raise UsageError(f"Run {self.name} is live; stop it before deleting it.")
        try:
            remove_folder(self.folder)
        except OSError as error:
            raise UsageError(f"Run {self.name} cannot be deleted: {explained(error)}.") from None


RUN_FILES = ("config.toml", "events.jsonl")
"""The files that make a folder a run."""


def is_run(folder: Path) -> bool:
    """Return whether `folder` looks like a run, so that nothing else is listed, resumed or deleted as a run.

    Only the names of its files count, so a run whose files cannot be read is found too.
    """
    return all(is_there(folder / name) for name in RUN_FILES)
