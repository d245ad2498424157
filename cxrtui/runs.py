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
import difflib
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
from cxrtui.disk import explained, refusal
from cxrtui.errors import CheckpointError, UsageError
from cxrtui.files import is_there, open_file, read_text
from cxrtui.progress import RunState, fold_all, with_problem

COMMANDS = ("pause", "resume", "checkpoint", "stop")
_BEGINNING = ("lock", "config.toml", "events.jsonl", "heartbeat", "control", "traceback.txt")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TAIL_BYTES = 512 * 1024
_SUMMARY_MOST = 1 << 28  # bytes of a log that are looked through for its last verdict
_BLOCK = 1 << 20
_LINE_MOST = 1 << 26  # a list of a hundred thousand unreadable films is a third of it
_POLL_MOST = 1 << 28  # bytes that a poll passes over within one line
_SMALL = 1 << 16  # bytes of a lock or a control file at most
_LOCK_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC


def write_atomic(path: Path, text: str) -> None:
    """Replace `path` with `text` so that a reader sees the old or the new, never a part (temp, fsync, replace).

    Raises:
        OSError: the disk refuses; `filename` is `path`.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise
    finally:
        temporary.unlink(missing_ok=True)


class EventTail:
    """Reads a growing events.jsonl; what follows the last newline is kept for the next poll, so never torn.

    A line longer than `_LINE_MOST` bytes is passed over without being held. `problem` says what could not be read:
    the file, or lines that name an event and do not hold one. Lines that are torn, of another program or of a newer
    version are none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._rest = bytearray()
        self._passing = False  # within a line that is too long
        self._unreadable = self._damage = ""
        self._damaged = 0

    @property
    def problem(self) -> str:
        """What of the log could not be read so far; empty where all could."""
        if self._unreadable or not self._damaged:
            return self._unreadable
        more = f", and {self._damaged - 1} more of its lines" if self._damaged > 1 else ""
        return f"part of {self.path.name} cannot be read: {self._damage}{more}"

    def poll(self) -> list[events.Event]:
        """The events that were completed since the last call; unreadable lines are skipped."""
        found: list[events.Event] = []
        try:
            with open_file(self.path) as file:
                file.seek(self._offset)
                most = self._offset + _POLL_MOST
                while self._offset < most and (block := file.read(_BLOCK)):
                    self._offset += len(block)
                    self._take(block, found)
                    most = most if self._passing else self._offset + _POLL_MOST
            self._unreadable = ""
        except FileNotFoundError as error:
            self._unreadable = _cannot(self.path, error) if is_there(self.path) else ""
        except OSError as error:
            self._unreadable = _cannot(self.path, error)
        return found

    def _take(self, block: bytes, found: list[events.Event]) -> None:
        """Add to `found` the events whose lines end within `block`."""
        if self._passing:
            _, newline, block = block.partition(b"\n")
            self._passing = not newline
        first, *others = block.split(b"\n")
        self._rest += first
        if not others:
            lines = []
        else:
            lines = [bytes(self._rest), *others[:-1]]
            self._rest = bytearray(others[-1])
        if len(self._rest) > _LINE_MOST:
            self._passing, self._rest = True, bytearray()
            self._note(f"a line of more than {_LINE_MOST:,} bytes")
        for line in lines:
            try:
                event = events.parse(line) if line else None
            except events.DamagedError as error:
                self._note(str(error))
                continue
            if event is not None:
                found.append(event)

    def _note(self, damage: str) -> None:
        self._damage, self._damaged = self._damage or damage, self._damaged + 1


def _cannot(file: Path, error: OSError) -> str:
    """Why `file` cannot be read, for the row of its run."""
    reason = "it is a link to nothing" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
    return f"{file.name} cannot be read: {reason}"


class RunLock:
    """Exclusive right to write a run; the kernel drops it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._file = os.fdopen(os.open(path, _LOCK_FLAGS, 0o644), "a+")
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
        self._path = path.parent
        self._folder = -1
        try:
            self._folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            self._file.truncate(0)
            self._file.write(f"{os.getpid()}\n")
            self._file.flush()
        except OSError as error:
            error.filename = str(path)
            self.release()
            raise

    def release(self) -> None:
        """Give the right back."""
        with contextlib.suppress(OSError):  # what is left in the buffer for a full disk
            self._file.close()
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1

    @property
    def holds(self) -> bool:
        """Whether the run's folder is still where it was, and still the same."""
        try:
            return os.path.samestat(os.fstat(self._folder), self._path.stat())
        except OSError:
            return False

    @property
    def place(self) -> Path | None:
        """Where the folder lies now, if it was moved and the system tells."""
        try:
            place = Path(f"/proc/self/fd/{self._folder}").readlink()
            return place if os.path.samestat(os.fstat(self._folder), place.stat()) else None
        except OSError:
            return None


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
            return _cannot(self.config_file, error)
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


