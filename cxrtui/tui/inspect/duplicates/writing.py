"""Writes the choices as settings: two files of corrections, and the workspace's cxrtui.toml, which names them.

Nothing here has widgets. The functions read and write files, so a thread calls them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from cxrtui.data.films import Film, printable
from cxrtui.data.sources.correction_files import Regrouping, as_line, read_groups, with_excluded, with_groups
from cxrtui.data.sources.corrections import contradiction, named
from cxrtui.errors import ConfigError
from cxrtui.files import is_there, read_bytes, write_atomic
from cxrtui.settings.config import DataConfig
from cxrtui.settings_toml import with_values
from cxrtui.tui.inspect.duplicates.choices import Choices
from cxrtui.workspace import Workspace, expand

EXCLUDED, GROUPS = "excluded.txt", "groups.csv"
_MOST = 1 << 26  # bytes of a file that is added to


@dataclass(frozen=True)
class Change:
    """A file, its bytes now (None where it is missing), and those that are written."""

    path: Path
    before: bytes | None
    after: bytes

    @property
    def added(self) -> str:
        """The text that the file has at its end afterwards and has not now."""
        old, new = (self.before or b"").decode(), self.after.decode()
        return new[len(old) :].lstrip("\n") if new.startswith(old) else new


@dataclass(frozen=True)
class Plan:
    """What is to be written.

    Attributes:
        changes: of files.
        before: the settings that the choices were made with.
        data: the settings that name the files.
        what: the choices, in words.
        named: whether cxrtui.toml is one of the files, so that every new run of the workspace heeds them.
    """

    changes: tuple[Change, ...]
    before: DataConfig
    data: DataConfig
    what: str
    named: bool

    @property
    def names(self) -> list[str]:
        """The files' names."""
        return [printable(item.path.name) for item in self.changes]

    @property
    def summary(self) -> str:
        """What was written and where, in one sentence without an end."""
        return f"{self.what}: in {', '.join(printable(item.path) for item in self.changes)}"


def plan(choices: Choices, data: DataConfig, workspace: Workspace, films: Sequence[Film] = ()) -> Plan:
    """Return what `choices`, of some of `films`, are written as.

    They are added to the files that ``data.exclude`` and ``data.groups`` name, or to new ones in the workspace, which
    its cxrtui.toml then names.

    Raises:
        ConfigError: a file that is there cannot be read or is none of the kind, or regroupings contradict each other.
        DataError: the file of ``data.groups`` is none.
    """
    changes, new_files = list[Change](), dict[str, str]()

    def add(key: str, file: str, new: str, added: Callable[[str, Path], str]) -> None:
        path = expand(file).absolute() if file else _free(workspace.root.absolute() / new)
        before = _read(path)
        try:
            text = (before or b"").decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ConfigError(f"{printable(path)} (data.{key}) is no UTF-8 text; nothing was written.") from None
        changes.append(Change(path, before, added(text, path.parent).encode()))
        if not file:
            new_files[key] = str(path)

    def excluded(text: str, folder: Path) -> str:
        return with_excluded(text, [as_line(path, folder) for path in sorted(choices.excluded)])

    def groups(text: str, folder: Path) -> str:
        lines = [(as_line(first, folder), as_line(second, folder), relation)
                 for (first, second), relation in choices.relations.items()]  # fmt: skip
        rows = [Regrouping(*line) for line in lines]
        _refuse_contradiction(rows, expand(data.groups).absolute() if data.groups else None, folder, films)
        return with_groups(text, rows)

    if choices.excluded:
        add("exclude", data.exclude, EXCLUDED, excluded)
    if choices.relations:
        add("groups", data.groups, GROUPS, groups)
    after = replace(data, exclude=new_files.get("exclude", data.exclude),
                    groups=new_files.get("groups", data.groups))  # fmt: skip
    if new_files:
        file = workspace.config_file.absolute()
        before = _read(file)
        text = with_values(printable(file), (before or b"").decode(errors="replace"),
                           {f"data.{key}": value for key, value in new_files.items()})  # fmt: skip
        changes.append(Change(file, before, text.encode()))
    return Plan(tuple(changes), data, after, choices.in_words(), bool(new_files))


def _refuse_contradiction(rows: Sequence[Regrouping], file: Path | None, folder: Path, films: Sequence[Film]) -> None:
    """Raise ConfigError if `rows` contradict each other or the lines of `file`, in whose `folder` they are to be."""
    everything = [*(read_groups(file) if file and is_there(file) else ()), *rows]
    known = named(everything, films, folder)
    if row := contradiction([film or line for film, line in zip(known, everything, strict=True)]):
        others = f"other choices, or lines of {printable(file)}," if file else "other choices"
        raise ConfigError(f"{printable(row.first)} and {printable(row.second)} are said to be of different patients, "
                          f"and {others} say that they are of one; nothing was written: take one of the choices "
                          "back.")  # fmt: skip


def _free(path: Path) -> Path:
    """Return `path`, or one with a number where something of that name is there, which no setting names."""
    number, free = 2, path
    while is_there(free):
        free, number = path.with_stem(f"{path.stem}-{number}"), number + 1
    return free


def _read(path: Path) -> bytes | None:
    try:
        return read_bytes(path, _MOST)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"Cannot read {printable(path)}: {error.strerror or error}; nothing was written.") from None


def write(wanted: Plan) -> None:
    """Write the files of the plan; if one cannot be written, those before it are as they were.

    Raises:
        ConfigError: a file has changed since the plan was made, or the disk refuses.
    """
    _check(wanted, [item.before for item in wanted.changes], "nothing was written; try again")
    done: list[Change] = []
    for item in wanted.changes:
        try:
            write_atomic(item.path, item.after)
        except OSError as error:
            with suppress(OSError):
                _restore(done)
            raise ConfigError(f"Cannot write {printable(item.path)}: {error.strerror or error}; nothing was "
                              "changed.") from None  # fmt: skip
        done.append(item)


def take_back(written: Plan) -> None:
    """Make the files as they were before `write`.

    Raises:
        ConfigError: one has changed since, or the disk refuses.
    """
    _check(written, [item.after for item in written.changes], "so nothing is taken back")
    try:
        _restore(written.changes)
    except OSError as error:
        raise ConfigError(f"Cannot write {printable(error.filename)}: {error.strerror or error}.") from None


def _restore(changes: tuple[Change, ...] | list[Change]) -> None:
    for item in reversed(changes):
        if item.before is None:
            item.path.unlink(missing_ok=True)
        else:
            write_atomic(item.path, item.before)


def _check(plan_: Plan, expected: list[bytes | None], so: str) -> None:
    for item, bytes_ in zip(plan_.changes, expected, strict=True):
        if _read(item.path) != bytes_:
            raise ConfigError(f"{printable(item.path)} was changed by another program meanwhile, {so}.")
