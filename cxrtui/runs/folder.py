"""The folder of a run: its layout, and methods that read and steer the run from any process.

::

    checkpoints/<run>/
        config.toml      the configuration
        manifest.json    id, versions, seed, device, data fingerprint
        events.jsonl     append-only log, the only interface to programs that show the run
        summary.json     the places in the log of the lines that a list of runs needs
        control          replaced atomically: the latest commands to the run
        lock             held by the process that writes the run; its pid
        heartbeat        touched by that process, for other machines that share the folder
        splits.csv       which film is in which split
        state/           Orbax checkpoints
        evaluation/      metrics and predictions of the best weights
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from cxrtui.disk import explained, refusal
from cxrtui.errors import CheckpointError, UsageError
from cxrtui.files import is_there, open_file
from cxrtui.runs import control, events, lock, log
from cxrtui.runs.reading import read_log
from cxrtui.runs.state import RunState, with_problem
from cxrtui.runs.tail import EventTail, cannot


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

    def holder(self) -> int | None:
        """Return the pid of the process that writes the run, or None."""
        return lock.holder(self.lock_file)

    def stopping(self) -> bool:
        """Return whether the process that writes the run was asked to stop and has not stopped yet."""
        began = lock.held_since(self.lock_file)
        return began is not None and any(word == "stop" and asked >= began for word, asked in self.read_commands())

    def acquire(self) -> lock.RunLock:
        """Take and return the lock that gives the right to write this run.

        Raises:
            UsageError: another process holds it.
            CheckpointError: the disk refuses.
        """
        try:
            return lock.RunLock(self.lock_file)
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
        """Ask the run to pause, resume, checkpoint or stop; the run reports this in its log.

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
            if self.folder.is_symlink():
                self.folder.unlink()
            else:
                shutil.rmtree(self.folder)
        except OSError as error:
            raise UsageError(f"Run {self.name} cannot be deleted: {explained(error)}.") from None


def is_run(folder: Path) -> bool:
    """Return whether `folder` looks like a run, so that nothing else is listed, resumed or deleted as a run.

    Only the names of its files count, so a run whose files cannot be read is found too.
    """
    return is_there(folder / "config.toml") and is_there(folder / "events.jsonl")