def all_runs(checkpoints: Path) -> list[Run]:
    """Every run below `checkpoints`, the one that was active last first."""
    found: list[tuple[float, Run]] = []
    try:
        for path in checkpoints.iterdir():
            if is_run(path):
                with contextlib.suppress(OSError):  # deleted meanwhile
                    found.append((os.lstat(Run(path).events_file).st_mtime, Run(path)))
    except OSError:
        pass
    return [run for _, run in sorted(found, key=lambda item: -item[0])]


def find_run(checkpoints: Path, name: str) -> Run:
    """The run called `name`, or at the path `name`.

    Raises:
        UsageError: there is none; the message lists some that are.
    """
    for folder in (checkpoints / name, Path(name)):
        if is_run(folder) and (".." not in Path(name).parts or folder == Path(name)):  # a path begins where the user is
            # A link stays one, so that deleting it never reaches what it points to.
            return Run(folder.absolute() if folder.is_symlink() else folder.resolve())
    known = [run.name for run in all_runs(checkpoints)]
    known = [*difflib.get_close_matches(name[:64], known, n=1), *known]  # the likeliest first
    shown = list(dict.fromkeys(known))
    more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
    raise UsageError(f"No run {name!r} in {checkpoints}; runs there: {', '.join(shown[:5]) or 'none yet'}{more}.")


def behind_link(checkpoints: Path, name: str) -> Path | None:
    """The symbolic link in a folder of `checkpoints` through which the path `name` leads to a run; None without one."""
    for place in (checkpoints / name, Path(name)):
        folder, top = Path(os.path.abspath(place)), Path(os.path.abspath(checkpoints))
        if is_run(folder) and folder.is_relative_to(top):
            between = folder.relative_to(top).parents
            return next((top / part for part in reversed(between) if part.name and (top / part).is_symlink()), None)
    return None


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
                if not name or not clear_stump(Run(checkpoints / candidate)):
                    continue
                (checkpoints / candidate).mkdir()
            return Run((checkpoints / candidate).resolve())
    except OSError as error:
        raise UsageError(f"Cannot create a run in {checkpoints}: {error.strerror or error}.") from None
    if not is_run(checkpoints / name):
        raise UsageError(f"{checkpoints / name} exists and is no run; move it away or choose another name.")
    raise UsageError(
        f"Run {name} exists; go on with it (--resume {name}), delete it (cxrtui runs delete {name}), "
        "or choose another name."
    )


def clear_stump(run: Run) -> bool:
    """Remove the folder of a run that failed, or died with no whole log, before its films were ready; True if it was.

    Nothing was divided or trained then. Anything in it that is of no beginning keeps it.

    Raises:
        OSError: it cannot be looked into or removed.
    """
    if not run.folder.is_dir() or run.folder.is_symlink() or run.alive() or not is_beginning(run):
        return False
    if is_run(run.folder) and run.read().status != "failed":
        return False  # killed while it began, and can be resumed
    shutil.rmtree(run.folder)
    return True


def is_beginning(run: Run) -> bool:
    """Whether nothing is in the folder but what a run writes before its films are ready, and its log has no step.

    Raises:
        OSError: it cannot be looked into.
    """
    items = list(run.folder.iterdir())
    ours = all(item.name in _BEGINNING or item.name.endswith(".tmp") for item in items)
    if not ours or any(item.is_dir() and not item.is_symlink() for item in items):
        return False
    tail = run.tail()
    told = tail.poll()
    return not tail.problem and not any(isinstance(event, events.StepDone) for event in told)


def fresh_name(checkpoints: Path) -> str:
    """A name from date and time that no run has yet."""
    return next(name for name in _fresh_names() if not (checkpoints / name).exists())


def _fresh_names() -> Iterator[str]:
    stem = time.strftime("%Y%m%d-%H%M%S")
    yield stem
    for number in range(2, 100):
        yield f"{stem}-{number}"
