"""A run is a folder; this module is its layout, and how to read and steer it from any process.

::

    checkpoints/<run>/
        config.toml      what was asked for
        manifest.json    versions, seed, device, data fingerprint
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
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cxrtui import events
from cxrtui.errors import UsageError
from cxrtui.progress import RunState, fold_all

COMMANDS = ("pause", "resume", "checkpoint", "stop")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TAIL_BYTES = 512 * 1024


def write_atomic(path: Path, text: str) -> None:
    """Replace `path` with `text` so that a reader sees the old or the new, never a part (temp, fsync, replace)."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


class EventTail:
    """Reads a growing events.jsonl; what follows the last newline is kept for the next poll, so never torn."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._rest = b""

    def poll(self) -> list[events.Event]:
        """The events that were completed since the last call; unreadable lines are skipped."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                chunk = file.read()
        except FileNotFoundError:
            return []
        self._offset += len(chunk)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [event for line in lines if line and (event := events.decode(line)) is not None]


class RunLock:
    """Exclusive right to write a run; the kernel drops it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a+")
        # A watcher holds the lock for an instant each time it asks `Run.alive`; a writer holds it for good.
        for _ in range(20):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                time.sleep(0.01)
        else:
            self._file.close()
            raise UsageError(
                f"Run {path.parent.name} is being written by another process; attach to it or stop it first."
            )
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def release(self) -> None:
        """Give the right back."""
        self._file.close()


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
        return fold_all(self.tail().poll())

    def summary(self) -> RunState:
        """The end of the log folded, back to the last verdict: status and best values of a long run, at once."""
        try:
            size = self.events_file.stat().st_size
        except OSError:
            return RunState()
        length = _TAIL_BYTES
        while True:
            tail = self.tail()
            tail._offset = max(0, size - length)
            state = fold_all(tail.poll())
            if state.early is not None or length >= size:
                return state
            length *= 8  # a very long epoch: the last verdict is further back

    def alive(self) -> bool:
        """Whether some process holds the run's lock right now."""
        try:
            with (self.folder / "lock").open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: watchers do not see each other
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return False

    def acquire(self) -> RunLock:
        """The right to write this run.

        Raises:
            UsageError: another process has it.
        """
        return RunLock(self.folder / "lock")

    def holder(self) -> int | None:
        """The pid of the process that writes the run, or None."""
        if not self.alive():
            return None
        try:
            return int((self.folder / "lock").read_text())
        except (OSError, ValueError):
            return None

    def beat(self) -> None:
        """Say that the writer lives."""
        (self.folder / "heartbeat").touch()

    def command(self, command: str) -> None:
        """Ask the run to pause, resume, checkpoint or stop; it answers in its log."""
        if command not in COMMANDS:
            raise ValueError(f"not a command: {command}")
        kept = [*self.read_commands()[-7:], (command, time.time_ns())]
        body = {"commands": [{"command": word, "id": number} for word, number in kept]}
        write_atomic(self.folder / "control", json.dumps(body))

    def read_commands(self) -> list[tuple[str, int]]:
        """The latest commands with their ids, oldest first."""
        try:
            body = json.loads((self.folder / "control").read_text(encoding="utf-8"))
            commands = [(str(item["command"]), int(item["id"])) for item in body["commands"]]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return []
        return [item for item in commands if item[0] in COMMANDS]

    def read_command(self) -> tuple[str, int] | None:
        """The latest command and its id, or None."""
        return self.read_commands()[-1] if self.read_commands() else None

    def append(self, event: events.Event) -> str:
        """Write one line to the log, in one system call, and return it without its newline."""
        line = events.encode(event)
        descriptor = os.open(self.events_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line.encode() + b"\n")
        finally:
            os.close(descriptor)
        return line

    def mend_log(self) -> None:
        """End a line that a killed process left unfinished, so that the next event starts on its own."""
        try:
            with self.events_file.open("rb+") as file:
                if file.seek(0, os.SEEK_END) and file.seek(-1, os.SEEK_END) is not None and file.read(1) != b"\n":
                    file.write(b"\n")
        except FileNotFoundError:
            return

    def delete(self) -> None:
        """Remove the folder and everything in it.

        Raises:
            UsageError: the run is being written.
        """
        if self.alive():
            raise UsageError(f"Run {self.name} is live; stop it before deleting it.")
        shutil.rmtree(self.folder)


def is_run(folder: Path) -> bool:
    """Whether `folder` looks like a run, so that nothing else is ever listed, resumed or deleted as one."""
    try:
        return (folder / "config.toml").is_file() and (folder / "events.jsonl").is_file()
    except OSError:  # another user's, or a name that cannot be one
        return False


def all_runs(checkpoints: Path) -> list[Run]:
    """Every run below `checkpoints`, the one that was active last first."""
    found: list[tuple[float, Run]] = []
    try:
        for path in checkpoints.iterdir():
            if is_run(path):
                with contextlib.suppress(OSError):  # deleted meanwhile
                    found.append((Run(path).events_file.stat().st_mtime, Run(path)))
    except OSError:
        pass
    return [run for _, run in sorted(found, key=lambda item: -item[0])]


def find_run(checkpoints: Path, name: str) -> Run:
    """The run called `name`, or at the path `name`.

    Raises:
        UsageError: there is none; the message lists some that are.
    """
    for folder in (checkpoints / name, Path(name)):
        if is_run(folder):
            return Run(folder.resolve())
    known = ", ".join(run.name for run in all_runs(checkpoints)[:5]) or "none yet"
    raise UsageError(f"No run {name!r} in {checkpoints}; runs there: {known}.")


def new_run(checkpoints: Path, name: str = "") -> Run:
    """A run folder that did not exist, created empty; without a name, one from date and time.

    Raises:
        UsageError: the name is taken, or not letters, digits, dots, dashes and underscores.
    """
    if name and not _NAME.fullmatch(name):
        raise UsageError(f"A run's name holds letters, digits, '.', '-' and '_' only (64 at most), not {name!r}.")
    try:
        checkpoints.mkdir(parents=True, exist_ok=True)
        for candidate in [name] if name else _fresh_names():
            try:
                (checkpoints / candidate).mkdir()
            except FileExistsError:
                # One that was asked for and is empty was left by a process that died at once.
                if not name or any((checkpoints / candidate).iterdir()):
                    continue
            return Run((checkpoints / candidate).resolve())
    except OSError as error:
        raise UsageError(f"Cannot create a run in {checkpoints}: {error.strerror or error}.") from None
    raise UsageError(
        f"Run {name} exists; go on with it (--resume {name}), delete it (cxrtui runs delete {name}), "
        "or choose another name."
    )


def fresh_name(checkpoints: Path) -> str:
    """A name from date and time that no run has yet."""
    return next(name for name in _fresh_names() if not (checkpoints / name).exists())


def _fresh_names() -> Iterator[str]:
    stem = time.strftime("%Y%m%d-%H%M%S")
    yield stem
    for number in range(2, 100):
        yield f"{stem}-{number}"
